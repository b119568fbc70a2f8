#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/value.hpp"

struct lua_State;

namespace scripting {

struct World;

enum class Effect { read, write, destructive, outage };
std::string_view to_string(Effect effect);

// Types of parameters, the same in Lua, on the command line and in help.
enum class Type { text, integer, number, boolean, selection, tenant, server, path, list, table, result, any };
std::string_view to_string(Type type);

struct Parameter {
  std::string name;
  Type type = Type::text;
  bool required = false;
  bool positional = false;   // may be given by position in Lua and on the command line
  std::string default_text;  // for help; empty: none
  std::string brief;         // with the unit, if it has one
};

// Stands among the values of a call for an argument that is a result.
inline constexpr char const* given_as_result = "<result>";

// Checked arguments of one call: only declared names, of the declared types.
class Arguments {
 public:
  Value self;  // TenantRef, TenantsRef, ServerRef, ServersRef, or monostate for a singleton object
  std::shared_ptr<Rows const> rows;  // the receiver of a method of `result`

  bool has(std::string const& name) const { return values_.count(name) > 0; }
  std::string text(std::string const& name, std::string fallback = {}) const;
  double number(std::string const& name, double fallback = 0) const;
  std::int64_t integer(std::string const& name, std::int64_t fallback = 0) const;
  bool boolean(std::string const& name, bool fallback = false) const;
  std::vector<std::string> list(std::string const& name) const;
  Json const& json(std::string const& name) const;  // null when absent
  // The tenants that a parameter of type selection means; all of them when absent.
  fleet::Selection selection(std::string const& name) const;
  void set(std::string const& name, Json value) { values_[name] = std::move(value); }
  void set_selection(std::string const& name, fleet::Selection selection);
  // What was given for a parameter of type result; nullptr when absent.
  std::shared_ptr<Rows const> result(std::string const& name) const;
  void set_result(std::string const& name, std::shared_ptr<Rows const> given);
  std::map<std::string, Json> const& all() const { return values_; }

 private:
  std::map<std::string, Json> values_;
  std::map<std::string, fleet::Selection> selections_;
  std::map<std::string, std::shared_ptr<Rows const>> results_;
};

// What stands before the colon: `tenants` (or a filtered part of it), one tenant, or either. The methods of
// one tenant are rows of the object "tenants", those of one server rows of "servers".
enum class Receiver { collection, member, both };

// One row of the registry: the only place where a method is described. help(), completion, the command line,
// the man page and the editor's annotations are made from it; a test fails on an empty field and runs every
// example.
struct Method {
  std::string object = {};  // "tenants"
  std::string name = {};    // "query"
  Effect effect = Effect::read;
  std::vector<Parameter> parameters = {};
  std::string returns = {};               // "result: columns tenant, …"
  std::string errors = {};                // "refused when the statement is no read; connect per tenant"
  std::string brief = {};                 // at most three sentences
  std::string example = {};               // one runnable Lua line
  std::vector<std::string> aliases = {};  // short forms on the command line: "query", "migrate up"
  Receiver receiver = Receiver::collection;
  bool command_line = true;  // offered as `tenantsh OBJECT METHOD`
  bool io = true;            // false: asks no server and no disk, so a runbook may call it while loading
  bool asks = true;          // false: the guard asks nothing (it writes the local file it was given)
  bool streams = false;      // its rows may go to World::printing as they come
  bool own_plan = false;     // makes its own plan of `plan = true`
  // Does it. Called on the interpreter's thread, only after the gate and the guard agreed.
  std::function<Answer(World&, Arguments const&)> run = {};
  // The exact SQL or commands it would send, for plans; required for every effect but read. Empty: it would
  // do nothing, which is not asked about.
  std::function<std::vector<std::string>(World&, Arguments const&)> describe = {};
  // Instead of `run` where the value lives in Lua only (a list of exact numerics, an iterator): pushes its
  // results and returns how many. Such a row is not offered on the command line.
  int (*native)(lua_State*, World&, Arguments const&) = nullptr;
};

// An object of the language, in help order.
struct Object {
  std::string name;  // "tenants"
  std::string brief;
  bool global = true;  // false for `result`, which methods return
  std::string call =
      {};  // the method that calling the object means: sql("select 1") is sql:query("select 1")
};

class Registry {
 public:
  void add(Object object);
  void add(Method method);
  Method const* find(std::string_view object, std::string_view name) const;
  Method const* find_alias(std::string_view words) const;
  Object const* find_object(std::string_view name) const;
  std::vector<std::string> method_names(std::string_view object) const;
  std::deque<Method> const& all() const { return methods_; }
  std::vector<Object> const& objects() const { return objects_; }

 private:
  std::vector<Object> objects_;
  std::deque<Method> methods_;  // a deque: the interpreter keeps pointers to rows
};

// Checks `given` against the row: unknown names list the known ones and suggest the nearest; types are
// converted from text (command line) or checked (Lua). Every method with an effect also takes `plan`
// (boolean: say what it would do) and `reason` (text, for the audit row). Throws Error{usage}.
Arguments check_arguments(Method const& method, Value self, std::map<std::string, Json> const& given);

// The choke point of every call, from Lua and from the command line: gate, guard, then Method::run.
//   loading   Error{refused} unless the method does no I/O
//   reading   Error{refused} unless its effect is read
//   planning  reads run; an effect is recorded in the gate and answers Unknown
//   open      runs: the step that surrounds it was confirmed
//   free      a write asks in an environment guarded by `confirm` or `protected` (Settings::yes answers); a
//             destructive method wants its subject typed (Settings::confirm answers) in every environment; a
//             protected environment wants to be armed or a reason
// With plan = true nothing runs: the answer is a result with the column `statement`, ended = pending.
Answer call(World& world, Method const& method, Arguments const& arguments);
// The half of call() that decides: nullopt when the method may run, else the answer in its place.
std::optional<Answer> permit(World& world, Method const& method, Arguments const& arguments);

}  // namespace scripting
