#include "shell/usage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scripting/help.hpp"
#include "shell/completion_scripts.hpp"
#include "shell/manual.hpp"
#include "shell/method_command.hpp"
#include "shell/prompt_commands.hpp"
#include "shell/sandbox_command.hpp"
#include "shell/torture_command.hpp"

namespace shell {
namespace {

constexpr std::string_view exit_page = R"(Exit status
    0  done
    1  failed; also when every tenant of a fan-out failed
    2  usage: an option, an input, a name or the configuration is wrong; nothing was tried
    3  a server could not be reached
    4  declined: a person said no, or nobody was there to say yes
    5  in doubt: the outcome of a commit or an effect is unknown
    6  another run holds the lock
    7  partial: some tenants failed
    8  changes are pending, or a check found something
  130  interrupted
)";

constexpr std::string_view options_page = R"(Options, before or after the command
  --env NAME          environment from tenantsh.toml; without any: sandbox
  --config FILE       read this configuration and no other
  --format FORMAT     table, vertical, csv, tsv, json, jsonl, markdown, html
  --json              everything that is said, as JSON lines
  --yes, -y           agree to writes; never to what destroys
  --confirm NAME      the name a destructive question wants typed; ENVIRONMENT,NAME where that is asked too
  --reason TEXT       why, for the audit
  --jobs N            connections in use at once
  --timeout DURATION  per statement: 30s, 500ms, 2m
  --color WHEN        auto, always, never
  --editor WHICH      full, plain (no colours, no completion)
  --help, --version
)";

// How a value is called in a usage line: a positional one by its name ("SQL"), an option's by its type ("N").
std::string placeholder(scripting::Parameter const& parameter) {
  using scripting::Type;
  if (!parameter.positional) {
    if (parameter.type == Type::integer || parameter.type == Type::number) return "N";
    if (parameter.type == Type::table) return "KEY=VALUE";
    if (parameter.type == Type::text || parameter.type == Type::list || parameter.type == Type::any)
      return "VALUE";
    std::string type;
    for (char const c : scripting::to_string(parameter.type)) type += static_cast<char>(c - 'a' + 'A');
    return type;
  }
  std::string text;
  for (char const c : parameter.name) text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// What is on unless it is switched off is shown by the option that does so.
std::string shown_option(scripting::Parameter const& parameter) {
  bool const off = parameter.type == scripting::Type::boolean && parameter.default_text == "true";
  return off ? "--no-" + option_name(parameter).substr(2) : option_name(parameter);
}

std::string usage_of(scripting::Parameter const& parameter) {
  bool const list = parameter.type == scripting::Type::list || parameter.type == scripting::Type::table;
  std::string text = parameter.positional ? placeholder(parameter)
                     : parameter.type == scripting::Type::boolean
                         ? shown_option(parameter)
                         : option_name(parameter) + " " + placeholder(parameter);
  if (!parameter.required) text = "[" + text + "]";
  return list ? text + "…" : text;
}

// The first sentence.
std::string_view headline(std::string_view brief) { return brief.substr(0, brief.find(". ")); }

}  // namespace

std::string main_page(scripting::Registry const& registry) {
  std::string page = R"(tenantsh: a Lua-scriptable shell for PostgreSQL fleets that serve many tenants

  tenantsh                                interactive session
  tenantsh [OPTIONS] SCRIPT.lua [ARGS]    run a script; - reads it from standard input
  tenantsh [OPTIONS] -e CODE              evaluate and print; may be repeated
  tenantsh [OPTIONS] OBJECT METHOD …      call one method, e.g. tenantsh tenants list
  tenantsh sandbox up|down|status|reset   private PostgreSQL servers to try things on
  tenantsh torture RUNBOOK                breaks a runbook wherever it can break, on servers of its own
  tenantsh help [TOPIC]                   a command, an object, a method (tenants.query), exit, runbook, step,
                                          guards, prompt, notifications; man, bash, zsh, fish, lua for other programs

)";
  std::string commands;
  for (auto const& method : registry.all())
    for (std::string const& alias : method.aliases)
      commands += fmt::format("  {:<19} {}\n", alias, headline(method.brief));
  if (!commands.empty()) page += "Commands\n" + commands + "\n";
  page += "Objects\n";
  for (auto const& object : registry.objects())
    if (object.global) page += fmt::format("  {:<20}{}\n", object.name, object.brief);
  return page + "\n" + std::string{options_page};
}

std::string command_page(scripting::Method const& method) {
  std::string page = "tenantsh " + command_name(method);
  bool const one = method.receiver == scripting::Receiver::member;
  if (one) page += method.object == "servers" ? " SERVER" : " TENANT";
  for (auto const& parameter : method.parameters)
    if (parameter.positional) page += " " + usage_of(parameter);
  for (auto const& parameter : method.parameters)
    if (!parameter.positional) page += " " + usage_of(parameter);
  bool const plans = method.effect != scripting::Effect::read &&
                     std::none_of(method.parameters.begin(), method.parameters.end(),
                                  [](auto const& parameter) { return parameter.name == "plan"; });
  if (plans) page += " [--plan]";
  page += "\n\n" + method.brief + "\n";
  if (!method.parameters.empty()) page += "\n";
  for (auto const& parameter : method.parameters) {
    std::string const name = parameter.positional ? placeholder(parameter) : shown_option(parameter);
    page += fmt::format("  {:<17} {}: {}", name, scripting::to_string(parameter.type), parameter.brief);
    if (!parameter.default_text.empty()) page += " (default " + parameter.default_text + ")";
    page += "\n";
  }
  if (plans) page += fmt::format("  {:<18}boolean: say what it would do, and do nothing\n", "--plan");
  page += fmt::format("\nEffect:  {}\nReturns: {}\nErrors:  {}\nIn Lua:  {}\n",
                      scripting::to_string(method.effect), method.returns, method.errors, method.example);
  return page;
}

std::string_view options_text() { return options_page; }
std::string_view exit_text() { return exit_page; }

std::string topic_page(scripting::Registry const& registry, std::string const& topic) {
  if (topic.empty()) return main_page(registry);
  if (topic == "exit") return std::string{exit_page};
  if (topic == "options") return std::string{options_page};
  if (topic == "prompt") return prompt_page();
  if (topic == "man") return manual_page(registry);
  if (topic == "bash" || topic == "zsh" || topic == "fish") return completion_script(registry, topic);
  if (topic == "lua") return scripting::reference_annotations(registry);
  if (topic == "torture") return std::string{torture_page()};
  if (topic == "sandbox") return std::string{sandbox_page()};
  if (auto const* method = registry.find_alias(topic)) return command_page(*method);
  std::string page = scripting::help_text(registry, topic);
  if (!page.ends_with('\n')) page += '\n';
  return page;
}

}  // namespace shell
