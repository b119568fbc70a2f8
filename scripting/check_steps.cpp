// Rules about what a runbook declares: effect-outside-step, duplicate-address, destructive-without-way-back.

#include <fmt/format.h>

#include "scripting/check_script.hpp"

namespace scripting {

namespace {

constexpr std::string_view outside = "effect-outside-step";
constexpr std::string_view inside_hint =
    "a runbook is declared before it runs; do it inside a step's function";

// io.open, os.time, require: what Lua scripts elsewhere have. "" for another call.
std::string foreign_call(Syntax const& syntax, int callee) {
  Node const& node = syntax[callee];
  for (std::string_view word : {"require", "dofile", "loadfile"})
    if (syntax.is_global(callee, word)) return std::string{word};
  if (node.kind != NodeKind::index) return "";
  for (std::string_view library : {"io", "os", "debug"})
    if (syntax.is_global(node.children[0], library)) return fmt::format("{}.{}", library, node.text);
  if (syntax.is_global(node.children[0], "math") && (node.text == "random" || node.text == "randomseed"))
    return "math." + node.text;
  return "";
}

std::string what_it_does(Method const& method) {
  return method.effect == Effect::read ? "asks a server or the disk"
                                       : fmt::format("is a {}", to_string(method.effect));
}

void check_effects(Script const& script, Findings& findings) {
  Syntax const& syntax = script.syntax;
  auto const asks = [&](Place at, std::string const& what) {
    findings.error(at, std::string{outside}, what + " asks the registry while the runbook is only declared",
                   std::string{inside_hint});
  };
  auto const is_collection = [&](int node) {
    Thing const& thing = script.things[static_cast<std::size_t>(node)];
    return !thing.member && (thing.object == "tenants" || thing.object == "servers");
  };
  for (int number = 0; number < static_cast<int>(syntax.nodes.size()); ++number) {
    if (!script.in(number, context::load)) continue;
    Node const& node = syntax[number];
    if (Method const* method = script.methods[static_cast<std::size_t>(number)]; method != nullptr) {
      if (method->io)
        findings.error(node.at, std::string{outside},
                       fmt::format("{}:{} {} while the runbook is only declared", method->object,
                                   method->name, what_it_does(*method)),
                       std::string{inside_hint});
    } else if (node.kind == NodeKind::call) {
      int const callee = node.children[0];
      if (std::string const what = foreign_call(syntax, callee); !what.empty()) {
        Place const at = syntax[callee].kind == NodeKind::index ? syntax[syntax[callee].children[0]].at
                                                                : syntax[callee].at;
        findings.error(
            at, std::string{outside}, what + " is called while the runbook is only declared",
            what == "require" || what == "dofile" || what == "loadfile"
                ? "a runbook is one file; what it declares must not depend on another"
                : "a runbook must declare the same steps each time; run.started is the time of the "
                  "run, the database has now() and random()");
      }
    } else if (node.kind == NodeKind::operation && node.text == "#" && is_collection(node.children[0])) {
      asks(node.at, "counting " + script.things[static_cast<std::size_t>(node.children[0])].object);
    } else if (node.kind == NodeKind::index) {
      Thing const& object = script.things[static_cast<std::size_t>(node.children[0])];
      bool const name = node.text == (object.object == "tenants" ? "slug" : "name");
      if (object.member && !name && script.registry->find(object.object, node.text) == nullptr)
        asks(node.at, fmt::format("a {}'s {}", object.object.substr(0, object.object.size() - 1), node.text));
    }
  }
  for (int const number : syntax.iterated)
    if (script.in(number, context::load) && is_collection(number))
      asks(syntax[number].at, "listing " + script.things[static_cast<std::size_t>(number)].object);
}

void check_addresses(Script const& script, Findings& findings) {
  std::map<std::string, int> lines;
  for (DeclaredStep const& step : script.steps) {
    // Of two steps in the branches of one `if` only one is declared.
    if (step.address.empty() || step.conditional) continue;
    Place const at = script.syntax[step.node].at;
    auto const [first, added] = lines.emplace(step.address, at.line);
    if (!added)
      findings.error(at, "duplicate-address",
                     fmt::format("a step \"{}\" is declared in line {} already", step.address, first->second),
                     "the journal tells steps apart by their address: give it another name");
  }
}

// What is lost by the step: "" when nothing is.
std::string destroyed_by(Script const& script, int table) {
  Syntax const& syntax = script.syntax;
  if (int const flag = syntax.field(table, "destructive"); flag != none && syntax[flag].text == "true")
    return "is marked destructive";
  for (char const* key : {"tx", "effect"}) {
    int const body = syntax.field(table, key);
    if (body == none) continue;
    Node const& function = syntax[syntax.resolved(body)];
    if (function.kind != NodeKind::function) continue;
    if (std::string const verb = destroying_sql(script, function.function); !verb.empty())
      return "runs " + verb;
  }
  return "";
}

void check_way_back(Script const& script, Findings& findings) {
  for (DeclaredStep const& step : script.steps) {
    if (step.table == none || script.syntax.field(step.table, "verify") != none ||
        script.syntax.field(step.table, "undo") != none)
      continue;
    if (std::string const why = destroyed_by(script, step.table); !why.empty())
      findings.error(
          script.syntax[step.node].at, "destructive-without-way-back",
          fmt::format("step \"{}\" {} and has neither verify nor undo", step.address, why),
          "verify = function(run, outputs, db) … end proves what was done, undo = … takes it back");
  }
}

}  // namespace

void check_declarations(Script const& script, Findings& findings) {
  if (!script.is_runbook) return;
  check_effects(script, findings);
  check_addresses(script, findings);
  check_way_back(script, findings);
}

}  // namespace scripting
