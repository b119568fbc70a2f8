#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runbooks/engine/runbook.hpp"
#include "scripting/check.hpp"
#include "scripting/lua_syntax.hpp"

// A script as the rules of `check` see it: its text, and what its names mean.
namespace scripting {

// When a function of a runbook is called; one may be called at several times.
namespace context {
constexpr unsigned load = 1;     // while the runbook is declared
constexpr unsigned tx = 2;       // inside the step's transaction
constexpr unsigned effect = 4;   // the effect of a step that no transaction covers
constexpr unsigned reading = 8;  // probe, pre, when, verify, on, locks: nothing may be changed
constexpr unsigned after = 16;   // undo, release
}  // namespace context

// What a local holds, as far as the text tells.
enum class Role { unknown, run, database };

// What an expression is: an object of the registry (`tenants`) or one of its members (`tenants.acme`).
struct Thing {
  std::string object;  // "" when the text does not tell
  bool member = false;
  bool operator==(Thing const&) const = default;
};

struct DeclaredStep {
  int node = none;      // the whole call
  int table = none;     // none when it is no table in the text
  std::string address;  // "" when a name in it is computed
  bool conditional = false;
};

struct DeclaredInput {
  std::string name;
  std::string type;  // "tenant"; "" when the text does not tell
  Place at;
};

struct Script {
  std::string file;
  std::string source;
  Syntax syntax;
  bool is_runbook = false;
  Registry const* registry = nullptr;
  std::shared_ptr<runbooks::Runbook const> loaded;  // null for a plain script and for what does not load
  std::set<std::string> globals;                    // that exist before it begins
  std::map<std::string, std::vector<std::string>> libraries;  // string, math, …: their members

  // Made by understand().
  std::vector<DeclaredStep> steps;
  std::vector<DeclaredInput> inputs;
  bool inputs_known = false;           // all of them
  std::vector<unsigned> contexts;      // by function
  std::vector<std::set<int>> callees;  // by function: functions of the file that it calls
  std::vector<Role> roles;             // by local
  std::vector<Thing> things;           // by node
  std::vector<Method const*> methods;  // by node: the row that a call means, else null
  std::set<int> callee_nodes;          // what stands before the parentheses of a call

  Role role(int node) const;
  bool in(int node, unsigned moments) const {
    return (contexts[static_cast<std::size_t>(syntax[node].within)] & moments) != 0;
  }
};

void understand(Script& script);

// Where the rules put what they find.
class Findings {
 public:
  Findings(std::string file, std::vector<Finding>& findings) : file_(std::move(file)), findings_(findings) {}
  void error(Place at, std::string rule, std::string message, std::string hint);
  void warning(Place at, std::string rule, std::string message, std::string hint);
  bool any_at(Place at) const;
  bool any_in_line(int line) const;

 private:
  void add(Finding finding);

  std::string file_;
  std::vector<Finding>& findings_;
  std::set<std::pair<int, int>> places_;  // line, column
  std::set<int> error_lines_;
};

// "did you mean X?", or `otherwise`.
std::string suggestion(std::string const& word, std::vector<std::string> const& known,
                       std::string const& before = {}, std::string const& otherwise = {});

// The rules, by what they look at.
void check_declarations(Script const& script, Findings& findings);  // check_steps.cpp: effects while loading,
                                                                    // addresses, the way back
void check_inputs(Script const& script, Findings& findings);        // check_inputs.cpp
void check_names(Script const& script, Findings& findings);         // check_names.cpp: globals, methods
void check_sql(Script const& script, Findings& findings);           // check_sql.cpp
// What destroys data in functions reached from `function`: "DROP DATABASE", "" when nothing does.
std::string destroying_sql(Script const& script, int function);

// A tenant or server that the text names.
struct NamedMember {
  std::string name;
  Place at;
  bool server = false;
};
std::vector<NamedMember> named_members(Script const& script);  // check_names.cpp

}  // namespace scripting
