#include "runbooks/engine/saved_plan.hpp"

#include <fmt/format.h>

#include "runbooks/engine/fingerprint.hpp"

namespace runbooks {

namespace {

constexpr int version = 1;

}  // namespace

Json SavedPlan::to_json() const {
  return {{"tenantsh_plan", version},
          {"at", at},
          {"who", who},
          {"facts", facts},
          {"plan", runbooks::to_json(plan)}};
}

SavedPlan SavedPlan::parse(std::string const& text, std::string const& file) {
  auto const none = [&](std::string const& why) {
    return fleet::Error{fleet::ErrorKind::usage, fmt::format("{} is no saved plan: {}", file, why)}.with_hint(
        "tenantsh run RUNBOOK --plan --out FILE makes one");
  };
  Json const json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("tenantsh_plan")) throw none("it is no JSON of one");
  if (json["tenantsh_plan"] != version) throw none("it was made by another version of tenantsh");
  try {
    SavedPlan saved{.at = json.at("at").get<std::string>(),
                    .who = json.at("who").get<std::string>(),
                    .facts = json.at("facts"),
                    .plan = plan_from_json(json.at("plan"))};
    for (char const* name : {"runbook", "environment", "script", "steps", "inputs", "master", "targets"})
      (void)saved.facts.at(name);
    return saved;
  } catch (Json::exception const& problem) {
    throw none(problem.what());
  }
}

std::vector<std::string> stale(SavedPlan const& saved, Json const& facts, RunPlan const& now) {
  auto lines = what_moved(saved.facts, facts);
  for (std::size_t i = 0; i < saved.plan.lines.size() && i < now.lines.size(); ++i) {
    PlanLine const &then = saved.plan.lines[i], &line = now.lines[i];
    if (then.step == line.step && then.state != line.state)
      lines.push_back(fmt::format("step {}: {}, was {}", line.step, line.state, then.state));
  }
  return lines;
}

}  // namespace runbooks
