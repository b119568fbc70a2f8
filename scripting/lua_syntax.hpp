#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/lua_tokens.hpp"

namespace scripting {

// What a Lua text is made of, for the rules of `check`. Lists that point into each other by number instead of
// a tree: a chain of a hundred thousand calls then costs no stack, neither to walk nor to free. A node's
// children stand before it.

constexpr int none = -1;

enum class NodeKind {
  name,         // text; local, or none for a global
  string,       // text is its value
  constant,     // numbers, true, false, nil, …: text as written
  table,        // children are the values, keys[i] the name of children[i] ("" for the others)
  function,     // function: its number
  call,         // children: what is called, then the arguments
  method_call,  // text: the method; children: the object, then the arguments
  index,        // text: the key when it is known by its text, else ""; children: the object (and the key)
  concat,       // children: the operands of a .. b .. c
  operation,    // any other operator: text; children: the operands
};

struct Node {
  NodeKind kind = NodeKind::constant;
  Place at;
  std::string text = {};
  std::vector<int> children = {};
  std::vector<std::string> keys = {};  // table
  int local = none;                    // name
  int function = none;                 // function: its own number
  int within = 0;                      // number of the function that holds the node; 0 is the file itself
  bool conditional = false;            // below an if or a loop of that function
  bool computed = false;               // index: the key is an expression
  Place content = {};                  // string: where its first character stands
  bool verbatim = false;               // string
};

struct Local {
  std::string name;
  int within = 0;         // the function that declares it
  int value = none;       // the node it starts with, when there is exactly one
  int parameter = none;   // its place among the parameters of `within`, from 0
  bool assigned = false;  // gets another value later
};

struct Function {
  int node = none;                   // none for the file itself
  int within = none;                 // the function around it
  std::vector<int> parameters = {};  // locals
};

struct Assignment {
  int target = none;  // a name or an index
  int value = none;   // none when several are assigned at once
};

struct Syntax {
  std::vector<Node> nodes;
  std::vector<Local> locals;
  std::vector<Function> functions;  // 0 is the file itself
  std::vector<Assignment> assignments;
  std::vector<int> iterated;  // what a generic `for` goes through

  Node const& operator[](int node) const { return nodes[static_cast<std::size_t>(node)]; }
  Local const& local(int number) const { return locals[static_cast<std::size_t>(number)]; }
  Function const& function(int number) const { return functions[static_cast<std::size_t>(number)]; }
  // Of a table: the value of `key`, none when it has no such.
  int field(int table, std::string_view key) const;
  // A global of that name?
  bool is_global(int node, std::string_view name) const;
  // The node behind a local that keeps its first value, followed to the end; the node itself otherwise.
  int resolved(int node) const;
};

// Reads text that Lua has compiled: nesting is then bounded by Lua's own limit. nullopt for text that this
// reader does not understand, which Lua's limits make unlikely and a rule must not guess about.
std::optional<Syntax> read_lua(std::string_view source);

}  // namespace scripting
