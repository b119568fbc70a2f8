// What happened? By evidence: the marker, backends still at work, the probe.

#include <fmt/format.h>

#include <thread>

#include "runbooks/engine/runner.hpp"

namespace runbooks {

namespace {

using namespace std::chrono_literals;

constexpr auto patience_with_server = 15s;   // to come back
constexpr auto patience_with_backend = 60s;  // to end what it was told to commit
constexpr auto look_again = 100ms;

fleet::Error cannot_tell(Step const& step, std::string const& why) {
  return fleet::Error{fleet::ErrorKind::in_doubt,
                      fmt::format("whether step {} happened cannot be told: {}", step.path, why)}
      .with_hint("make the server reachable, then resume");
}

}  // namespace

bool Runner::settle_doubt(Step const& step, Target const& target, StepState state, Json const& error) {
  bool const in_doubt =
      state == StepState::intended || (error.is_object() && error.value("kind", "") == "in_doubt");
  fleet::Session* session = nullptr;
  try {
    session = targets_->open(target, fleet::Access::read_write);
  } catch (fleet::Error const& away) {
    if (!in_doubt) throw;
    throw cannot_tell(step, away.message);
  }
  if (session == nullptr) return false;  // its database does not exist: nothing can have happened in it
  for (std::string const& line : settle_orphans(*session, parts_.who, view_.id))
    parts_.console.note(fmt::format("ended what the earlier process left running: {}", line));
  if (step.kind != StepKind::tx || step.read_only) return false;
  auto const outputs = read_marker(*session, marker_of(step));
  if (!outputs) return false;
  verify(step, target, *outputs);
  finish(step, {.event = "done", .outputs = *outputs}, Journal::Durability::now,
         "its marker is in " + target.label);
  return true;
}

void Runner::outlast_killed_holders(Target const& target) {
  if (locks_->killed_holders().empty()) return;
  fleet::Session* session = targets_->open(target, fleet::Access::read_only);
  if (session == nullptr) return;  // an orphan on its server is met by the step that makes the database
  for (std::string const& run : locks_->killed_holders())
    for (std::string const& line : settle_orphans(*session, parts_.who, run))
      parts_.console.note(fmt::format("ended what run {}, which was killed, left running: {}", run, line));
}

bool Runner::found_done(Step const& step, Target const& target, StepState state) {
  if (!step.probe) {
    if (step.kind == StepKind::effect && state == StepState::intended)
      throw fleet::Error{
          fleet::ErrorKind::in_doubt,
          fmt::format("step {} was begun and has no probe that could tell how far it came", step.path)}
          .with_hint("look yourself, then resume at a terminal and answer skip or by-hand");
    return false;
  }
  Gate::Scope reading{parts_.gate, GateState::reading};
  fleet::Session* session = targets_->open(target, fleet::Access::read_only);
  if (target.endpoint && session == nullptr) return false;
  ProbeResult const seen = step.probe(view_, session);
  if (seen.state == ProbeState::broken)
    throw fleet::Error{fleet::ErrorKind::failed,
                       seen.evidence.empty() ? "the probe says broken" : seen.evidence};
  seen_ = fmt::format("not done{}", seen.evidence.empty() ? "" : ": " + seen.evidence);
  if (seen.state == ProbeState::not_done) return false;
  finish(step, {.event = "already_done", .note = seen.evidence, .outputs = seen.outputs},
         acted_ ? Journal::Durability::now : Journal::Durability::hold, seen.evidence);
  return true;
}

// The connection was lost when COMMIT had been sent. The server is asked again: while the old backend lives,
// it may still commit; when it is gone, the marker is there exactly when the effect is. Returns when it is,
// throws Error{connect} when it is not, Error{in_doubt} when nobody can tell.
void Runner::settle_commit(Step const& step, Target const& target, int backend) {
  auto const start = std::chrono::steady_clock::now();
  fleet::Session* session = nullptr;
  while (session == nullptr) {
    targets_->close();
    try {
      session = targets_->open(target, fleet::Access::read_write);
    } catch (fleet::Error const& away) {
      if (away.kind != fleet::ErrorKind::connect ||
          std::chrono::steady_clock::now() - start > patience_with_server)
        throw cannot_tell(step, away.message);
      std::this_thread::sleep_for(look_again);
      continue;
    }
    if (session == nullptr) throw cannot_tell(step, fmt::format("the database of {} is gone", target.label));
  }
  while (
      !session
           ->query({"select 1 from pg_stat_activity where pid = $1::int and application_name like '% ' || $2",
                    {std::to_string(backend), view_.id}})
           .empty()) {
    if (std::chrono::steady_clock::now() - start > patience_with_backend)
      throw cannot_tell(step, fmt::format("backend {} does not end", backend));
    std::this_thread::sleep_for(look_again);
  }
  if (!read_marker(*session, marker_of(step)))
    throw fleet::Error{
        fleet::ErrorKind::connect,
        "the connection was lost at COMMIT and the server did not take it; nothing of the step was done"};
  parts_.console.note(fmt::format(
      "the connection was lost at COMMIT; the marker of step {} is there: it happened", step.path));
}

}  // namespace runbooks
