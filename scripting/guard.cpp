// The choke point: what the gate of a runbook and the guard of the environment say to a call.

#include "scripting/guard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scripting/method.hpp"
#include "scripting/objects.hpp"
#include "scripting/world.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::GateState;

using Lines = std::vector<std::string>;

Lines lines_of(World& world, Method const& method, Arguments const& arguments) {
  return method.describe ? method.describe(world, arguments) : Lines{method.object + "." + method.name};
}

std::string question_text(World& world, Method const& method, Arguments const& arguments,
                          Lines const& lines) {
  auto const& environment = world.fleet.environment();
  std::string text =
      fmt::format("{} in environment {} ({}), {}\n{}.{}", to_string(method.effect), environment.name,
                  to_string(environment.guard), subject_of(world, arguments), method.object, method.name);
  for (std::string const& line : lines) text += "\n  " + line;
  return text;
}

// Throws Error{declined} with the flag that would have answered.
void ask_name(World& world, Method const& method, Arguments const& arguments, Lines const& lines) {
  std::string subject = subject_of(world, arguments);
  runbooks::Question question{
      .text = question_text(world, method, arguments, lines) + "\nType " + subject + " to go on",
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

void ask_yes(World& world, Method const& method, Arguments const& arguments, Lines const& lines) {
  runbooks::Question question{.text = question_text(world, method, arguments, lines),
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

Answer plan_of(Lines const& lines) {
  Rows rows{fleet::Result{{{"statement"}}}, {}, 0};
  for (std::string const& line : lines) rows.result.append(line);
  return {std::move(rows), {}, lines.empty() ? std::nullopt : std::optional{ErrorKind::pending}};
}

// nullopt when the method may run. What would do nothing is not asked about, and not run either: it might
// find something to do after all, which nobody saw.
std::optional<Answer> pass_guard(World& world, Method const& method, Arguments const& arguments) {
  if (method.effect == Effect::read || !method.asks) return std::nullopt;
  fleet::Guard const guard = recognised_guard(world);
  if (guard == fleet::Guard::protected_)
    check_armed(world, method.object + "." + method.name, arguments.text("reason"));
  bool destroys = method.effect == Effect::destructive;
  if (destroys ? confirmed(world, subject_of(world, arguments))
               : guard == fleet::Guard::open || world.settings.yes)
    return std::nullopt;
  Lines const lines = lines_of(world, method, arguments);
  if (lines.empty()) {
    Answer answer = plan_of(lines);
    answer.notes.push_back(method.object + "." + method.name + ": nothing to do");
    return answer;
  }
  destroys ? ask_name(world, method, arguments, lines) : ask_yes(world, method, arguments, lines);
  return std::nullopt;
}

std::optional<Answer> pass_gate(World& world, Method const& method, Arguments const& arguments) {
  std::string name = method.object + "." + method.name;
  switch (world.gate.state()) {
    case GateState::free:
    case GateState::open: return std::nullopt;
    case GateState::loading:
      if (!method.io) return std::nullopt;
      world.gate.refuse(name + " does I/O; a runbook may only declare while it is loaded",
                        "call it inside a step");
    case GateState::reading:
      if (method.effect == Effect::read) return std::nullopt;
      world.gate.refuse(fmt::format("{} is a {}; probe, pre, when and verify may only read", name,
                                    to_string(method.effect)),
                        "move it to the step's effect");
    case GateState::waiting:
      if (method.effect == Effect::read) return std::nullopt;
      throw Error{ErrorKind::refused,
                  fmt::format("{} is a {}; a step of a run waits, and this prompt only reads", name,
                              to_string(method.effect))}
          .with_hint("\\q goes back to the question");
    case GateState::planning:
      if (method.effect == Effect::read) return std::nullopt;
      for (std::string& line : lines_of(world, method, arguments)) world.gate.record(std::move(line));
      return Answer{Unknown{name}, {}, {}};
  }
  return std::nullopt;
}

// Master's own row. What cannot have one has nothing to say: a foreign fleet, a master that is yet to be
// made.
std::optional<fleet::Guard> own_word(World& world) {
  auto const& environment = world.fleet.environment();
  if (environment.tenants.kind != fleet::ListSource::Kind::registry) return environment.guard;
  fleet::Result rows;
  try {
    auto lease = world.fleet.pool().acquire(
        world.fleet.master(),
        {.access = fleet::Access::read_only, .application_name = world.fleet.application_name()},
        world.interrupt.get_token());
    rows = lease->query(
        "select e.name, e.guard, e.system_identifier = c.system_identifier as here "
        "from identity.environment e, pg_control_system() c order by e.name");
  } catch (Error const& error) {
    // 3D000: no such database; 3F000, 42P01: no such schema, no such table.
    // One that does not answer has no word either: what needs it will say so in its own place.
    if (error.sqlstate == "3D000" || error.sqlstate == "3F000" || error.sqlstate == "42P01" ||
        error.kind == ErrorKind::connect)
      return std::nullopt;
    throw;
  }
  if (rows.empty()) return std::nullopt;
  std::string others;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (rows.text(row, "name") != environment.name) {
      others += (others.empty() ? "" : ", ") + rows.text(row, "name");
      continue;
    }
    if (rows.text(row, "here") != "t")
      throw Error{ErrorKind::refused,
                  fmt::format("the master of environment {} is a copy: its row in identity.environment was "
                              "written in another cluster",
                              environment.name)}
          .with_hint(fmt::format("if this is meant to be {0}: update identity.environment set "
                                 "system_identifier = (select system_identifier from pg_control_system()) "
                                 "where name = '{0}', with psql",
                                 environment.name))
          .at_server("master");
    for (fleet::Guard const guard : {fleet::Guard::protected_, fleet::Guard::confirm})
      if (rows.text(row, "guard") == fleet::to_string(guard)) return std::max(guard, environment.guard);
    return environment.guard;
  }
  throw Error{ErrorKind::refused,
              fmt::format("the master that environment {} leads to says that it is environment {}",
                          environment.name, others)}
      .with_hint(fmt::format("choose it by its name, --env {}, or correct `master` of [environment.{}]",
                             others, environment.name))
      .at_server("master");
}

}  // namespace

std::string subject_of(World& world, Arguments const& arguments) {
  if (std::string name = receiver_text(arguments.self); !name.empty()) return name;
  for (char const* parameter : {"tenant", "tenants", "server"})
    if (arguments.has(parameter)) return arguments.text(parameter);
  return world.fleet.environment().name;
}

fleet::Guard recognised_guard(World& world) {
  if (world.recognised) return *world.recognised;
  world.recognised = own_word(world);
  return world.recognised.value_or(world.fleet.environment().guard);
}

bool confirmed(World const& world, std::string const& name) {
  std::string const& given = world.settings.confirm;
  std::string const environment = world.fleet.environment().name;
  return given == name || given == environment + "," + name ||
         (name == environment && given.starts_with(environment + ","));
}

Armed const* armed(World const& world) {
  auto const& until = world.settings.armed;
  return until && world.fleet.clock().now() < until->until ? &*until : nullptr;
}

std::string audit_reason(World const& world, std::string const& reason) {
  if (!reason.empty()) return reason;
  if (!world.settings.reason.empty()) return world.settings.reason;
  Armed const* const now = armed(world);
  return now ? now->reason : "";
}

void check_armed(World& world, std::string const& what, std::string const& reason) {
  if (armed(world)) return;
  std::string const& environment = world.fleet.environment().name;
  // A person at a prompt arms; a job says both on its command line.
  bool const said = !reason.empty() || !world.settings.reason.empty();
  if (said && (!world.console.interactive() || confirmed(world, environment))) return;
  throw Error{ErrorKind::refused,
              fmt::format("environment {} is protected: {} writes there", environment, what)}
      .with_hint("\\arm \"reason\" 15m allows it for a while; on the command line --reason TEXT" +
                 (world.console.interactive() ? " --confirm " + environment : ""));
}

std::optional<Answer> permit(World& world, Method const& method, Arguments const& arguments) {
  if (world.interrupt.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
  bool plan = method.effect != Effect::read && arguments.boolean("plan");
  if (plan && !method.own_plan && world.gate.state() != GateState::loading)
    return plan_of(lines_of(world, method, arguments));
  if (auto instead = pass_gate(world, method, arguments)) return instead;
  if (world.gate.state() == GateState::free) return pass_guard(world, method, arguments);
  return std::nullopt;
}

Answer call(World& world, Method const& method, Arguments const& arguments) {
  if (auto instead = permit(world, method, arguments)) return std::move(*instead);
  return method.run(world, arguments);
}

}  // namespace scripting
