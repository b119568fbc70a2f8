#include "runbooks/engine/planner.hpp"

#include <fmt/format.h>

#include "runbooks/engine/screen.hpp"
#include "runbooks/engine/targets.hpp"

namespace runbooks {

namespace {

constexpr char const* plan_id = "plan";

// What one step would do. Sets `line.state`; effects of a body are what the gate recorded.
void plan_step(Step const& step, RunView& view, Targets& targets, Gate& gate, bool first_to_do, PlanLine& line) {
  Target target;
  {
    Gate::Scope planning{gate, GateState::planning};
    if (step.target) target = step.target(view);
  }
  line.target = target.label;
  if (step.when) {
    Gate::Scope planning{gate, GateState::planning};
    if (!step.when(view)) {
      line.state = "not needed";
      return;
    }
  }
  fleet::Session* session = targets.open(target, fleet::Access::read_only);
  bool const exists = !target.endpoint || session != nullptr;
  if (step.probe && exists) {
    Gate::Scope reading{gate, GateState::reading};
    ProbeResult const seen = step.probe(view, session);
    line.remark = seen.evidence;
    if (seen.state == ProbeState::broken) {
      line.state = "blocked";
      return;
    }
    if (seen.state == ProbeState::done) {
      line.state = "already done";
      view.outputs[step.path] = seen.outputs;
      return;
    }
  }
  // A later step's precondition may well be what an earlier step brings about.
  if (step.pre && exists && first_to_do) {
    Gate::Scope reading{gate, GateState::reading};
    step.pre(view, session);
  }
  line.state = "would run";
  if (step.kind == StepKind::manual) {
    line.effects.push_back(step.instructions);
    return;
  }
  Gate::Scope planning{gate, GateState::planning};
  gate.take_recorded();
  step.body(view, session);
  line.effects = gate.take_recorded();
}

}  // namespace

RunPlan make_plan(Runbook const& runbook, Json inputs, fleet::Fleet& fleet, Gate& gate, fleet::Operator const& who) {
  RunView view;
  view.id = plan_id;
  view.runbook = runbook.name;
  view.started = fleet::compact_time(fleet.clock().now());
  view.who = who.name();
  view.inputs = std::move(inputs);
  Targets targets{fleet, who, plan_id};
  RunPlan plan;
  for (Step const& step : runbook.steps) {
    PlanLine line{.step = step.path, .kind = std::string{to_string(step.kind)}, .state = {}, .target = {},
                  .remark = {}, .effects = {}};
    try {
      plan_step(step, view, targets, gate, plan.to_do == 0, line);
    } catch (fleet::Error const& error) {
      gate.take_recorded();
      // The gate's own refusal is the script's fault and ends the plan; anything else blocks this step.
      if (error.kind == fleet::ErrorKind::refused || error.kind == fleet::ErrorKind::interrupted) throw;
      line.state = plan.to_do == 0 ? "blocked" : "unknown";
      line.remark = error.message;
    }
    if (line.state != "already done" && line.state != "not needed") ++plan.to_do;
    plan.lines.push_back(std::move(line));
  }
  return plan;
}

std::string render_plan(Runbook const& runbook, RunPlan const& plan, std::string const& environment) {
  std::string text = render_head(runbook, {}, environment);
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    PlanLine const& line = plan.lines[i];
    std::string what = line.state;
    if (!line.target.empty()) what += " on " + line.target;
    what += " · " + line.kind;
    text += render_line(runbook, runbook.steps[i], what, 0, line.remark);
    text += render_effects(line.effects, "        ", 200);
  }
  text += plan.to_do == 0 ? "nothing to do\n"
                          : fmt::format("{} of {} steps would run; nothing was changed\n", plan.to_do,
                                        plan.lines.size());
  return text;
}

}  // namespace runbooks
