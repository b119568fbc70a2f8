// Rules about names: unknown-global, unknown-method, unknown-option; and which tenants and servers are named.

#include <fmt/format.h>

#include <algorithm>

#include "scripting/check_script.hpp"
#include "scripting/step_database.hpp"

namespace scripting {

namespace {

// What Lua scripts elsewhere would use, and what stands for it here.
std::string known_elsewhere(std::string const& name) {
  if (name == "io") return "result:save(path) writes a file; nothing here reads one";
  if (name == "os") return "run.started is the time of the run; the database has now()";
  if (name == "require" || name == "dofile" || name == "loadfile" || name == "package")
    return "a script is one file";
  if (name == "debug" || name == "load") return "it does not exist here";
  return "";
}

// Names that the file itself makes at its top level.
std::set<std::string> own_globals(Syntax const& syntax) {
  std::set<std::string> names;
  for (Assignment const& assignment : syntax.assignments) {
    Node const& target = syntax[assignment.target];
    if (target.kind == NodeKind::name && target.local == none && target.within == 0)
      names.insert(target.text);
  }
  return names;
}

void check_globals(Script const& script, Findings& findings) {
  Syntax const& syntax = script.syntax;
  std::set<std::string> known = own_globals(syntax);
  known.insert(script.globals.begin(), script.globals.end());
  std::vector<std::string> const names{known.begin(), known.end()};
  std::set<int> targets;
  for (Assignment const& assignment : syntax.assignments) targets.insert(assignment.target);
  for (int number = 0; number < static_cast<int>(syntax.nodes.size()); ++number) {
    Node const& node = syntax[number];
    if (node.kind != NodeKind::name || node.local != none || known.count(node.text) > 0 ||
        node.text == "_ENV" || findings.any_at(node.at))
      continue;
    if (targets.count(number) > 0) {
      findings.error(node.at, "unknown-global",
                     fmt::format("assignment to unknown name {} inside a function", node.text),
                     fmt::format("write local {}, or set it at the top level first", node.text));
      continue;
    }
    std::string hint = known_elsewhere(node.text);
    if (hint.empty()) hint = suggestion(node.text, names, "", "help() lists what there is");
    findings.error(node.at, "unknown-global", "unknown name " + node.text, hint);
  }
}

// string.fromat, math.random in a runbook.
void check_libraries(Script const& script, Findings& findings) {
  Syntax const& syntax = script.syntax;
  for (Node const& node : syntax.nodes) {
    if (node.kind != NodeKind::index || node.computed) continue;
    Node const& object = syntax[node.children[0]];
    if (object.kind != NodeKind::name || object.local != none) continue;
    auto const library = script.libraries.find(object.text);
    if (library == script.libraries.end() || findings.any_at(object.at)) continue;
    auto const& members = library->second;
    if (std::find(members.begin(), members.end(), node.text) != members.end()) continue;
    findings.error(node.at, "unknown-method", fmt::format("{} has no \"{}\"", object.text, node.text),
                   suggestion(node.text, members, object.text + ".",
                              fmt::format("it has: {}", fmt::join(members, ", "))));
  }
}

std::vector<std::string> methods_for(Registry const& registry, Thing const& thing) {
  std::vector<std::string> names;
  for (Method const& method : registry.all())
    if (method.object == thing.object &&
        (method.receiver == Receiver::both || (method.receiver == Receiver::member) == thing.member))
      names.push_back(method.name);
  return names;
}

void no_method(Findings& findings, Node const& node, std::string const& what,
               std::vector<std::string> const& known) {
  findings.error(node.at, "unknown-method", fmt::format("{} has no method \"{}\"", what, node.text),
                 suggestion(node.text, known, ":", fmt::format("it has: {}", fmt::join(known, ", "))));
}

std::string thing_text(Thing const& thing) {
  return thing.member               ? "a " + thing.object.substr(0, thing.object.size() - 1)
         : thing.object == "result" ? "a result"
                                    : thing.object;
}

void check_methods(Script const& script, Findings& findings) {
  Syntax const& syntax = script.syntax;
  for (int number = 0; number < static_cast<int>(syntax.nodes.size()); ++number) {
    Node const& node = syntax[number];
    bool const called = script.callee_nodes.count(number) > 0;
    // object:method(…), and object.method(…) of an object that is no collection of names.
    if (node.kind != NodeKind::method_call && !(node.kind == NodeKind::index && called && !node.computed))
      continue;
    int const object = node.children[0];
    if (script.role(object) == Role::database) {
      auto const& known = step_database_methods();
      if (std::find(known.begin(), known.end(), node.text) == known.end())
        no_method(findings, node, "db", known);
      continue;
    }
    Thing const& thing = script.things[static_cast<std::size_t>(object)];
    if (thing.object.empty()) continue;
    auto const known = methods_for(*script.registry, thing);
    if (std::find(known.begin(), known.end(), node.text) == known.end())
      no_method(findings, node, thing_text(thing), known);
  }
}

bool takes_a_table(Method const& method) {
  return std::any_of(method.parameters.begin(), method.parameters.end(), [](Parameter const& parameter) {
    return parameter.positional && (parameter.type == Type::table || parameter.type == Type::list ||
                                    parameter.type == Type::selection || parameter.type == Type::any);
  });
}

// migrations:up { tenat = "acme" }
void check_options(Script const& script, Findings& findings) {
  Syntax const& syntax = script.syntax;
  for (std::size_t number = 0; number < syntax.nodes.size(); ++number) {
    Method const* method = script.methods[number];
    Node const& node = syntax.nodes[number];
    if (method == nullptr || node.children.size() < 2 || takes_a_table(*method)) continue;
    Node const& options = syntax[node.children.back()];
    if (options.kind != NodeKind::table) continue;
    std::vector<std::string> known;
    for (Parameter const& parameter : method->parameters) known.push_back(parameter.name);
    if (method->effect != Effect::read)
      for (char const* common : {"plan", "reason"})
        if (std::find(known.begin(), known.end(), common) == known.end()) known.emplace_back(common);
    for (std::size_t i = 0; i < options.keys.size(); ++i) {
      std::string const& key = options.keys[i];
      if (key.empty() || std::find(known.begin(), known.end(), key) != known.end()) continue;
      findings.error(syntax[options.children[i]].at, "unknown-option",
                     fmt::format("{}:{} takes no \"{}\"", method->object, method->name, key),
                     suggestion(key, known, "",
                                known.empty() ? "it takes nothing"
                                              : fmt::format("it takes: {}", fmt::join(known, ", "))));
    }
  }
}

}  // namespace

void check_names(Script const& script, Findings& findings) {
  check_globals(script, findings);
  check_libraries(script, findings);
  check_methods(script, findings);
  check_options(script, findings);
}

std::vector<NamedMember> named_members(Script const& script) {
  Syntax const& syntax = script.syntax;
  std::vector<NamedMember> named;
  for (int number = 0; number < static_cast<int>(syntax.nodes.size()); ++number) {
    Node const& node = syntax[number];
    Thing const& thing = script.things[static_cast<std::size_t>(number)];
    if (!thing.member) continue;
    bool const server = thing.object == "servers";
    if (node.kind == NodeKind::index && !node.computed && script.role(node.children[0]) != Role::run) {
      // tenants.fetch() is a wrong method, not a tenant.
      if (script.callee_nodes.count(number) == 0) named.push_back({node.text, node.at, server});
    } else if (node.kind == NodeKind::method_call && node.text == "get" && node.children.size() == 2) {
      Node const& argument = syntax[syntax.resolved(node.children[1])];
      if (argument.kind == NodeKind::string) named.push_back({argument.text, node.at, server});
    }
  }
  return named;
}

}  // namespace scripting
