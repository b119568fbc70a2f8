#pragma once

#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// What a saved plan and an approval are bound to:
//   {"runbook", "environment", "script": sha256, "steps": {address: hash}, "inputs": {…},
//    "master": system identifier or null, "targets": {address: "tenant acme = HOST:PORT/DATABASE"}}
// not the login, which differs from person to person.
// A step whose target hangs on what an earlier step gives has a null there.
Json facts_of(Runbook const& runbook, Json const& inputs, fleet::Fleet& fleet, Gate& gate);

// A line for each fact that is not as it was; empty when all are. What was null then may be anything now.
std::vector<std::string> what_moved(Json const& then, Json const& now);

}  // namespace runbooks
