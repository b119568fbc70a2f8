// The head of a runbook: brief, inputs, locks.

#include <fmt/format.h>

#include <algorithm>

#include "scripting/conversion.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_body.hpp"
#include "scripting/runbook_steps.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::Json;

constexpr char const* type_key = "input type";
constexpr char const* order_key = "input order";

runbooks::InputType input_type(std::string_view name) {
  using enum runbooks::InputType;
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret})
    if (runbooks::to_string(type) == name) return type;
  throw Error{ErrorKind::usage, fmt::format("no input type \"{}\"", name)};
}

int describe_input(lua_State* lua) {
  if (lua_isnoneornil(lua, 1))
    lua_newtable(lua);
  else
    lua_pushvalue(lua, 1);
  int const description = lua_gettop(lua);
  std::string const type{to_text(lua, lua_upvalueindex(1), "input")};
  std::vector<std::string> known = {"default", "help", "optional", "check"};
  if (type == "tenant") known.emplace_back("status");
  if (type == "enum")
    for (lua_Integer i = 1; i <= luaL_len(lua, description); ++i) known.push_back(fmt::format("[{}]", i));
  refuse_unknown_keys(lua, description, "input." + type, known);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_setfield(lua, description, type_key);
  auto const number = static_cast<lua_Integer>(lua_rawlen(lua, lua_upvalueindex(2))) + 1;
  lua_pushinteger(lua, number);
  lua_rawseti(lua, lua_upvalueindex(2), number);  // the list shared by all types counts
  lua_pushinteger(lua, number);
  lua_setfield(lua, description, order_key);
  lua_pushvalue(lua, description);
  return 1;
}

int no_such_input_type(lua_State* lua) {
  std::string const name = display_text(lua, 2);
  std::vector<std::string> known;
  using enum runbooks::InputType;
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret})
    known.emplace_back(runbooks::to_string(type));
  std::string const near = fleet::nearest(name, known);
  throw Error{ErrorKind::usage,
              fmt::format("there is no input.{}; there are: {}", name, fmt::join(known, ", "))}
      .with_hint(near.empty() ? "" : fmt::format("did you mean input.{}?", near));
}

void read_words(lua_State* lua, int index, std::vector<std::string>& words) {
  for (lua_Integer i = 1; i <= luaL_len(lua, index); ++i) {
    lua_geti(lua, index, i);
    words.emplace_back(to_text(lua, -1, "value"));
    lua_pop(lua, 1);
  }
}

// A function of the head looks and says; what it tries to write is refused, also behind a pcall.
template <class Call>
auto called_reading(Body const& body, Call const& call) {
  runbooks::Gate& gate = state_of(body.lua).world.gate;
  runbooks::Gate::Scope reading{gate, runbooks::GateState::reading};
  auto result = call();
  if (std::string const refusal = gate.take_refusal(); !refusal.empty())
    throw Error{ErrorKind::refused, fmt::format("{}: {}", body.what, refusal)};
  return result;
}

// An operator may name a command that knows the secret, on the command line or in tenantsh.toml; a script
// that named one could run anything, in a plan too.
Json without_command(lua_State* lua, std::string const& name, Json value) {
  if (!value.is_string() || !value.get_ref<std::string const&>().starts_with("exec:")) return value;
  auto const& first_server = state_of(lua).world.fleet.environment().first_server;
  if (first_server && value == first_server->admin_secret_ref) return value;
  throw Error{ErrorKind::refused, fmt::format("input {}: a script cannot name a command", name)}.with_hint(
      fmt::format("whoever runs it gives --input {}=exec:…", name));
}

runbooks::Input read_input(lua_State* lua, int index, std::string const& name,
                           runbooks::Runbook const& runbook) {
  runbooks::Input input;
  input.name = name;
  std::string const what = "input " + name;
  std::string const type = lua_istable(lua, index) ? text_field(lua, index, type_key, what) : "";
  if (type.empty())
    throw Error{ErrorKind::usage, fmt::format("{} is no input", what)}.with_hint(
        fmt::format("write {} = input.text {{ help = \"…\" }}", name));
  input.type = input_type(type);
  input.help = text_field(lua, index, "help", what);
  input.required = !flag_field(lua, index, "optional", what);
  if (input.type == runbooks::InputType::enumeration) read_words(lua, index, input.values);
  lua_getfield(lua, index, "status");
  if (lua_istable(lua, -1)) read_words(lua, lua_gettop(lua), input.values);
  lua_pop(lua, 1);
  bool const secret = input.type == runbooks::InputType::secret;
  lua_getfield(lua, index, "default");
  if (lua_isfunction(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": default");
    input.default_from = [body, name, secret](Json const& settled) {
      Json value = called_reading(body, [&] {
        StackGuard guard{body.lua};
        body.function->push(body.lua);
        push_json(body.lua, settled);
        protected_call(body.lua, 1, 1);
        return to_json(body.lua, -1);
      });
      return secret ? without_command(body.lua, name, std::move(value)) : value;
    };
  } else if (!lua_isnil(lua, -1)) {
    input.default_value = to_json(lua, lua_gettop(lua));
    if (secret) input.default_value = without_command(lua, name, std::move(input.default_value));
  }
  lua_pop(lua, 1);
  lua_getfield(lua, index, "check");
  if (!lua_isnil(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": check");
    input.check = [body](Json const& value) {
      return called_reading(body, [&] {
        StackGuard guard{body.lua};
        body.function->push(body.lua);
        push_json(body.lua, value);
        protected_call(body.lua, 1, 1);
        return lua_isnil(body.lua, -1) || (lua_isboolean(body.lua, -1) && lua_toboolean(body.lua, -1) != 0)
                   ? std::string{}
                   : display_text(body.lua, -1);
      });
    };
  }
  lua_pop(lua, 1);
  return input;
}

// Lua tables have no order, but a constructor's fields are evaluated as they stand: each description carries
// its number, so that inputs are asked for in the order in which the file names them.
std::vector<std::string> in_source_order(lua_State* lua, int inputs) {
  std::vector<std::pair<lua_Integer, std::string>> numbered;
  for (std::string const& name : keys_of(lua, inputs)) {
    lua_getfield(lua, inputs, name.c_str());
    lua_Integer number = 0;
    if (lua_istable(lua, -1)) {
      lua_getfield(lua, -1, order_key);
      number = lua_tointeger(lua, -1);
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    numbered.emplace_back(number, name);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> names;
  for (auto& [number, name] : numbered) names.push_back(std::move(name));
  return names;
}

}  // namespace

void read_runbook_head(lua_State* lua, int index, runbooks::Runbook& runbook) {
  std::string const what = "runbook " + runbook.name;
  refuse_unknown_keys(lua, index, what, {"brief", "inputs", "locks", "approvals", "approval_valid"});
  runbook.brief = text_field(lua, index, "brief", what);
  runbook.approvals = count_field(lua, index, "approvals", what);
  if (auto const valid = interval_field(lua, index, "approval_valid", what)) runbook.approval_valid = *valid;
  lua_getfield(lua, index, "inputs");
  if (!lua_isnil(lua, -1)) {
    if (!lua_istable(lua, -1)) throw Error{ErrorKind::usage, what + ": inputs is a table of input.TYPE{…}"};
    int const inputs = lua_gettop(lua);
    for (std::string const& name : in_source_order(lua, inputs)) {
      lua_getfield(lua, inputs, name.c_str());
      runbook.inputs.push_back(read_input(lua, lua_gettop(lua), name, runbook));
      lua_pop(lua, 1);
    }
  }
  lua_pop(lua, 1);
  lua_getfield(lua, index, "locks");
  if (!lua_isnil(lua, -1)) {
    Body body = take_function(lua, lua_gettop(lua), runbook, what + ": locks");
    runbook.locks = [body](runbooks::RunView const& view) {
      Json const objects = call_for_json(body, view, nullptr);
      std::vector<std::string> names;
      for (Json const& object : objects) names.push_back(object.get<std::string>());
      return names;
    };
  }
  lua_pop(lua, 1);
}

void push_input_types(lua_State* lua) {
  using enum runbooks::InputType;
  lua_newtable(lua);
  lua_newtable(lua);
  for (auto type : {text, number, boolean, enumeration, tenant, server, selection, path, interval, secret}) {
    push_text(lua, runbooks::to_string(type));
    lua_pushvalue(lua, -2);
    lua_pushcclosure(lua, guarded<describe_input>, 2);
    lua_setfield(lua, -3, std::string{runbooks::to_string(type)}.c_str());
  }
  lua_pop(lua, 1);
  lua_newtable(lua);
  lua_pushcfunction(lua, guarded<no_such_input_type>);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

}  // namespace scripting
