#include "shell/method_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <deque>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;
using scripting::Json;
using scripting::Type;

std::string with_underscores(std::string word) {
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

std::string with_dashes(std::string word) {
  std::replace(word.begin(), word.end(), '_', '-');
  return word;
}

// The names a parameter's option goes by; both spellings of a name of several words.
std::string cli_names(scripting::Parameter const& parameter) {
  std::string names = option_name(parameter);
  if (names != "--" + parameter.name) names += ",--" + parameter.name;
  return names;
}

// `--names a --names b`, `--input a=1 --input b=2`.
bool is_repeatable(scripting::Parameter const& parameter) {
  return parameter.type == Type::list || parameter.type == Type::table;
}

// What stands before the colon in Lua: one member by its name, all tenants or the ones that --tenants says.
scripting::Value receiver(scripting::Method const& method, std::string const& member,
                          std::string const& selection) {
  bool const tenants = method.object == "tenants";
  if (!member.empty())
    return tenants ? scripting::Value{scripting::TenantRef{member}}
                   : scripting::Value{scripting::ServerRef{member}};
  if (tenants)
    return scripting::TenantsRef{selection.empty() ? fleet::Selection::all()
                                                   : fleet::Selection::parse(selection)};
  if (method.object == "servers") return scripting::ServersRef{};
  return std::monostate{};
}

}  // namespace

std::string option_name(scripting::Parameter const& parameter) {
  std::string name = with_dashes(parameter.name);
  // A list is given one by one: `params` is --param V --param V.
  if (parameter.type == Type::list && name.size() > 2 && name.back() == 's') name.pop_back();
  return "--" + name;
}

namespace {

// `migrate` alone is a command, and so is `migrate baseline check`: `migrate statsu` and `migrate baseline
// chek` are neither, nor arguments of it.
void refuse_misspelt(scripting::Registry const& registry, std::vector<std::string> const& words) {
  std::string before = words[0] + " ";
  for (std::size_t at = 1; at < words.size() && !words[at].starts_with("-"); ++at) {
    std::vector<std::string> next;
    for (auto const& method : registry.all())
      for (auto const& alias : method.aliases)
        if (alias.starts_with(before))
          next.push_back(alias.substr(before.size(), alias.find(' ', before.size()) - before.size()));
    bool const group = std::find(next.begin(), next.end(), words[at]) != next.end();
    if (!group) {
      std::string const near = fleet::nearest(words[at], next);
      if (near.empty() && at == 1) return;
      throw Error{ErrorKind::usage, "no command " + fleet::in_quotes(before + words[at])}.with_hint(
          "did you mean " + before + (near.empty() ? next.front() : near) + "?");
    }
    before += words[at] + " ";
  }
  if (before.size() == words[0].size() + 1) return;
  before.pop_back();
  std::string all;
  for (auto const& method : registry.all())
    for (auto const& alias : method.aliases)
      if (alias.starts_with(before + " ")) all += (all.empty() ? "" : ", ") + alias;
  throw Error{ErrorKind::usage, fleet::in_quotes(before) + " is half a command"}.with_hint("known: " + all);
}

}  // namespace

std::optional<NamedMethod> find_method(scripting::Registry const& registry,
                                       std::vector<std::string> const& words) {
  auto const alias = [&](std::size_t count) -> scripting::Method const* {
    if (words.size() < count) return nullptr;
    std::string joined = words[0];
    for (std::size_t i = 1; i < count; ++i) joined += " " + words[i];
    return registry.find_alias(joined);
  };
  for (std::size_t count : {3, 2})
    if (auto const* method = alias(count)) return NamedMethod{method, count};
  // Before an alias of one word: `runs` lists, `runs resume ID` is a method of the same name's object.
  if (words.size() >= 2) {
    auto const* method = registry.find(with_underscores(words[0]), with_underscores(words[1]));
    if (method != nullptr && method->command_line) return NamedMethod{method, 2};
  }
  auto const* method = alias(1);
  if (method == nullptr) return std::nullopt;
  refuse_misspelt(registry, words);
  return NamedMethod{method, 1};
}

scripting::Arguments parse_method_arguments(scripting::Method const& method,
                                            std::vector<std::string> const& words, Options& options) {
  CLI::App app;
  std::vector<std::string> declared;
  for (auto const& parameter : method.parameters) declared.push_back(parameter.name);
  add_global_options(app, options, declared);
  app.allow_extras();

  // CLI11 writes to these while it parses: a deque does not move its elements.
  std::deque<std::pair<scripting::Parameter const*, std::vector<std::string>>> values;
  std::map<std::string, Json> given;
  auto const flag = [&](std::string const& names, std::string const& key) {
    app.add_flag_callback(names, [&given, key] { given[key] = true; });
  };
  std::vector<scripting::Parameter const*> positional;
  for (auto const& parameter : method.parameters) {
    if (parameter.type == Type::boolean) {
      flag(cli_names(parameter), parameter.name);
      app.add_flag_callback("--no-" + with_dashes(parameter.name),
                            [&given, &parameter] { given[parameter.name] = false; });
      continue;
    }
    values.emplace_back(&parameter, std::vector<std::string>{});
    app.add_option(cli_names(parameter), values.back().second)->allow_extra_args(false);
    if (parameter.positional) positional.push_back(&parameter);
  }
  std::string selection;
  auto const declares = [&](std::string const& name) {
    return std::find(declared.begin(), declared.end(), name) != declared.end();
  };
  if (method.object == "tenants" && method.receiver != scripting::Receiver::member && !declares("tenants"))
    app.add_option("--tenants", selection);
  if (method.effect != scripting::Effect::read && !declares("plan")) flag("--plan", "plan");

  std::vector<std::string> extra = parse_with(app, words);
  for (std::string const& word : extra) {
    if (word.size() < 2 || word[0] != '-' || std::find(words.begin(), words.end(), "--") != words.end())
      continue;
    std::vector<std::string> known;
    for (CLI::Option const* option : app.get_options())
      for (std::string const& name : option->get_lnames()) known.push_back("--" + name);
    std::string const name = word.substr(0, word.find('='));
    std::string const near = fleet::nearest(name, known);
    throw Error{ErrorKind::usage, fmt::format("{} has no option {}", command_name(method), name)}.with_hint(
        (near.empty() ? "" : "did you mean " + near + "? ") +
        fmt::format("`tenantsh {} --help` lists them", command_name(method)));
  }
  for (auto& [parameter, texts] : values) {
    if (texts.empty()) continue;
    if (is_repeatable(*parameter))
      given[parameter->name] = texts;
    else if (texts.size() > 1)
      throw Error{ErrorKind::usage,
                  fmt::format("{} was given {} times", option_name(*parameter), texts.size())};
    else
      given[parameter->name] = texts.front();
  }
  auto word = extra.begin();
  if (word != extra.end() && *word == "--") ++word;
  std::string member;
  if (method.receiver == scripting::Receiver::member && !options.help) {
    if (word == extra.end())
      throw Error{ErrorKind::usage, fmt::format("{} needs the name of a {}", command_name(method),
                                                method.object == "servers" ? "server" : "tenant")};
    member = *word++;
  }
  for (auto const* parameter : positional) {
    if (word == extra.end()) break;
    if (parameter->type == Type::list) {
      given[parameter->name] = std::vector<std::string>(word, extra.end());
      word = extra.end();
    } else if (given.count(parameter->name) == 0) {
      given[parameter->name] = *word++;
    }
  }
  if (word != extra.end())
    throw Error{ErrorKind::usage, fmt::format("{} does not take \"{}\"", command_name(method), *word)}
        .with_hint(fmt::format("`tenantsh {} --help` shows what it takes", command_name(method)));
  if (options.help) return {};
  return check_arguments(method, receiver(method, member, selection), given);
}

std::string command_name(scripting::Method const& method) {
  return method.aliases.empty() ? with_dashes(method.object) + " " + with_dashes(method.name)
                                : method.aliases.front();
}

std::vector<std::string> command_words(scripting::Registry const& registry) {
  std::vector<std::string> words{"help", "version", "sandbox", "torture"};
  for (auto const& method : registry.all()) {
    for (std::string const& alias : method.aliases) words.push_back(alias.substr(0, alias.find(' ')));
    if (method.command_line) words.push_back(with_dashes(method.object));
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace shell
