#pragma once

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/journal.hpp"

namespace runbooks {

struct PlanLine {
  std::string step;
  std::string kind;
  // "already done" | "would run" | "would check" | "not needed" | "blocked" | "unknown"; of an undo "would
  // undo" | "would put back" | "stays"
  std::string state;
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
// What a resume of that run would still do: with its inputs, from its outputs, without the steps it settled.
RunPlan make_resume_plan(Runbook const& runbook, FoundRun const& found, fleet::Fleet& fleet, Gate& gate,
                         fleet::Operator const& who);
// What an undo of that run would take back, last step first. Throws as Runner::undo past a point of no
// return.
RunPlan make_undo_plan(Runbook const& runbook, FoundRun const& found, fleet::Fleet& fleet, Gate& gate,
                       fleet::Operator const& who);

// {"to_do", "lines": [{step, kind, state, target, remark, effects}]}
Json to_json(RunPlan const& plan);
RunPlan plan_from_json(Json const& json);

// The lines and what they come to; without a head.
std::string render_plan(RunPlan const& plan);

}  // namespace runbooks
