// runbooks: list, show, run.

#include <fmt/format.h>

#include "fleet/private_files.hpp"
#include "runbooks/engine/fingerprint.hpp"
#include "runbooks/engine/inputs.hpp"
#include "runbooks/engine/planner.hpp"
#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/saved_plan.hpp"
#include "runbooks/engine/screen.hpp"
#include "scripting/objects.hpp"
#include "scripting/run_verbs.hpp"
#include "scripting/runbook_file.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::shared_ptr<runbooks::Runbook const> load(World& world, std::string const& name) {
  return load_runbook(world.lua, find_runbook(world, name));
}

// {slug = "acme"} from Lua, {"slug=acme"} from the command line.
std::map<std::string, Json> given_inputs(Arguments const& arguments) {
  std::map<std::string, Json> given;
  Json const& inputs = arguments.json("input");
  if (inputs.is_object())
    for (auto const& [name, value] : inputs.items()) given[name] = value;
  if (!inputs.is_array()) return given;
  for (Json const& entry : inputs) {
    std::string const text = entry.is_string() ? entry.get<std::string>() : entry.dump();
    auto const equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error{ErrorKind::usage, fmt::format("--input \"{}\" is not NAME=VALUE", text)};
    if (!given.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      throw Error{ErrorKind::usage, fmt::format("input {} is given twice", text.substr(0, equals))};
  }
  return given;
}

// A run that was not finished is shown, never resumed by itself; a new run finds by its probes what that one
// did.
void mention_unfinished(World& world, runbooks::Runbook const& runbook, runbooks::Json const& inputs) {
  for (auto const& run : runbooks::find_runs(world.fleet, runs_folder(world)).runs) {
    std::string const state = runbooks::state_of(run.record, world.who);
    if (run.record.runbook != runbook.name || run.record.inputs != inputs || state == "abandoned") continue;
    if (state == "done") return;
    std::string const what =
        fmt::format("run {} of {} by {} ({}, at step \"{}\") was not finished", run.record.id,
                    run.record.started, run.record.who, state, run.record.last_step);
    if (!world.console.interactive() || world.settings.yes) {
      world.console.note(
          what +
          fmt::format("; this is a new run, to continue that one: tenantsh runs resume {}", run.record.id));
      return;
    }
    world.console.note(what + "\n" + runbooks::render_inputs(run.record.inputs, "  "));
    std::string const answer = world.console.ask(
        {.text = "Begin a new run?",
         .choices = {{"fresh", "a new run; probes find what is done", true}, {"abort", "stop here", false}},
         .flag = "--fresh"});
    if (answer != "fresh")
      throw Error{ErrorKind::declined, "nothing was started"}.with_hint(
          fmt::format("continue it with: tenantsh runs resume {}", run.record.id));
    return;
  }
}

Answer plan_runbook(World& world, runbooks::Runbook const& runbook, runbooks::Json const& inputs,
                    std::string const& out) {
  auto const plan = runbooks::make_plan(runbook, inputs, world.fleet, world.gate, world.who);
  Answer answer = tell_plan(world, runbook, plan);
  if (runbook.approvals > 0)
    answer.notes.push_back(fmt::format("a run of it waits for the approval of {} other {}", runbook.approvals,
                                       runbook.approvals == 1 ? "person" : "people"));
  if (out.empty()) return answer;
  runbooks::SavedPlan const saved{.at = fleet::iso_time(world.fleet.clock().now()),
                                  .who = world.who.name(),
                                  .facts = runbooks::facts_of(runbook, inputs, world.fleet, world.gate),
                                  .plan = plan};
  fleet::write_private_file(out, saved.to_json().dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  answer.notes.push_back(
      fmt::format("written: {}; carry it out with: tenantsh run {} --from {}", out, runbook.name, out));
  return answer;
}

runbooks::SavedPlan read_plan(runbooks::Runbook const& runbook, Arguments const& arguments) {
  std::string const file = arguments.text("from");
  if (!arguments.has("from")) return {};
  if (arguments.has("input") || arguments.boolean("plan"))
    throw Error{ErrorKind::usage,
                "--from takes the inputs from the saved plan; leave out --input and --plan"};
  auto const text = fleet::read_file(file);
  if (!text) throw Error{ErrorKind::not_found, fmt::format("there is no saved plan {}", file)};
  auto saved = runbooks::SavedPlan::parse(*text, file);
  if (saved.facts["runbook"] != runbook.name)
    throw Error{ErrorKind::usage, fmt::format("{} is a plan of {}, not of {}", file,
                                              saved.facts["runbook"].dump(), runbook.name)};
  return saved;
}

std::map<std::string, Json> inputs_of(runbooks::SavedPlan const& saved) {
  std::map<std::string, Json> given;
  for (auto const& [name, value] : saved.facts["inputs"].items())
    if (!value.is_null()) given[name] = value;
  return given;
}

// The plan for the journal, when the world is still as it was when it was made.
Json check_plan(World& world, runbooks::Runbook const& runbook, runbooks::SavedPlan const& saved,
                runbooks::Json const& inputs) {
  auto const now = runbooks::make_plan(runbook, inputs, world.fleet, world.gate, world.who);
  auto const moved =
      runbooks::stale(saved, runbooks::facts_of(runbook, inputs, world.fleet, world.gate), now);
  if (!moved.empty())
    throw Error{ErrorKind::refused,
                fmt::format("the plan of {} is stale: {}", saved.at, fmt::join(moved, "; "))}
        .with_hint("nothing was done; make a new one with --plan --out");
  return saved.to_json();
}

Answer run_runbook(World& world, Arguments const& arguments) {
  refuse_nested(world);
  auto const runbook = load(world, arguments.text("runbook"));
  runbooks::SavedPlan const saved = read_plan(*runbook, arguments);
  auto const given = arguments.has("from") ? inputs_of(saved) : given_inputs(arguments);
  auto inputs = runbooks::settle_inputs(*runbook, given, world.fleet, world.console);
  if (arguments.boolean("plan")) return plan_runbook(world, *runbook, inputs, arguments.text("out"));
  if (arguments.has("out")) throw Error{ErrorKind::usage, "--out is where --plan goes"};
  auto options = run_options(world, arguments);
  if (arguments.has("from")) options.plan = check_plan(world, *runbook, saved, inputs);
  if (!arguments.boolean("fresh")) mention_unfinished(world, *runbook, inputs);
  runbooks::Runner runner{runner_parts(world, world.console), *runbook};
  runner.run(std::move(inputs), options);
  return {};
}

Answer list_runbooks(World& world, Arguments const&) {
  Rows rows{fleet::Result{{{"runbook"}, {"steps", fleet::type_oid::int4}, {"brief"}}}, {}, 0};
  for (std::string const& name : shipped_runbooks(world)) {
    auto const runbook = load(world, name);
    rows.result.append(runbook->name);
    rows.result.append(std::to_string(runbook->steps.size()));
    rows.result.append(runbook->brief);
  }
  return {std::move(rows), {}, {}};
}

Answer show_runbook(World& world, Arguments const& arguments) {
  auto const runbook = load(world, arguments.text("runbook"));
  Rows rows{fleet::Result{{{"part"}, {"name"}, {"type"}, {"says"}}}, {}, 0};
  auto const add = [&](std::string const& part, std::string const& name, std::string_view type,
                       std::string const& says) {
    rows.result.append(part);
    rows.result.append(name);
    rows.result.append(type);
    rows.result.append(says);
  };
  for (auto const& input : runbook->inputs)
    add("input", input.name, runbooks::to_string(input.type), input.help);
  for (auto const& step : runbook->steps)
    add("step", step.path, runbooks::to_string(step.kind), step.confirm);
  return {std::move(rows), {runbook->brief}, {}};
}

Parameter const runbook_parameter{.name = "runbook",
                                  .type = Type::text,
                                  .required = true,
                                  .positional = true,
                                  .brief = "a shipped runbook's name or the path of a file"};

}  // namespace

void run_unasked(World& world, runbooks::Console& console, std::string const& name,
                 std::map<std::string, runbooks::Json> const& inputs) {
  auto const runbook = load(world, name);
  auto parts = runner_parts(world, console);
  parts.notifier = {};  // no run that anybody waits for
  runbooks::Runner runner{std::move(parts), *runbook};
  runner.run(runbooks::settle_inputs(*runbook, inputs, world.fleet, console), {.yes = true});
}

void add_runbooks(Registry& registry) {
  registry.add(Object{.name = "runbooks", .brief = "Executable procedures, step by step."});
  registry.add(Method{.object = "runbooks",
                      .name = "list",
                      .returns = "result: runbook, steps, brief",
                      .errors = "usage when a shipped file does not load",
                      .brief = "The shipped runbooks.",
                      .example = "runbooks:list()",
                      .run = list_runbooks});
  registry.add(Method{.object = "runbooks",
                      .name = "show",
                      .parameters = {runbook_parameter},
                      .returns = "result: part (input | step), name, type, says",
                      .errors = "not_found; usage when the file does not load",
                      .brief = "A runbook's inputs and steps.",
                      .example = "runbooks:show(\"master_init\")",
                      .run = show_runbook});
  registry.add(
      Method{.object = "runbooks",
             .name = "run",
             .effect = Effect::write,
             .parameters = {runbook_parameter,
                            {.name = "input",
                             .type = Type::table,
                             .brief = "NAME=VALUE, repeatable; in Lua a table"},
                            {.name = "plan",
                             .type = Type::boolean,
                             .brief = "show every step with its SQL or command, change nothing"},
                            {.name = "out", .type = Type::path, .brief = "with --plan: a file to keep it in"},
                            {.name = "from",
                             .type = Type::path,
                             .brief = "carry out the plan kept in that file, unless it is stale"},
                            {.name = "fresh",
                             .type = Type::boolean,
                             .brief = "begin anew without asking about an unfinished run"},
                            until_parameter,
                            break_parameter},
             .returns = "nothing; the steps are told as they happen. With plan: ends with exit 8 "
                        "when there is something to do",
             .errors = "usage for inputs; declined without a terminal and --yes; locked; in_doubt; "
                       "whatever stopped a step",
             .brief = "Runs a runbook step by step, asking before each; --yes runs every step that "
                      "is neither destructive "
                      "nor a point of no return.",
             .example = "runbooks:run{ runbook = \"master_init\", plan = true }",
             .aliases = {"run"},
             .asks = false,
             .own_plan = true,
             .run = run_runbook});
}

}  // namespace scripting
