#pragma once

#include <optional>
#include <string>

#include "fleet/session.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// A tx step's row in its target, written by the transaction of the effect itself: it is there exactly when
// the effect is. Table tenantsh.step_marker (PRODUCT: fixed names).

struct MarkerKey {
  std::string run_id, step;
  std::string item;  // of a step with `each`, else empty
};

// Makes the table if it is missing; part of the transaction that is open.
void ensure_marker_table(fleet::Session& session);
// The last statement of a tx step. A poisoned transaction fails here, whatever the script swallowed.
void write_marker(fleet::Session& session, MarkerKey const& key, int epoch, Json const& outputs);
// The outputs the step left; nullopt when its transaction never committed.
std::optional<Json> read_marker(fleet::Session& session, MarkerKey const& key);
// In the transaction that takes the effect back. False when there was none.
bool delete_marker(fleet::Session& session, MarkerKey const& key);

}  // namespace runbooks
