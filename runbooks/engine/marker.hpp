#pragma once

#include <optional>
#include <string>

#include "fleet/session.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// A tx step's row in its target, written by the transaction of the effect itself: it is there exactly when
// the effect is. Table tenantsh.step_marker (PRODUCT: fixed names).

// Makes the table if it is missing; part of the transaction that is open.
void ensure_marker_table(fleet::Session& session);
// The last statement of a tx step. A poisoned transaction fails here, whatever the script swallowed.
void write_marker(fleet::Session& session, std::string const& run_id, std::string const& step, int epoch,
                  Json const& outputs);
// The outputs the step left; nullopt when its transaction never committed.
std::optional<Json> read_marker(fleet::Session& session, std::string const& run_id, std::string const& step);

}  // namespace runbooks
