// The choke point: what the gate of a runbook and the guard of the environment say to a call.

#include <fmt/format.h>

#include "scripting/method.hpp"
#include "scripting/objects.hpp"
#include "scripting/world.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;

// What a person types to say yes to a destructive call: the tenant's or server's name, the selection as
// written, else the environment's name.
std::string subject_of(World& world, Arguments const& arguments) {
  if (std::string name = receiver_text(arguments.self); !name.empty()) return name;
  for (char const* parameter : {"tenant", "tenants", "server"})
    if (arguments.has(parameter)) return arguments.text(parameter);
  return world.fleet.environment().name;
}

std::string question_text(World& world, Method const& method, Arguments const& arguments) {
  auto const& environment = world.fleet.environment();
  std::string text = fmt::format("{} in environment {} ({}), {}", to_string(method.effect), environment.name,
                                 to_string(environment.guard), subject_of(world, arguments));
  text += fmt::format("\n{}.{}", method.object, method.name);
  if (method.describe)
    for (std::string const& line : method.describe(world, arguments)) text += "\n  " + line;
  return text;
}

// Throws Error{declined} with the flag that would have answered.
void ask_name(World& world, Method const& method, Arguments const& arguments) {
  std::string subject = subject_of(world, arguments);
  if (world.settings.confirm == subject) return;
  runbooks::Question question{
      .text = question_text(world, method, arguments) + "\nType " + subject + " to go on",
      .choices = {},
      .default_word = {},
      .flag = "--confirm " + subject};
  if (!world.console.interactive())
    throw Error{ErrorKind::declined, fmt::format("{}.{} is {} and nobody is here to confirm it",
                                                 method.object, method.name, to_string(method.effect))}
        .with_hint("say it in advance with " + question.flag);
  if (world.console.ask(question) != subject)
    throw Error{ErrorKind::declined,
                fmt::format("{}.{}: the name was not typed, nothing was done", method.object, method.name)};
}

void ask_yes(World& world, Method const& method, Arguments const& arguments) {
  if (world.settings.yes) return;
  runbooks::Question question{.text = question_text(world, method, arguments),
                              .choices = {{"yes", "do it"}, {"no", "leave everything as it is"}},
                              .default_word = "no",
                              .flag = "--yes"};
  if (!world.console.interactive())
    throw Error{ErrorKind::declined, fmt::format("{}.{} writes in environment {} and nobody is here to agree",
                                                 method.object, method.name, world.fleet.environment().name)}
        .with_hint("agree in advance with --yes, or look first with plan = true");
  if (world.console.ask(question) != "yes")
    throw Error{ErrorKind::declined,
                fmt::format("{}.{}: declined, nothing was done", method.object, method.name)};
}

void check_armed(World& world, Method const& method, Arguments const& arguments) {
  auto const& settings = world.settings;
  if (settings.armed && world.fleet.clock().now() < settings.armed->until) return;
  if (!settings.reason.empty() || !arguments.text("reason").empty()) return;
  throw Error{ErrorKind::refused, fmt::format("environment {} is protected: {}.{} writes there",
                                              world.fleet.environment().name, method.object, method.name)}
      .with_hint("\\arm \"reason\" 15m allows it for a while; on the command line --reason TEXT");
}

void pass_guard(World& world, Method const& method, Arguments const& arguments) {
  if (method.effect == Effect::read || !method.asks) return;
  fleet::Guard guard = world.fleet.environment().guard;
  if (guard == fleet::Guard::protected_) check_armed(world, method, arguments);
  if (method.effect == Effect::destructive)
    ask_name(world, method, arguments);
  else if (guard != fleet::Guard::open)
    ask_yes(world, method, arguments);
}

Answer plan_of(World& world, Method const& method, Arguments const& arguments) {
  Rows rows{fleet::Result{{{"statement"}}}, {}, 0};
  if (method.describe)
    for (std::string const& line : method.describe(world, arguments)) rows.result.append(line);
  std::optional<ErrorKind> ended;
  if (!rows.result.empty()) ended = ErrorKind::pending;
  return {std::move(rows), {}, ended};
}

std::optional<Answer> pass_gate(World& world, Method const& method, Arguments const& arguments) {
  std::string name = method.object + "." + method.name;
  switch (world.gate.state()) {
    case GateState::free:
    case GateState::open:
      return std::nullopt;
    case GateState::loading:
      if (!method.io) return std::nullopt;
      world.gate.refuse(name + " does I/O; a runbook may only declare while it is loaded", "call it inside a step");
    case GateState::reading:
      if (method.effect == Effect::read) return std::nullopt;
      world.gate.refuse(fmt::format("{} is a {}; probe, pre, when and verify may only read", name,
                                    to_string(method.effect)),
                        "move it to the step's effect");
    case GateState::planning:
      if (method.effect == Effect::read) return std::nullopt;
      if (method.describe)
        for (std::string const& line : method.describe(world, arguments)) world.gate.record(line);
      else
        world.gate.record(name);
      return Answer{Unknown{name}, {}, {}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Answer> permit(World& world, Method const& method, Arguments const& arguments) {
  if (world.interrupt.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
  bool plan = method.effect != Effect::read && arguments.boolean("plan");
  if (plan && !method.own_plan && world.gate.state() != GateState::loading) return plan_of(world, method, arguments);
  if (auto instead = pass_gate(world, method, arguments)) return instead;
  if (world.gate.state() == GateState::free) pass_guard(world, method, arguments);
  return std::nullopt;
}

Answer call(World& world, Method const& method, Arguments const& arguments) {
  if (auto instead = permit(world, method, arguments)) return std::move(*instead);
  return method.run(world, arguments);
}

}  // namespace scripting
