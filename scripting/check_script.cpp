#include "scripting/check_script.hpp"

#include <algorithm>

#include "fleet/selection.hpp"

namespace scripting {

namespace {

// The keys of a step that hold functions: when they are called, and which parameters they get.
struct Body {
  std::string_view key;
  unsigned moment;
  int run, database;  // places of the parameters, none: no such
};
constexpr Body bodies[] = {{"tx", context::tx, 1, 0},           {"effect", context::effect, 0, 1},
                           {"probe", context::reading, 0, 1},   {"pre", context::reading, 0, 1},
                           {"when", context::reading, 0, 1},    {"verify", context::reading, 0, 2},
                           {"on", context::reading, 0, none},   {"undo", context::after, 0, 2},
                           {"release", context::after, 0, 2},   {"each", context::reading, 0, none},
                           {"locks", context::reading, 0, none}};

// step "name" { … }, section "name" (function …), runbook "name" { … }: the node of the first call, none for
// another call.
int declaration(Syntax const& syntax, int node, std::string_view word) {
  Node const& outer = syntax[node];
  if (outer.kind != NodeKind::call) return none;
  int const inner = outer.children[0];
  if (syntax[inner].kind != NodeKind::call || !syntax.is_global(syntax[inner].children[0], word)) return none;
  return inner;
}

std::string declared_name(Syntax const& syntax, int inner) {
  Node const& call = syntax[inner];
  if (call.children.size() < 2) return "";
  Node const& name = syntax[syntax.resolved(call.children[1])];
  return name.kind == NodeKind::string ? name.text : "";
}

int function_of(Syntax const& syntax, int node) {
  if (node == none) return none;
  Node const& behind = syntax[syntax.resolved(node)];
  return behind.kind == NodeKind::function ? behind.function : none;
}

class Understanding {
 public:
  explicit Understanding(Script& script) : script_(script), syntax_(script.syntax) {
    script_.contexts.assign(syntax_.functions.size(), 0);
    script_.callees.assign(syntax_.functions.size(), {});
    script_.roles.assign(syntax_.locals.size(), Role::unknown);
    script_.things.assign(syntax_.nodes.size(), {});
    script_.methods.assign(syntax_.nodes.size(), nullptr);
  }

  void all() {
    if (script_.is_runbook) script_.contexts[0] = context::load;
    find_declarations();
    find_calls();
    spread_contexts();
    spread_roles();
    forget_mixed_roles();
    find_things();
  }

 private:
  void bind(int table, std::string_view key, unsigned moment, int run, int database) {
    int const function = function_of(syntax_, syntax_.field(table, key));
    if (function == none) return;
    script_.contexts[static_cast<std::size_t>(function)] |= moment;
    auto const& parameters = syntax_.function(function).parameters;
    auto const give = [&](int place, Role role) {
      if (place == none || place >= static_cast<int>(parameters.size())) return;
      int const local = parameters[static_cast<std::size_t>(place)];
      set_role(local, role);
    };
    give(run, Role::run);
    give(database, Role::database);
  }

  void set_role(int local, Role role) {
    Role& known = script_.roles[static_cast<std::size_t>(local)];
    changed_ = changed_ || known != role;
    known = role;
  }

  void read_inputs(int table) {
    int const inputs = syntax_.field(table, "inputs");
    if (inputs == none) {
      script_.inputs_known = true;
      return;
    }
    Node const& list = syntax_[syntax_.resolved(inputs)];
    if (list.kind != NodeKind::table) return;
    script_.inputs_known = true;
    for (std::size_t i = 0; i < list.children.size(); ++i) {
      if (list.keys[i].empty()) {
        script_.inputs_known = false;
        continue;
      }
      Node const& value = syntax_[syntax_.resolved(list.children[i])];
      std::string type;
      Place at = value.at;
      if (value.kind == NodeKind::call && syntax_[value.children[0]].kind == NodeKind::index &&
          syntax_.is_global(syntax_[value.children[0]].children[0], "input")) {
        type = syntax_[value.children[0]].text;
        at = syntax_[syntax_[value.children[0]].children[0]].at;
      }
      script_.inputs.push_back({list.keys[i], type, at});
    }
  }

  // A section's function stands before the call that declares it, its steps before that: names are put
  // together by the functions around a step.
  void find_declarations() {
    std::map<int, std::pair<std::string, bool>> sections;  // function → name, conditional
    for (int node = 0; node < size(); ++node) {
      Node const& outer = syntax_[node];
      if (int const inner = declaration(syntax_, node, "section");
          inner != none && outer.children.size() > 1) {
        int const function = function_of(syntax_, outer.children[1]);
        if (function == none) continue;
        sections[function] = {declared_name(syntax_, inner), outer.conditional};
        script_.contexts[static_cast<std::size_t>(function)] |= context::load;
      } else if (declaration(syntax_, node, "runbook") != none && outer.children.size() > 1) {
        int const table = syntax_.resolved(outer.children[1]);
        if (syntax_[table].kind != NodeKind::table) continue;
        read_inputs(table);
        bind(table, "locks", context::reading, 0, none);
      } else if (int const call = declaration(syntax_, node, "step"); call != none) {
        int const table = outer.children.size() > 1 ? syntax_.resolved(outer.children[1]) : none;
        bool const plain = table != none && syntax_[table].kind == NodeKind::table;
        script_.steps.push_back(
            {node, plain ? table : none, declared_name(syntax_, call), outer.conditional});
        if (!plain) continue;
        for (Body const& body : bodies)
          if (body.key != "locks") bind(table, body.key, body.moment, body.run, body.database);
      }
    }
    for (DeclaredStep& step : script_.steps) {
      for (int around = syntax_[step.node].within; around != 0; around = syntax_.function(around).within) {
        auto const section = sections.find(around);
        bool const named = section != sections.end() && !section->second.first.empty();
        if (!named || step.address.empty()) {
          step.address.clear();
          break;
        }
        step.address = section->second.first + "/" + step.address;
        step.conditional = step.conditional || section->second.second;
      }
    }
  }

  // Which functions call which; a function that is handed to another (pcall, table.sort) counts as called.
  void find_calls() {
    for (int node = 0; node < size(); ++node) {
      Node const& call = syntax_[node];
      if (call.kind != NodeKind::call && call.kind != NodeKind::method_call) continue;
      auto& callees = script_.callees[static_cast<std::size_t>(call.within)];
      if (call.kind == NodeKind::call) {
        script_.callee_nodes.insert(call.children[0]);
        if (int const function = function_of(syntax_, call.children[0]); function != none)
          callees.insert(function);
      }
      if (declaration(syntax_, node, "section") != none) continue;
      bool const now = call.kind == NodeKind::call && calls_at_once(call.children[0]);
      for (std::size_t i = 1; i < call.children.size(); ++i)
        if (int const function = function_of(syntax_, call.children[i]); function != none)
          (now ? callees : handed_[call.within]).insert(function);
    }
  }

  bool calls_at_once(int callee) const {
    if (syntax_.is_global(callee, "pcall") || syntax_.is_global(callee, "xpcall")) return true;
    Node const& node = syntax_[callee];
    return node.kind == NodeKind::index &&
           ((node.text == "sort" && syntax_.is_global(node.children[0], "table")) ||
            (node.text == "gsub" && syntax_.is_global(node.children[0], "string")));
  }

  void spread_contexts() {
    bool changed = true;
    auto const add = [&](int function, unsigned moments) {
      unsigned& known = script_.contexts[static_cast<std::size_t>(function)];
      changed = changed || (known | moments) != known;
      known |= moments;
    };
    while (changed) {
      changed = false;
      for (std::size_t caller = 0; caller < script_.callees.size(); ++caller) {
        unsigned const moments = script_.contexts[caller];
        for (int const function : script_.callees[caller]) add(function, moments);
        // Handed to somebody while loading, it may be kept for later; inside a step it acts for the step.
        if (auto const handed = handed_.find(static_cast<int>(caller)); handed != handed_.end())
          for (int const function : handed->second) add(function, moments & ~context::load);
      }
    }
  }

  // `run` and `db` are handed on from function to function and to other names.
  void spread_roles() {
    do {
      changed_ = false;
      for (std::size_t i = 0; i < syntax_.locals.size(); ++i) {
        Local const& local = syntax_.locals[i];
        if (local.value == none || local.assigned || script_.roles[i] != Role::unknown) continue;
        if (Role const role = script_.role(local.value); role != Role::unknown)
          set_role(static_cast<int>(i), role);
      }
      each_argument([&](int parameter, int argument) {
        if (script_.roles[static_cast<std::size_t>(parameter)] != Role::unknown) return;
        if (Role const role = script_.role(argument); role != Role::unknown) set_role(parameter, role);
      });
    } while (changed_);
  }

  // A parameter that gets `run` here and something else there is not judged.
  void forget_mixed_roles() {
    each_argument([&](int parameter, int argument) {
      Role& role = script_.roles[static_cast<std::size_t>(parameter)];
      if (role == Role::run && script_.role(argument) != Role::run) role = Role::unknown;
    });
  }

  template <class Visit>
  void each_argument(Visit const& visit) {
    for (int node = 0; node < size(); ++node) {
      Node const& call = syntax_[node];
      if (call.kind != NodeKind::call) continue;
      int const function = function_of(syntax_, call.children[0]);
      if (function == none) continue;
      auto const& parameters = syntax_.function(function).parameters;
      for (std::size_t i = 1; i < call.children.size() && i <= parameters.size(); ++i)
        visit(parameters[i - 1], call.children[i]);
    }
  }

  void find_things() {
    for (int node = 0; node < size(); ++node) script_.things[static_cast<std::size_t>(node)] = thing(node);
  }

  Thing const& known(int node) const { return script_.things[static_cast<std::size_t>(node)]; }

  // A method's returns begin with the word for what it gives.
  static Thing returned(Method const& method) {
    std::string const word = method.returns.substr(0, method.returns.find_first_of(" :;,"));
    if (word == "tenant") return {"tenants", true};
    if (word == "server") return {"servers", true};
    if (word == "tenants" || word == "servers" || word == "result") return {word, false};
    return {};
  }

  Thing thing(int number) {
    Node const& node = syntax_[number];
    Registry const& registry = *script_.registry;
    if (node.kind == NodeKind::name) {
      if (int const behind = syntax_.resolved(number); behind != number) return known(behind);
      if (node.local != none) return {};
      Object const* object = registry.find_object(node.text);
      return object != nullptr && object->global ? Thing{object->name, false} : Thing{};
    }
    if (node.kind == NodeKind::index) {
      if (script_.role(node.children[0]) == Role::run) return of_input(node.text);
      Thing const& object = known(node.children[0]);
      bool const collection = !object.member && (object.object == "tenants" || object.object == "servers");
      if (!collection || registry.find(object.object, node.text) != nullptr) return {};
      if (node.text.find_first_of("*?") != node.text.npos) return {object.object, false};
      return {object.object, true};
    }
    Method const* method = nullptr;
    if (node.kind == NodeKind::method_call) {
      Thing const& object = known(node.children[0]);
      if (!object.object.empty()) method = registry.find(object.object, node.text);
    } else if (node.kind == NodeKind::call && syntax_[node.children[0]].kind == NodeKind::name) {
      Thing const& object = known(node.children[0]);
      Object const* called = object.member ? nullptr : registry.find_object(object.object);
      if (called != nullptr && !called->call.empty()) method = registry.find(called->name, called->call);
    }
    script_.methods[static_cast<std::size_t>(number)] = method;
    return method == nullptr ? Thing{} : returned(*method);
  }

  Thing of_input(std::string const& name) const {
    for (DeclaredInput const& input : script_.inputs) {
      if (input.name != name) continue;
      if (input.type == "tenant") return {"tenants", true};
      if (input.type == "server") return {"servers", true};
    }
    return {};
  }

  int size() const { return static_cast<int>(syntax_.nodes.size()); }

  Script& script_;
  Syntax const& syntax_;
  std::map<int, std::set<int>> handed_;
  bool changed_ = false;
};

}  // namespace

Role Script::role(int node) const {
  Node const& named = syntax[node];
  return named.kind == NodeKind::name && named.local != none ? roles[static_cast<std::size_t>(named.local)]
                                                             : Role::unknown;
}

void understand(Script& script) { Understanding{script}.all(); }

void Findings::add(Finding finding) {
  places_.emplace(finding.at.line, finding.at.column);
  if (finding.severity == Severity::error) error_lines_.insert(finding.at.line);
  findings_.push_back(std::move(finding));
}

void Findings::error(Place at, std::string rule, std::string message, std::string hint) {
  add({file_, at, std::move(rule), Severity::error, std::move(message), std::move(hint)});
}

void Findings::warning(Place at, std::string rule, std::string message, std::string hint) {
  add({file_, at, std::move(rule), Severity::warning, std::move(message), std::move(hint)});
}

bool Findings::any_at(Place at) const { return places_.count({at.line, at.column}) > 0; }

bool Findings::any_in_line(int line) const { return error_lines_.count(line) > 0; }

std::string suggestion(std::string const& word, std::vector<std::string> const& known,
                       std::string const& before, std::string const& otherwise) {
  std::string const near = fleet::nearest(word, known);
  return near.empty() ? otherwise : "did you mean " + before + near + "?";
}

}  // namespace scripting
