// `shell`: the session itself, and the words that need no object: show, confirm, ask, choose (help:
// lua_help.cpp).

#include "scripting/conversion.hpp"
#include "scripting/guard.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

Answer settings(World& world, Arguments const&) {
  Rows rows{fleet::Result{{{"name"}, {"value"}}}, {}, 0};
  auto add = [&rows](std::string_view name, std::string const& value) {
    rows.result.append(name);
    rows.result.append(value.empty() ? std::nullopt : std::optional<std::string_view>{value});
  };
  add("environment", world.fleet.environment().name);
  add("jobs", std::to_string(world.settings.jobs));
  add("timeout_ms", std::to_string(world.settings.timeout_ms));
  add("display_rows", std::to_string(world.settings.display_rows));
  add("reason", world.settings.reason);
  add("yes", world.settings.yes ? "true" : "false");
  Armed const* const now = armed(world);
  add("armed", now ? "until " + fleet::iso_time(now->until) + ": " + now->reason : "");
  add("home", world.home.string());
  return {std::move(rows), {}, {}};
}

Answer set(World& world, Arguments const& arguments) {
  auto check = [&](char const* name) {
    if (arguments.integer(name) < 0)
      throw Error{ErrorKind::usage, std::string{"shell.set: "} + name + " is below 0"};
    return static_cast<int>(arguments.integer(name));
  };
  if (arguments.has("jobs")) world.settings.jobs = check("jobs");
  if (arguments.has("timeout_ms")) world.settings.timeout_ms = check("timeout_ms");
  if (arguments.has("display_rows")) world.settings.display_rows = check("display_rows");
  return {Json(), {}, {}};
}

int show(lua_State* lua, World&, Arguments const&) {
  show_value(lua, 2);
  return 0;
}

// The person's answer, or Error{declined} that names the option which would have answered.
std::string ask_person(World& world, runbooks::Question const& question) {
  if (!world.console.interactive())
    throw Error{ErrorKind::declined, "nobody is here to answer: " + question.text}.with_hint(
        question.flag.empty() ? "run it from a terminal" : "answer in advance with " + question.flag);
  return world.console.ask(question);
}

Answer confirm(World& world, Arguments const& arguments) {
  if (world.settings.yes) return {Json(true), {}, {}};
  std::string word = ask_person(world, {.text = arguments.text("question"),
                                        .choices = {{"yes", "go on"}, {"no", "do not"}},
                                        .default_word = "no",
                                        .flag = "--yes"});
  return {Json(word == "yes"), {}, {}};
}

Answer ask(World& world, Arguments const& arguments) {
  if (!world.console.interactive() && arguments.has("default"))
    return {Json(arguments.text("default")), {}, {}};
  std::string line = ask_person(world, {.text = arguments.text("question"),
                                        .choices = {},
                                        .default_word = arguments.text("default"),
                                        .secret = arguments.boolean("secret"),
                                        .flag = {}});
  return {Json(line.empty() ? arguments.text("default") : line), {}, {}};
}

Answer choose(World& world, Arguments const& arguments) {
  runbooks::Question question{.text = arguments.text("question"),
                              .choices = {},
                              .default_word = arguments.text("default"),
                              .flag = {}};
  for (std::string const& word : arguments.list("choices"))
    question.choices.push_back({.word = word, .brief = {}, .word_only = true});
  if (question.choices.empty())
    throw Error{ErrorKind::usage, "shell.choose: there is nothing to choose from"};
  if (!world.console.interactive() && arguments.has("default")) return {Json(question.default_word), {}, {}};
  return {Json(ask_person(world, question)), {}, {}};
}

Parameter question_parameter() {
  return {.name = "question", .required = true, .positional = true, .brief = "what the person reads"};
}

}  // namespace

void show_value(lua_State* lua, int index) {
  auto& state = state_of(lua);
  Answer answer = answer_of(lua, index);
  answer.notes = std::exchange(state.notes, {});
  if (answer.ended) state.ended = answer.ended;
  if (state.world.show)
    state.world.show(answer);
  else
    state.world.console.say(display_text(lua, index));
}

void add_shell(Registry& registry) {
  registry.add(Object{"shell", "the session: settings, and the words help, show, confirm, ask, choose"});
  add_help(registry);
  registry.add(
      Method{.object = "shell",
             .name = "show",
             .parameters = {{.name = "value", .type = Type::any, .positional = true, .brief = "anything"}},
             .returns = "nothing",
             .errors = "none",
             .brief = "Prints a value as naming it at the prompt does. Also show(value).",
             .example = "show(servers:list())",
             .command_line = false,
             .io = false,
             .native = show});
  registry.add(Method{.object = "shell",
                      .name = "confirm",
                      .parameters = {question_parameter()},
                      .returns = "boolean",
                      .errors = "declined without a terminal, unless --yes",
                      .brief = "Asks yes or no; Enter alone means no. Also confirm(question).",
                      .example = "if confirm(\"Go on?\") then print(\"going on\") end",
                      .command_line = false,
                      .run = confirm});
  registry.add(Method{
      .object = "shell",
      .name = "ask",
      .parameters =
          {question_parameter(),
           {.name = "default", .brief = "what Enter alone means"},
           {.name = "secret", .type = Type::boolean, .default_text = "false", .brief = "without echo"}},
      .returns = "text",
      .errors = "declined without a terminal, unless there is a default",
      .brief = "Asks for a line of text. Also ask(question).",
      .example = "ask(\"Ticket?\", { default = \"none\" })",
      .command_line = false,
      .run = ask});
  registry.add(Method{
      .object = "shell",
      .name = "choose",
      .parameters =
          {question_parameter(),
           {.name = "choices", .type = Type::list, .required = true, .positional = true, .brief = "words"},
           {.name = "default", .brief = "what Enter alone means"}},
      .returns = "text: the chosen word",
      .errors = "declined without a terminal, unless there is a default",
      .brief = "Asks for one of several words. Also choose(question, choices).",
      .example = "choose(\"Which first?\", { \"small\", \"large\" }, { default = \"small\" })",
      .command_line = false,
      .run = choose});
  registry.add(Method{.object = "shell",
                      .name = "settings",
                      .returns = "result: name, value",
                      .errors = "none",
                      .brief = "What this session was started with.",
                      .example = "shell:settings()",
                      .io = false,
                      .run = settings});
  registry.add(Method{.object = "shell",
                      .name = "set",
                      .parameters = {{.name = "jobs",
                                      .type = Type::integer,
                                      .brief = "connections in use at once; 0: chosen for you"},
                                     {.name = "timeout_ms",
                                      .type = Type::integer,
                                      .brief = "limit per statement in milliseconds; 0: none"},
                                     {.name = "display_rows",
                                      .type = Type::integer,
                                      .brief = "rows of a table that a terminal is shown; 0: all"}},
                      .returns = "nothing",
                      .errors = "usage for an unknown setting",
                      .brief = "Changes a setting for the rest of this session.",
                      .example = "shell:set{ jobs = 8 }",
                      .command_line = false,
                      .io = false,
                      .run = set});
}

}  // namespace scripting
