#pragma once

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

struct PlanLine {
  std::string step;
  std::string kind;
  std::string state;  // "already done" | "would run" | "not needed" | "blocked" | "unknown"
  std::string target;
  std::string remark;
  std::vector<std::string> effects;  // SQL with values, commands
};

struct RunPlan {
  std::vector<PlanLine> lines;
  int to_do = 0;  // steps that would run
};

// The same tree with every effect's gate closed: probes and reads run in read-only sessions, effects are
// recorded, nothing is journalled, no file is touched. Throws Error{refused} when the script tries to write
// outside a body.
RunPlan make_plan(Runbook const& runbook, Json inputs, fleet::Fleet& fleet, Gate& gate,
                  fleet::Operator const& who);

// {"to_do", "lines": [{step, kind, state, target, remark, effects}]}
Json to_json(RunPlan const& plan);
RunPlan plan_from_json(Json const& json);

// The lines and what they come to; without a head.
std::string render_plan(RunPlan const& plan);

}  // namespace runbooks
