#include "shell/command_tree.hpp"

#include <sstream>

#include "shell/method_command.hpp"
#include "shell/usage.hpp"

namespace shell {
namespace {

CommandWord& word_at(CommandWord& root, std::string const& words) {
  CommandWord* at = &root;
  std::istringstream stream{words};
  for (std::string word; stream >> word;) at = &at->next[word];
  return *at;
}

std::string dashed(std::string text) {
  for (char& c : text)
    if (c == '_') c = '-';
  return text;
}

std::vector<CommandOption> options_of(scripting::Method const& method) {
  using scripting::Type;
  std::vector<CommandOption> options;
  bool selects = false;
  for (scripting::Parameter const& parameter : method.parameters) {
    options.push_back({option_name(parameter), parameter.brief, parameter.type != Type::boolean});
    if (parameter.type == Type::boolean && parameter.default_text == "true")
      options.push_back({"--no-" + dashed(parameter.name), "without: " + parameter.brief, false});
    selects = selects || parameter.name == "tenants";
  }
  if (method.object == "tenants" && method.receiver != scripting::Receiver::member && !selects)
    options.push_back({"--tenants", "all, a slug, a glob, key=value[,key=value] or @file", true});
  if (method.effect != scripting::Effect::read)
    options.push_back({"--plan", "say what it would do, and do nothing", false});
  return options;
}

}  // namespace

std::string first_sentence(std::string const& brief) {
  auto const end = brief.find(". ");
  std::string text = brief.substr(0, end);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

std::vector<CommandOption> global_options() {
  std::vector<CommandOption> options;
  std::istringstream page{std::string{options_text()}};
  for (std::string line; std::getline(page, line);) {
    auto const start = line.find("--");
    auto const gap = line.find("  ", start == line.npos ? 0 : start);
    if (!line.starts_with("  --") || gap == line.npos) continue;
    std::string const left = line.substr(start, gap - start);
    std::string const brief = line.substr(line.find_first_not_of(' ', gap));
    std::istringstream names{left};
    bool value = false;
    std::vector<std::string> spelt;
    for (std::string name; names >> name;) {
      if (name.back() == ',') name.pop_back();
      if (name.starts_with("-"))
        spelt.push_back(name);
      else
        value = true;
    }
    for (std::string const& name : spelt) options.push_back({name, brief, value});
  }
  return options;
}

CommandWord command_tree(scripting::Registry const& registry) {
  CommandWord root;
  root.options = global_options();
  auto const add = [&](std::string const& words, scripting::Method const& method) {
    CommandWord& word = word_at(root, words);
    word.brief = first_sentence(method.brief);
    word.options = options_of(method);
  };
  for (scripting::Method const& method : registry.all())
    if (method.command_line) add(dashed(method.object) + " " + dashed(method.name), method);
  for (scripting::Method const& method : registry.all())
    for (std::string const& alias : method.aliases) add(alias, method);
  for (scripting::Object const& object : registry.objects())
    if (auto const found = root.next.find(dashed(object.name));
        found != root.next.end() && found->second.brief.empty())
      found->second.brief = first_sentence(object.brief);
  word_at(root, "help").brief = "a command, an object, a method, exit, options, man, bash, zsh, fish";
  for (auto const& [name, child] : root.next)
    if (name != "help") root.next["help"].next[name].brief = child.brief;
  for (scripting::Object const& object : registry.objects())
    root.next["help"].next[object.name].brief = first_sentence(object.brief);
  for (char const* topic : {"exit", "options", "guards", "read_only", "backup", "runbook", "step",
                            "notifications", "man", "bash", "zsh", "fish", "lua"})
    root.next["help"].next[topic];
  word_at(root, "version").brief = "which one this is";
  word_at(root, "sandbox").brief = "private PostgreSQL servers to try things on";
  word_at(root, "sandbox up").brief = "makes or starts them";
  word_at(root, "sandbox up").options = {{"--servers", "how many tenant servers", true},
                                         {"--tenants", "provisions that many tenants", true}};
  word_at(root, "sandbox down").brief = "stops them";
  word_at(root, "sandbox status").brief = "lists them";
  word_at(root, "sandbox reset").brief = "deletes them";
  word_at(root, "torture").brief = "breaks a runbook wherever it can break, on servers of its own";
  return root;
}

}  // namespace shell
