#include "runbooks/engine/fingerprint.hpp"

#include <fmt/format.h>

#include <set>

#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

Json target_text(Step const& step, RunView const& view) {
  if (!step.target) return "this machine";
  try {
    Target const target = step.target(view);
    if (!target.endpoint) return nullptr;
    auto const& at = *target.endpoint;
    return fmt::format("{} = {}:{}/{}", target.label, at.get("host"), at.get("port"), at.get("dbname"));
  } catch (fleet::Error const& error) {
    if (error.kind == fleet::ErrorKind::interrupted) throw;
    return nullptr;  // an earlier step is yet to make it
  }
}

Json master_identity(fleet::Fleet& fleet) {
  try {
    auto const session =
        fleet.driver().connect(fleet.master(), fleet.secrets(), {.access = fleet::Access::read_only});
    auto const identifier = session->query({"select system_identifier from pg_control_system()"}).value();
    return identifier ? Json(*identifier) : Json{};
  } catch (fleet::Error const& error) {
    if (error.kind == fleet::ErrorKind::interrupted) throw;
    return nullptr;  // before master exists
  }
}

void compare_tables(std::string const& what, Json const& then, Json const& now,
                    std::vector<std::string>& moved) {
  std::set<std::string> names;
  for (Json const* table : {&then, &now})
    for (auto const& [name, value] : table->items()) names.insert(name);
  for (std::string const& name : names) {
    if (!then.contains(name))
      moved.push_back(fmt::format("{} {} is new", what, name));
    else if (!now.contains(name))
      moved.push_back(fmt::format("{} {} is gone", what, name));
    else if (!then[name].is_null() && then[name] != now[name])
      moved.push_back(what == "step" ? fmt::format("step {} was edited", name)
                                     : fmt::format("{} {}: {}, was {}", what, name, plain_text(now[name]),
                                                   plain_text(then[name])));
  }
}

}  // namespace

Json facts_of(Runbook const& runbook, Json const& inputs, fleet::Fleet& fleet, Gate& gate) {
  Gate::Scope planning{gate, GateState::planning};
  RunView view;
  view.id =
      "plan";  // outputs are unknown, also those that a run already has: the facts must not move with it
  view.runbook = runbook.name;
  view.inputs = inputs;
  Json steps = Json::object(), targets = Json::object();
  for (Step const& step : runbook.steps) {
    steps[step.path] = step.hash;
    targets[step.path] = target_text(step, view);
  }
  gate.take_recorded();
  return {{"runbook", runbook.name},  {"environment", fleet.environment().name},
          {"script", runbook.sha256}, {"steps", steps},
          {"inputs", inputs},         {"master", master_identity(fleet)},
          {"targets", targets}};
}

std::vector<std::string> what_moved(Json const& then, Json const& now) {
  std::vector<std::string> moved;
  for (char const* name : {"runbook", "environment"})
    if (then[name] != now[name])
      moved.push_back(fmt::format("{}: {}, was {}", name, plain_text(now[name]), plain_text(then[name])));
  if (!then["master"].is_null() && then["master"] != now["master"])
    moved.push_back(fmt::format("master is another server: system identifier {}, was {}",
                                now["master"].is_null() ? "unknown" : plain_text(now["master"]),
                                plain_text(then["master"])));
  compare_tables("input", then["inputs"], now["inputs"], moved);
  compare_tables("step", then["steps"], now["steps"], moved);
  compare_tables("target of step", then["targets"], now["targets"], moved);
  // A line outside of every step: a comment, the locks, an input's rule.
  if (moved.empty() && then["script"] != now["script"])
    moved.push_back("the script was edited outside of its steps");
  return moved;
}

}  // namespace runbooks
