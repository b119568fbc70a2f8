// shell.arm and shell.disarm: writing in a protected environment, for a while.

#include <fmt/format.h>

#include "scripting/guard.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr std::chrono::hours longest{8};  // a working day; then somebody says again why

std::chrono::milliseconds period_of(Arguments const& arguments) {
  std::string const text = arguments.text("lasting", "15m");
  auto const period = fleet::parse_interval(text);
  if (!period || period->count() <= 0 || *period > longest)
    throw Error{ErrorKind::usage, fmt::format("shell.arm: lasting is {}; it takes an interval of at most 8h",
                                              fleet::in_quotes(text))}
        .with_hint("lasting = \"15m\"");
  return *period;
}

std::string reason_of(World& world, Arguments const& arguments) {
  std::string reason = arguments.text("reason", world.settings.reason);
  if (reason.find_first_not_of(" \t\n") == std::string::npos)
    throw Error{ErrorKind::usage, "shell.arm needs a reason"}.with_hint(
        "shell:arm{ reason = \"OPS-7: doubled members\", lasting = \"15m\" }");
  return reason;
}

void leave_row(World& world, std::string const& action, Json after, std::string const& reason) {
  leave_audit(world, {{"", "environment " + world.fleet.environment().name, action, std::move(after)}},
              reason);
}

void refuse_in_run(World& world, char const* what) {
  if (world.gate.state() != runbooks::GateState::free)
    throw Error{ErrorKind::refused,
                std::string{what} + " is for a person at a prompt; a run asks at its steps"};
}

Answer arm(World& world, Arguments const& arguments) {
  refuse_in_run(world, "shell.arm");
  auto const period = period_of(arguments);
  std::string const reason = reason_of(world, arguments);
  fleet::Guard const guard = recognised_guard(world);
  auto const until = world.fleet.clock().now() + period;
  leave_row(world, "arm", {{"until", fleet::iso_time(until)}}, reason);
  world.settings.armed = Armed{reason, until};
  Answer answer{
      Json(fmt::format("armed for {}, until {}", fleet::human_duration(period), fleet::iso_time(until))),
      {},
      {}};
  if (guard != fleet::Guard::protected_)
    answer.notes.push_back(fmt::format("environment {} is {}: it needs no arming",
                                       world.fleet.environment().name, fleet::to_string(guard)));
  return answer;
}

Answer disarm(World& world, Arguments const& arguments) {
  refuse_in_run(world, "shell.disarm");
  bool const was = armed(world) != nullptr;
  std::string const reason = audit_reason(world, arguments.text("reason"));
  world.settings.armed.reset();  // first: it holds even when master cannot be told
  if (was) leave_row(world, "disarm", Json::object(), reason);
  return {Json(was ? "disarmed" : "it was not armed"), {}, {}};
}

std::vector<std::string> describe_arm(World& world, Arguments const& arguments) {
  return {fmt::format("allow writes in environment {} for {}: {}", world.fleet.environment().name,
                      fleet::human_duration(period_of(arguments)), reason_of(world, arguments))};
}

std::vector<std::string> describe_disarm(World& world, Arguments const&) {
  if (!armed(world)) return {};
  return {"allow no more writes in environment " + world.fleet.environment().name};
}

}  // namespace

void add_arm(Registry& registry) {
  registry.add(
      Method{.object = "shell",
             .name = "arm",
             .effect = Effect::write,
             .parameters = {{.name = "lasting",
                             .positional = true,
                             .default_text = "15m",
                             .brief = "after that it disarms by itself; at most 8h"}},
             .returns = "text: until when",
             .errors = "usage without a reason; refused in a run, or when master is another "
                       "environment's; connect",
             .brief = "Allows writes in a protected environment for a while. The reason stands in the "
                      "audit row of this and of every write until then. At the prompt: \\arm "
                      "\"reason\" 15m.",
             .example = "shell:arm{ reason = \"OPS-7: doubled members\", lasting = \"15m\", plan = true }",
             .command_line = false,
             .asks = false,
             .run = arm,
             .describe = describe_arm});
  registry.add(Method{.object = "shell",
                      .name = "disarm",
                      .effect = Effect::write,
                      .parameters = {},
                      .returns = "text",
                      .errors =
                          "refused in a run; connect when its audit row cannot be written: it is disarmed "
                          "all the same",
                      .brief = "Ends what arm allowed, before its time.",
                      .example = "shell:disarm()",
                      .command_line = false,
                      .asks = false,
                      .run = disarm,
                      .describe = describe_disarm});
}

}  // namespace scripting
