#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/value.hpp"

namespace scripting {

struct World;

enum class Effect { read, write, destructive, outage };
std::string_view to_string(Effect effect);

// Types of parameters, the same in Lua, on the command line and in help.
enum class Type { text, integer, number, boolean, selection, tenant, server, path, list, table, any };
std::string_view to_string(Type type);

struct Parameter {
  std::string name;
  Type type = Type::text;
  bool required = false;
  bool positional = false;     // may be given by position in Lua and on the command line
  std::string default_text;    // for help; empty: none
  std::string brief;           // with the unit, if it has one
};

// Checked arguments of one call: only declared names, of the declared types.
class Arguments {
 public:
  Value self;  // TenantRef, TenantsRef, ServerRef, ServersRef, or monostate for a singleton object

  bool has(std::string const& name) const { return values_.count(name) > 0; }
  std::string text(std::string const& name, std::string fallback = {}) const;
  std::int64_t integer(std::string const& name, std::int64_t fallback = 0) const;
  bool boolean(std::string const& name, bool fallback = false) const;
  std::vector<std::string> list(std::string const& name) const;
  Json const& json(std::string const& name) const;  // null when absent
  void set(std::string const& name, Json value) { values_[name] = std::move(value); }
  std::map<std::string, Json> const& all() const { return values_; }

 private:
  std::map<std::string, Json> values_;
};

// One row of the registry: the only place where a method is described. help(), completion, the command line,
// the man page and the editor's annotations are made from it; a test fails on an empty field and runs every
// example.
struct Method {
  std::string object;                  // "tenants"
  std::string name;                    // "query"
  Effect effect = Effect::read;
  std::vector<Parameter> parameters;
  std::string returns;                 // "result: columns tenant, …"
  std::string errors;                  // "refused when the statement is no read; connect per tenant"
  std::string brief;                   // at most three sentences
  std::string example;                 // one runnable Lua line
  std::vector<std::string> aliases;    // short forms on the command line: "query", "migrate up"
  bool command_line = true;            // offered as `tenantsh OBJECT METHOD`
  // Does it. Called on the interpreter's thread, only after the gate and the guard agreed.
  std::function<Answer(World&, Arguments const&)> run;
  // The exact SQL or commands it would send, for plans; required for every effect but read.
  std::function<std::vector<std::string>(World&, Arguments const&)> describe;
};

class Registry {
 public:
  void add(Method method);
  Method const* find(std::string_view object, std::string_view name) const;
  Method const* find_alias(std::string_view words) const;
  std::vector<Method> const& all() const { return methods_; }

 private:
  std::vector<Method> methods_;
};

// Checks `given` against the row: unknown names list the known ones and suggest the nearest; types are
// converted from text (command line) or checked (Lua). Throws Error{usage}.
Arguments check_arguments(Method const& method, Value self, std::map<std::string, Json> const& given);

// The choke point of every call, from Lua and from the command line: gate, guard, then Method::run.
Answer call(World& world, Method const& method, Arguments const& arguments);

}  // namespace scripting
