#include "runbooks/engine/planner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/screen.hpp"
#include "runbooks/engine/targets.hpp"

namespace runbooks {

namespace {

constexpr char const* plan_id = "plan";

// The probe's verdict; nothing when it cannot tell because an earlier step of the plan has yet to make what
// it reads.
std::optional<ProbeResult> probed(Step const& step, RunView const& view, fleet::Session* session, Gate& gate,
                                  bool first_to_do) {
  if (!step.probe) return std::nullopt;
  Gate::Scope reading{gate, GateState::reading};
  try {
    return step.probe(view, session);
  } catch (fleet::Error const& error) {
    if (first_to_do || error.kind == fleet::ErrorKind::interrupted) throw;
    return std::nullopt;
  }
}

// A check's statements, told but not run: the steps above would make what it looks at.
void tell_check(Step const& step, RunView const& view, Gate& gate, PlanLine& line) {
  Gate::Scope planning{gate, GateState::planning};
  gate.tell_reads(true);
  try {
    step.body(view, nullptr);
  } catch (fleet::Error const& error) {
    gate.tell_reads(false);
    if (error.kind == fleet::ErrorKind::interrupted) throw;
  }
  gate.tell_reads(false);
  line.state = "would check";
  line.effects = gate.take_recorded();
}

// A step with `each`: its items, and for the first of them what would be done.
void plan_items(Step const& step, StepRecord const& record, RunView& view, Targets& targets, Gate& gate,
                PlanLine& line) {
  std::vector<std::string> const items = items_left(step.each(view), record);
  line.remark = fmt::format("{} items", items.size());
  if (items.empty()) {
    line.state = "not needed";
    return;
  }
  std::size_t const shown = std::min<std::size_t>(items.size(), 8);
  line.remark +=
      fmt::format(": {}{}", fmt::join(items.begin(), items.begin() + static_cast<long>(shown), ", "),
                  items.size() > shown ? ", …" : "");
  view.item = items.front();
  line.state = "would run";
  try {
    Target const target = step.target ? step.target(view) : Target{};
    line.target = target.label;
    step.body(view, targets.open(target, fleet::Access::read_only));
  } catch (fleet::Error const& error) {
    view.item.clear();
    if (error.kind != fleet::ErrorKind::pending) throw;
  }
  view.item.clear();
  line.effects = gate.take_recorded();
}

// What one step would do. Sets `line.state`; effects of a body are what the gate recorded.
void plan_step(Step const& step, StepRecord const& record, RunView& view, Targets& targets, Gate& gate,
               bool first_to_do, PlanLine& line) {
  Gate::Scope planning{gate, GateState::planning};
  gate.take_recorded();
  if (step.each) return plan_items(step, record, view, targets, gate, line);
  Target const target = step.target ? step.target(view) : Target{};
  line.target = target.label;
  if (step.when && !step.when(view)) {
    line.state = "not needed";
    return;
  }
  if (step.read_only && !first_to_do) return tell_check(step, view, gate, line);
  fleet::Session* session = targets.open(target, fleet::Access::read_only);
  bool const exists = !target.endpoint || session != nullptr;
  if (auto const seen = exists ? probed(step, view, session, gate, first_to_do) : std::nullopt) {
    line.remark = seen->evidence;
    if (seen->state != ProbeState::not_done) {
      line.state = seen->state == ProbeState::done ? "already done" : "blocked";
      if (seen->state == ProbeState::done) view.outputs[step.path] = seen->outputs;
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
  Json outputs;
  try {
    Gate::Scope scope{gate, step.read_only ? GateState::reading : GateState::planning};
    outputs = step.body(view, session);
  } catch (fleet::Error const& error) {
    // What was told before it depends on what an earlier step would give.
    if (error.kind != fleet::ErrorKind::pending) throw;
    line.remark = error.message;
  }
  line.effects = gate.take_recorded();
  if (step.read_only) {
    line.state = "already done";
    view.outputs[step.path] = outputs;
  }
}

PlanLine line_of(Step const& step) {
  return {.step = step.path,
          .kind = std::string{to_string(step.kind)},
          .state = {},
          .target = {},
          .remark = {},
          .effects = {}};
}

// The script tried to write while it may only read: that ends the plan, whatever it did with the error.
void end_at_refusal(Gate& gate, Step const& step) {
  if (std::string const refusal = gate.take_refusal(); !refusal.empty())
    throw fleet::Error{fleet::ErrorKind::refused, fmt::format("step \"{}\": {}", step.path, refusal)};
}

RunView view_of(Runbook const& runbook, Json inputs, std::string started, fleet::Operator const& who) {
  RunView view;
  view.id = plan_id;
  view.runbook = runbook.name;
  view.started = std::move(started);
  view.who = who.name();
  view.inputs = std::move(inputs);
  return view;
}

RunView view_of(Runbook const& runbook, FoundRun const& found, fleet::Operator const& who) {
  return view_of(runbook, found.record.inputs, found.events.front().outputs.value("started", ""), who);
}

// `record`: of the run that would go on; an empty one for a run that would begin.
RunPlan plan_steps(Runbook const& runbook, RunRecord const& record, RunView view, fleet::Fleet& fleet,
                   Gate& gate, fleet::Operator const& who) {
  Targets targets{fleet, who, plan_id};
  RunPlan plan;
  for (Step const& step : runbook.steps) {
    PlanLine line = line_of(step);
    StepRecord const known = record.step(step.path);
    if (is_behind(runbook, record, step)) {
      line.state = "already done";
      line.remark = fmt::format("{} at {}", to_string(known.state), known.at);
      view.outputs[step.path] = known.outputs;
      plan.lines.push_back(std::move(line));
      continue;
    }
    try {
      plan_step(step, known, view, targets, gate, plan.to_do == 0, line);
    } catch (fleet::Error const& error) {
      gate.take_recorded();
      if (error.kind == fleet::ErrorKind::interrupted) throw;
      line.state = plan.to_do == 0 ? "blocked" : "unknown";
      line.remark = error.message;
    }
    end_at_refusal(gate, step);
    if (line.state != "already done" && line.state != "not needed") ++plan.to_do;
    plan.lines.push_back(std::move(line));
  }
  return plan;
}

}  // namespace

RunPlan make_plan(Runbook const& runbook, Json inputs, fleet::Fleet& fleet, Gate& gate,
                  fleet::Operator const& who) {
  RunView view = view_of(runbook, std::move(inputs), fleet::compact_time(fleet.clock().now()), who);
  return plan_steps(runbook, {}, std::move(view), fleet, gate, who);
}

RunPlan make_resume_plan(Runbook const& runbook, FoundRun const& found, fleet::Fleet& fleet, Gate& gate,
                         fleet::Operator const& who) {
  return plan_steps(runbook, found.record, view_of(runbook, found, who), fleet, gate, who);
}

RunPlan make_undo_plan(Runbook const& runbook, FoundRun const& found, fleet::Fleet& fleet, Gate& gate,
                       fleet::Operator const& who) {
  RunRecord const& record = found.record;
  RunView view = view_of(runbook, found, who);
  for (auto const& [path, known] : record.steps) view.outputs[path] = known.outputs;
  Targets targets{fleet, who, plan_id};
  RunPlan plan;
  for (Step const* step : steps_to_undo(runbook, record)) {
    PlanLine line = line_of(*step);
    StepRecord const known = record.step(step->path);
    bool const unreleased = step->release && !known.released;
    line.state = step->undo ? "would undo" : unreleased ? "would put back" : "stays";
    if (!step->undone_with.empty()) line.state = "would undo with " + step->undone_with;
    auto const& body = step->undo ? step->undo : step->release;
    try {
      Gate::Scope planning{gate, GateState::planning};
      gate.take_recorded();
      view.item = known.items.empty() ? std::string{} : known.items.begin()->first;
      Json const& outputs = known.items.empty() ? known.outputs : known.items.begin()->second.outputs;
      Target const target = step->target ? step->target(view) : Target{};
      line.target = target.label;
      if (body && line.state != "stays") body(view, outputs, targets.open(target, fleet::Access::read_only));
    } catch (fleet::Error const& error) {
      if (error.kind == fleet::ErrorKind::interrupted) throw;
      line.remark = error.message;
    }
    view.item.clear();
    line.effects = gate.take_recorded();
    end_at_refusal(gate, *step);
    if (line.state != "stays") ++plan.to_do;
    plan.lines.push_back(std::move(line));
  }
  return plan;
}

Json to_json(RunPlan const& plan) {
  Json lines = Json::array();
  for (PlanLine const& line : plan.lines)
    lines.push_back({{"step", line.step},
                     {"kind", line.kind},
                     {"state", line.state},
                     {"target", line.target},
                     {"remark", line.remark},
                     {"effects", line.effects}});
  return {{"to_do", plan.to_do}, {"lines", lines}};
}

RunPlan plan_from_json(Json const& json) {
  RunPlan plan{.to_do = json.at("to_do").get<int>()};
  for (Json const& line : json.at("lines"))
    plan.lines.push_back({.step = line.at("step").get<std::string>(),
                          .kind = line.at("kind").get<std::string>(),
                          .state = line.at("state").get<std::string>(),
                          .target = line.at("target").get<std::string>(),
                          .remark = line.at("remark").get<std::string>(),
                          .effects = line.at("effects").get<std::vector<std::string>>()});
  return plan;
}

std::string render_plan(RunPlan const& plan) {
  std::size_t width = 0;
  for (PlanLine const& line : plan.lines) width = std::max(width, line.step.size());
  std::string text;
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    PlanLine const& line = plan.lines[i];
    std::string what = line.state;
    if (!line.target.empty()) what += " on " + line.target;
    what += " · " + line.kind;
    text += render_numbered({i + 1, plan.lines.size(), line.step, width}, what, 0, line.remark) + "\n";
    if (!line.effects.empty()) text += render_effects(line.effects, "        ", 200) + "\n";
  }
  return text + (plan.to_do == 0 ? "nothing to do"
                                 : fmt::format("{} of {} steps would run; nothing was changed", plan.to_do,
                                               plan.lines.size()));
}

}  // namespace runbooks
