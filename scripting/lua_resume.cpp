// runs: resume, undo, hand_over, note, abandon: going on with what is not finished.

#include <fmt/format.h>

#include <algorithm>

#include "runbooks/engine/catch_up.hpp"
#include "runbooks/engine/lock.hpp"
#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/screen.hpp"
#include "scripting/objects.hpp"
#include "scripting/run_verbs.hpp"
#include "scripting/runbook_file.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

bool is_over(std::string const& state) {
  return state == "done" || state == "abandoned" || state == "undone";
}

// A run belongs to whoever it was handed to, else to whoever worked on it last. Another person goes on with
// it only by a word.
void claim(World& world, runbooks::RunRecord const& run, Arguments const& arguments) {
  std::string const owner = run.handed ? run.handed_to : run.who.substr(0, run.who.find('@'));
  if (run.handed)
    world.console.note(fmt::format("{} handed it over{}{}", run.who,
                                   run.handed_to.empty() ? "" : " to " + run.handed_to,
                                   run.handed_note.empty() ? "" : ": " + run.handed_note));
  if (owner.empty() || owner == world.who.user || arguments.boolean("take")) return;
  std::string const what =
      fmt::format("run {} is of {}, at step \"{}\"", run.id, run.handed ? owner : run.who, run.last_step);
  if (world.console.ask({.text = what + ". Take it over?",
                         .choices = {{"take", "it is mine from now on", true}, {"abort", "leave it", false}},
                         .flag = "--take"}) != "take")
    throw Error{ErrorKind::declined, "nothing was done; " + what};
}

enum class Way { forward, back };

// Its plan, when that is asked for; else by whoever it belongs to.
Answer walk(World& world, Arguments const& arguments, runbooks::FoundRun const& found, Way way) {
  auto const runbook = load_runbook(world.lua, found.record.file);
  if (arguments.boolean("plan")) {
    auto const make = way == Way::forward ? runbooks::make_resume_plan : runbooks::make_undo_plan;
    return tell_plan(world, *runbook, make(*runbook, found, world.fleet, world.gate, world.who));
  }
  claim(world, found.record, arguments);
  runbooks::Runner runner{runner_parts(world, world.console), *runbook};
  auto const options = run_options(world, arguments);
  way == Way::forward ? runner.resume(found, options) : runner.undo(found, options);
  return {};
}

Answer resume_run(World& world, Arguments const& arguments) {
  refuse_nested(world);
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  std::string const state = runbooks::state_of(found.record, world.who);
  if (is_over(state) &&
      runbooks::catch_up({world.fleet, world.who, runs_folder(world), {}, &world.console}, found)) {
    world.console.say(fmt::format("run {} is {}; master knows it now", found.record.id, state));
    return {};
  }
  if (is_over(state))
    throw Error{ErrorKind::usage,
                fmt::format("run {} is {}; there is nothing to resume", found.record.id, state)};
  return walk(world, arguments, found, Way::forward);
}

Answer undo_run(World& world, Arguments const& arguments) {
  refuse_nested(world);
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  std::string const state = runbooks::state_of(found.record, world.who);
  if (state == "undone")
    throw Error{ErrorKind::usage,
                fmt::format("run {} is {}; there is nothing to undo", found.record.id, state)};
  return walk(world, arguments, found, Way::back);
}

// The journal of a run that no process works on, to add a line.
runbooks::Journal journal_of(World& world, runbooks::FoundRun const& found) {
  return {{world.fleet, world.who, runs_folder(world), {}, &world.console},
          found.mirror,
          found.events,
          found.record.id,
          runbooks::Journal::Attach::now};
}

// Error{refused} when the script cannot be read any more: nobody knows what it would put back.
std::shared_ptr<runbooks::Runbook const> runbook_of(World& world, runbooks::FoundRun const& found) {
  try {
    return load_runbook(world.lua, found.record.file);
  } catch (Error const& error) {
    throw Error{ErrorKind::refused, fmt::format("what run {} may still hold cannot be put back: {}",
                                                found.record.id, error.message)}
        .with_hint(fmt::format("mend {}; or leave everything as it is: tenantsh runs abandon {} --keep",
                               found.record.file, found.record.id));
  }
}

Answer abandon_run(World& world, Arguments const& arguments) {
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  std::string const state = runbooks::state_of(found.record, world.who);
  if (is_over(state) || state == "running")
    throw Error{ErrorKind::usage,
                fmt::format("run {} is {}; only an unfinished run can be abandoned", found.record.id, state)};
  bool const begun = std::any_of(found.record.steps.begin(), found.record.steps.end(),
                                 [](auto const& step) { return step.second.attempts > 0; });
  if (begun && !arguments.boolean("keep")) {
    refuse_nested(world);
    auto const runbook = runbook_of(world, found);
    if (runbooks::holds_something(*runbook, found.record)) {
      claim(world, found.record, arguments);
      runbooks::Runner runner{runner_parts(world, world.console), *runbook};
      runner.abandon(found, arguments.text("reason"));
      return {
          std::monostate{},
          {fmt::format("run {} is abandoned; what it held is put back, what it did stays", found.record.id)},
          {}};
    }
  }
  runbooks::Journal journal = journal_of(world, found);
  journal.append({.event = "abandoned", .note = arguments.text("reason")});
  if (fleet::Session* master = journal.connect(); master != nullptr)
    runbooks::drop_leases(*master, found.record.id);
  return {std::monostate{}, {fmt::format("run {} is abandoned; what it did stays", found.record.id)}, {}};
}

Answer hand_over_run(World& world, Arguments const& arguments) {
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  std::string const state = runbooks::state_of(found.record, world.who);
  if (is_over(state) || state == "running")
    throw Error{ErrorKind::usage,
                fmt::format("run {} is {}; only one that waits for somebody can be handed over",
                            found.record.id, state)}
        .with_hint(state == "running" ? "its operator answers detach at the step it is at" : "");
  std::string const to = arguments.text("to");
  runbooks::Journal journal = journal_of(world, found);
  journal.append({.event = "handed_over", .note = arguments.text("note"), .outputs = Json{{"to", to}}});
  return {std::monostate{},
          {fmt::format("run {} is {}'s; they go on with: tenantsh runs resume {}", found.record.id, to,
                       found.record.id)},
          {}};
}

Answer note_run(World& world, Arguments const& arguments) {
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  auto const session = world.fleet.driver().connect(world.fleet.journal(), world.fleet.secrets(), {});
  session->query({"insert into runbook.note (run_id, author, text) values ($1, $2, $3)",
                  {found.record.id, world.who.name(), arguments.text("text")}});
  return {std::monostate{}, {fmt::format("noted at run {}", found.record.id)}, {}};
}

std::vector<std::string> describe_note(World&, Arguments const& arguments) {
  return {fmt::format("journal: a note at run {}", arguments.text("id"))};
}

}  // namespace

Answer tell_plan(World& world, runbooks::Runbook const& runbook, runbooks::RunPlan const& plan) {
  world.console.say(runbooks::render_head(runbook, {}, world.fleet.environment().name));
  world.console.say(runbooks::render_plan(plan));
  return {std::monostate{}, {}, plan.to_do > 0 ? std::optional{ErrorKind::pending} : std::nullopt};
}

runbooks::RunnerParts runner_parts(World& world, runbooks::Console& console) {
  return {world.fleet,
          console,
          world.gate,
          world.who,
          world.home,
          world.interrupt.get_token(),
          world.boundary,
          [&world] {
            world.interrupt.request_stop();
            state_of(world.lua).interruption.request();
          },
          world.hold_interrupts,
          world.prompt,
          world.notifier,
          [&world] {
            world.interrupt = std::stop_source{};
            state_of(world.lua).interruption.forget();
          }};
}

namespace {

std::string one_of(Arguments const& arguments, char const* name, std::vector<std::string> const& words) {
  std::string const word = arguments.text(name);
  if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end())
    throw Error{ErrorKind::usage,
                fmt::format("{} takes {}, not {}", name, fmt::join(words, " or "), fleet::in_quotes(word))};
  return word;
}

}  // namespace

runbooks::RunOptions run_options(World& world, Arguments const& arguments) {
  return {.yes = world.settings.yes || arguments.boolean("yes"),
          .confirm = world.settings.confirm,
          .until = arguments.text("until"),
          .inserted = one_of(arguments, "inserted", {"run", "skip"}),
          .edited = one_of(arguments, "edited", {"keep"}),
          .breakpoints = arguments.list("break")};
}

void refuse_nested(World& world) {
  if (world.gate.state() != runbooks::GateState::free)
    throw Error{ErrorKind::refused, "a runbook cannot be run from inside a runbook"};
}

Parameter const until_parameter{.name = "until", .brief = "stop after the step with this address"};
Parameter const break_parameter{
    .name = "break",
    .type = Type::list,
    .brief = "ask at the step with this address whatever else was said; repeatable"};

namespace {

Parameter const take_parameter{
    .name = "take", .type = Type::boolean, .brief = "go on although the run is another person's"};

}  // namespace

void add_going_on(Registry& registry) {
  registry.add(Method{
      .object = "runs",
      .name = "resume",
      .effect = Effect::write,
      .parameters = {id_parameter,
                     until_parameter,
                     break_parameter,
                     take_parameter,
                     {.name = "inserted",
                      .brief = "run | skip: a step that the script got before ones already done"},
                     {.name = "edited", .brief = "keep: go on although a step was edited after it was done"}},
      .returns = "nothing; the steps are told as they happen",
      .errors = "usage when the run is finished; in_doubt when what a step did cannot be told; locked",
      .brief = "Goes on with an unfinished run by evidence: marker, backends left running, probe.",
      .example = "runs:list()",
      .asks = false,
      .own_plan = true,
      .run = resume_run});
  registry.add(Method{
      .object = "runs",
      .name = "undo",
      .effect = Effect::destructive,
      .parameters = {id_parameter, take_parameter},
      .returns = "nothing; the steps are told as they happen",
      .errors = "usage when the run is undone; refused past a point of no return; locked while it is at work",
      .brief =
          "Takes back what a run did, last step first; --yes answers for every step that is not destructive.",
      .example = "runs:list()",
      .asks = false,
      .own_plan = true,
      .run = undo_run});
  registry.add(
      Method{.object = "runs",
             .name = "hand_over",
             .effect = Effect::write,
             .parameters = {id_parameter,
                            {.name = "to", .required = true, .brief = "login name of whoever goes on"},
                            {.name = "note", .brief = "what they should know"}},
             .returns = "nothing",
             .errors = "usage when the run is finished or at work; not_found",
             .brief = "Gives an unfinished run to another operator, who resumes it; the note is shown then.",
             .example = "runs:list()",
             .asks = false,
             .run = hand_over_run,
             .describe = [](World&, Arguments const& arguments) {
               return std::vector<std::string>{
                   fmt::format("journal: run {} handed to {}", arguments.text("id"), arguments.text("to"))};
             }});
  registry.add(Method{
      .object = "runs",
      .name = "note",
      .effect = Effect::write,
      .parameters = {id_parameter,
                     {.name = "text", .required = true, .positional = true, .brief = "one line or more"}},
      .returns = "nothing",
      .errors = "not_found; connect: notes are kept in master only",
      .brief = "Writes a note beside the journal of a run, also while it is at work.",
      .example = "runs:list()",
      .asks = false,
      .run = note_run,
      .describe = describe_note});
  registry.add(
      Method{.object = "runs",
             .name = "abandon",
             .effect = Effect::write,
             .parameters = {id_parameter,
                            {.name = "keep",
                             .type = Type::boolean,
                             .brief = "also what it holds (a status, a fence) stays as it is"},
                            take_parameter},
             .returns = "nothing",
             .errors = "usage when the run is done, abandoned or at work; refused when its script cannot be "
                       "read any more; what putting back meets",
             .brief = "Gives an unfinished run up: what its sections hold is put back, what it did stays.",
             .example = "runs:list()",
             .asks = false,
             .run = abandon_run,
             .describe = [](World&, Arguments const& arguments) {
               return std::vector<std::string>{"journal: abandoned " + arguments.text("id")};
             }});
}

}  // namespace scripting
