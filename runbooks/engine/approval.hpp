#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "runbooks/engine/event.hpp"

namespace runbooks {

// Approvals of a run by other people, in runbook.approval. Who approves is the login that the session was
// opened with: neither SET ROLE nor SET SESSION AUTHORIZATION changes it, and the table's own trigger fills
// it in and refuses the login that asked, a superuser's too.

// What a run asks approval for: the outputs of its event approval_requested.
struct ApprovalRequest {
  std::string digest;  // of the facts (fingerprint.hpp)
  std::string login;   // who asked
  int count = 0;       // of other people, each with a login of their own
  std::chrono::milliseconds valid{0};
  Json facts, plan;

  Json to_json() const;
  static ApprovalRequest from_json(Json const& json);
};

struct Approval {
  std::string login, who, comment, at, expires;  // times in ISO 8601, UTC

  Json to_json() const;
};

// The DDL, after journal_schema; idempotent.
extern char const* const approval_schema;

std::string login_of(fleet::Session& session);
// Those of `digest` that are neither expired nor revoked, one per login, without those of `not_by`.
std::vector<Approval> approvals_of(fleet::Session& session, std::string const& run_id,
                                   std::string const& digest, std::vector<std::string> const& not_by);
// Error{refused} when this login asked for it.
void approve(fleet::Session& session, std::string const& run_id, ApprovalRequest const& request,
             std::string const& who, std::string const& comment);
// Takes back this login's approvals of the run; how many.
std::size_t revoke_approvals(fleet::Session& session, std::string const& run_id);

}  // namespace runbooks
