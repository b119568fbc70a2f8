// A runbook that wants the approval of other people: asked for before the first step, looked at before each
// resume.

#include <fmt/format.h>

#include "runbooks/engine/fingerprint.hpp"
#include "runbooks/engine/planner.hpp"
#include "runbooks/engine/runner.hpp"

namespace runbooks {

namespace {

std::string people(int count) {
  return count == 1 ? "another person" : fmt::format("{} other people", count);
}

fleet::Error waits(std::string const& id, int count, std::string const& more) {
  return fleet::Error{fleet::ErrorKind::declined,
                      fmt::format("run {} waits for the approval of {}{}", id, people(count), more)}
      .with_hint(fmt::format(
          "they look and approve with: tenantsh runs approve {0}; then: tenantsh runs resume {0}", id));
}

}  // namespace

// Journals what is to be approved, and stops.
void Runner::ask_for_approval() {
  fleet::Session* const master = journal_->connect();
  if (master == nullptr || !journal_->attach())
    throw fleet::Error{fleet::ErrorKind::connect,
                       "approvals are kept in master, which cannot be reached: " + journal_->why_detached()};
  acted_ = true;
  ApprovalRequest request;
  request.facts = facts_of(runbook_, view_.inputs, parts_.fleet, parts_.gate);
  request.digest = parts_.fleet.driver().sha256(request.facts.dump());
  request.login = login_of(*master);
  request.count = runbook_.approvals;
  request.valid = runbook_.approval_valid;
  request.plan = to_json(make_plan(runbook_, view_.inputs, parts_.fleet, parts_.gate, parts_.who));
  journal_->append({.event = "approval_requested", .outputs = request.to_json()});
  tell_waiting(fmt::format("the approval of {}: tenantsh runs approve {}", people(request.count), view_.id));
  throw waits(view_.id, request.count, {});
}

// What moved since approval was asked for; nothing: `approvals` are enough. Error{declined} when they are
// not.
std::vector<std::string> Runner::settle_approval(FoundRun const& found, std::vector<Approval>& approvals) {
  if (!found.record.approval.is_object()) return {"the script did not ask for approval when this run began"};
  auto const request = ApprovalRequest::from_json(found.record.approval);
  if (parts_.fleet.driver().sha256(request.facts.dump()) != request.digest)
    return {"the journal's record of it was altered"};
  auto moved = what_moved(request.facts, facts_of(runbook_, found.record.inputs, parts_.fleet, parts_.gate));
  if (!moved.empty()) return moved;
  auto const master = parts_.fleet.driver().connect(parts_.fleet.journal(), parts_.fleet.secrets(), {});
  std::string const here = login_of(*master);
  approvals = approvals_of(*master, found.record.id, request.digest, {request.login, here});
  int const missing = request.count - static_cast<int>(approvals.size());
  if (missing <= 0) return {};
  std::string more;
  for (Approval const& approval : approvals)
    more += fmt::format("{}{}", more.empty() ? "; approved by " : ", ", approval.who);
  throw waits(found.record.id, missing, more);
}

// Once for what they approved.
void Runner::journal_approvals(FoundRun const& found, std::vector<Approval> const& approvals) {
  std::string const digest = ApprovalRequest::from_json(found.record.approval).digest;
  if (digest == found.record.approved_digest) return;
  Json by = Json::array();
  for (Approval const& approval : approvals) by.push_back(approval.to_json());
  journal_->append({.event = "approved", .outputs = Json{{"digest", digest}, {"approvals", by}}});
}

}  // namespace runbooks
