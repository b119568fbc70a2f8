#include "scripting/globals.hpp"

#include <algorithm>

#include "fleet/selection.hpp"
#include "scripting/interruption.hpp"
#include "scripting/objects.hpp"
#include "scripting/runbook_values.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// The text keys of the table at `index`.
std::vector<std::string> names_in(lua_State* lua, int index) {
  std::vector<std::string> names;
  lua_pushnil(lua);
  while (lua_next(lua, index)) {
    lua_pop(lua, 1);
    if (lua_type(lua, -1) == LUA_TSTRING) names.emplace_back(lua_tostring(lua, -1));
  }
  return names;
}

int unknown_global(lua_State* lua) {
  std::string name = display_text(lua, 2);
  std::vector<std::string> known = names_in(lua, 1);
  Error error{ErrorKind::usage, "unknown name " + name};
  std::string near = fleet::nearest(name, known);
  if (!near.empty()) throw std::move(error).with_hint("did you mean " + near + "?");
  throw std::move(error).with_hint("help() lists what there is");
}

// A new global may be made at the top level of a line or script only: inside a function it is a forgotten
// `local`.
int new_global(lua_State* lua) {
  lua_Debug caller{};
  if (lua_getstack(lua, 1, &caller) && lua_getinfo(lua, "S", &caller) &&
      std::string_view{caller.what} == "Lua")
    throw Error{ErrorKind::usage, "assignment to unknown name " + display_text(lua, 2) + " inside a function"}
        .with_hint("write local " + display_text(lua, 2) + ", or set it at the top level first");
  lua_rawset(lua, 1);
  return 0;
}

void make_strict(lua_State* lua) {
  constexpr luaL_Reg functions[] = {
      {"__index", guarded<unknown_global>}, {"__newindex", guarded<new_global>}, {nullptr, nullptr}};
  luaL_newlib(lua, functions);
  lua_pushliteral(lua, "globals");
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
}

int print(lua_State* lua) {
  std::string line;
  int count = lua_gettop(lua);
  for (int i = 1; i <= count; ++i) line += (i > 1 ? "\t" : "") + display_text(lua, i);
  state_of(lua).world.console.say(line);
  return 0;
}

// tonumber() that also takes an exact numeric, so that leaving exactness is a visible word.
int tonumber(lua_State* lua) {
  if (auto* numeric = test_object<Numeric>(lua, 1)) {
    if (!lua_stringtonumber(lua, numeric->text.c_str())) lua_pushnil(lua);
    return 1;
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

// setmetatable() of runbooks: a finalizer would run at any later time, when nobody minds the gate.
int setmetatable_unfinalized(lua_State* lua) {
  if (lua_istable(lua, 2)) {
    lua_pushliteral(lua, "__gc");
    if (lua_rawget(lua, 2) != LUA_TNIL)
      throw Error{ErrorKind::usage, "setmetatable: a runbook has no finalizers (__gc)"};
    lua_pop(lua, 1);
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

int no_next(lua_State*) { return 0; }

// ipairs() that ends at once on an unknown value, whose every element is unknown again.
int ipairs(lua_State* lua) {
  if (test_object<Unknown>(lua, 1)) {
    lua_pushcfunction(lua, no_next);
    return 1;
  }
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 3);
  return 3;
}

void replace_global(lua_State* lua, char const* name, LuaFunction function) {
  lua_getglobal(lua, name);
  lua_pushcclosure(lua, function, 1);
  lua_setglobal(lua, name);
}

void keep_only(lua_State* lua, char const* library, std::vector<std::string_view> const& kept) {
  lua_getglobal(lua, library);
  for (std::string const& name : names_in(lua, lua_gettop(lua))) {
    if (std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    lua_pushnil(lua);
    lua_setfield(lua, -2, name.c_str());
  }
  lua_pop(lua, 1);
}

// pairs() in key order: numbers first, then text, then the rest as it comes.
constexpr char ordered_pairs_source[] = R"lua(
local next, type, sort, getmetatable, tostring = next, type, table.sort, getmetatable, tostring
local plain_pairs = pairs
return function(t)
  if type(t) ~= "table" then return plain_pairs(t) end
  local keys, count = {}, 0
  for key in next, t do count = count + 1; keys[count] = key end
  sort(keys, function(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return ta < tb end
    if ta == "number" or ta == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  local at = 0
  return function()
    at = at + 1
    local key = keys[at]
    if key ~= nil then return key, t[key] end
  end
end
)lua";

char const runbook_globals = 0;  // its address is the key in Lua's registry

// Copies the table on top of the stack into the one at `target` and pops it.
void copy_into(lua_State* lua, int target) {
  lua_pushnil(lua);
  while (lua_next(lua, -2)) {
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, target);
  }
  lua_pop(lua, 1);
}

// What a runbook starts with, kept before a script can change the originals.
void keep_runbook_globals(lua_State* lua) {
  lua_newtable(lua);
  for (char const* name :
       {"assert",   "error",  "getmetatable", "ipairs",   "next",   "pcall",        "print",
        "rawequal", "rawget", "rawlen",       "rawset",   "select", "setmetatable", "tonumber",
        "tostring", "type",   "xpcall",       "_VERSION", "help",   "show"}) {
    lua_getglobal(lua, name);
    lua_setfield(lua, -2, name);
  }
  lua_getglobal(lua, "setmetatable");
  lua_pushcclosure(lua, guarded<setmetatable_unfinalized>, 1);
  lua_setfield(lua, -2, "setmetatable");
  for (Object const& object : state_of(lua).registry.objects()) {
    if (!object.global) continue;
    lua_getglobal(lua, object.name.c_str());
    lua_setfield(lua, -2, object.name.c_str());
  }
  for (char const* name : {"string", "table", "utf8", "coroutine", "math"}) {
    lua_newtable(lua);
    int copy = lua_gettop(lua);
    lua_getglobal(lua, name);
    copy_into(lua, copy);
    for (char const* chance : {"random", "randomseed"}) {
      lua_pushnil(lua);
      lua_setfield(lua, copy, chance);
    }
    lua_setfield(lua, -2, name);
  }
  luaL_loadbufferx(lua, ordered_pairs_source, sizeof(ordered_pairs_source) - 1, "=prelude", "t");
  lua_call(lua, 0, 1);
  lua_setfield(lua, -2, "pairs");
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &runbook_globals);
}

}  // namespace

void open_globals(lua_State* lua) {
  constexpr luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base},          {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
      {LUA_MATHLIBNAME, luaopen_math},    {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_OSLIBNAME, luaopen_os},
      {LUA_COLIBNAME, luaopen_coroutine},
  };
  for (luaL_Reg const& library : libraries) {
    luaL_requiref(lua, library.name, library.func, 1);
    lua_pop(lua, 1);
  }
  keep_only(lua, "os", {"time", "date", "clock", "difftime", "getenv"});
  lua_getglobal(lua, "string");
  lua_pushnil(lua);
  lua_setfield(lua, -2, "dump");
  lua_pop(lua, 1);
  for (char const* gone : {"dofile", "loadfile", "warn"}) {
    lua_pushnil(lua);
    lua_setglobal(lua, gone);
  }
  install_interruptible(lua);
  lua_register(lua, "print", guarded<print>);
  replace_global(lua, "tonumber", guarded<tonumber>);
  replace_global(lua, "ipairs", guarded<ipairs>);

  new_singleton_type(lua);
  new_run_types(lua);
  new_step_database_types(lua);
  new_unknown_type(lua);
  new_numeric_type(lua);
  new_result_types(lua);
  new_tenant_types(lua);
  new_server_types(lua);
  for (Object const& object : state_of(lua).registry.objects()) {
    if (!object.global) continue;
    if (object.name == "tenants")
      push_object(lua, Tenants{fleet::Selection::all()});
    else if (object.name == "servers")
      push_object(lua, Servers{{}});
    else
      push_object(lua, Singleton{&object});
    lua_setglobal(lua, object.name.c_str());
  }
  // Words short enough to be said without their object.
  for (char const* word : {"help", "show", "confirm", "ask", "choose"}) {
    push_shell_word(lua, word);
    lua_setglobal(lua, word);
  }
  keep_runbook_globals(lua);
  lua_pushglobaltable(lua);
  make_strict(lua);
  lua_pop(lua, 1);
}

void push_runbook_environment(lua_State* lua) {
  lua_newtable(lua);
  int environment = lua_gettop(lua);
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &runbook_globals);
  copy_into(lua, environment);
  for (std::string const& name : names_in(lua, environment)) {
    lua_getfield(lua, environment, name.c_str());
    if (lua_istable(lua, -1)) {
      lua_newtable(lua);
      lua_insert(lua, -2);
      copy_into(lua, lua_gettop(lua) - 1);
      lua_setfield(lua, environment, name.c_str());
    } else {
      lua_pop(lua, 1);
    }
  }
  lua_pushvalue(lua, environment);
  lua_setfield(lua, environment, "_G");
  make_strict(lua);
}

}  // namespace scripting
