#include "scripting/binding.hpp"

#include <array>

#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr std::array all_kinds{
    ErrorKind::usage,       ErrorKind::config,   ErrorKind::not_found, ErrorKind::connect, ErrorKind::sql,
    ErrorKind::refused,     ErrorKind::declined, ErrorKind::in_doubt,  ErrorKind::locked,  ErrorKind::pending,
    ErrorKind::interrupted, ErrorKind::io,       ErrorKind::tool,      ErrorKind::failed};

ErrorKind parse_kind(std::string_view text) {
  for (ErrorKind kind : all_kinds)
    if (fleet::to_string(kind) == text) return kind;
  return ErrorKind::failed;
}

struct Field {
  char const* name;
  std::string Error::*text;
};
constexpr std::array fields{Field{"message", &Error::message},       Field{"sqlstate", &Error::sqlstate},
                            Field{"detail", &Error::detail},         Field{"hint", &Error::hint},
                            Field{"constraint", &Error::constraint}, Field{"server", &Error::server},
                            Field{"tenant", &Error::tenant},         Field{"statement", &Error::statement}};

// The text at `key` of the table at `index`, "" when there is none.
std::string field_text(lua_State* lua, int index, char const* key) {
  lua_getfield(lua, index, key);
  std::string text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "";
  lua_pop(lua, 1);
  return text;
}

Error wrong_type(lua_State* lua, int index, std::string_view what, std::string_view wanted) {
  return Error{ErrorKind::usage,
               std::string{what} + " must be " + std::string{wanted} + ", not " + type_text(lua, index)};
}

int error_index(lua_State* lua) {
  auto& error = *test_object<Error>(lua, 1);
  std::string_view key = to_text(lua, 2, "an error's field");
  if (key == "kind") {
    push_text(lua, fleet::to_string(error.kind));
    return 1;
  }
  if (key == "position") {
    if (error.position == 0) return 0;
    lua_pushinteger(lua, error.position);
    return 1;
  }
  for (Field const& field : fields) {
    if (key != field.name) continue;
    if ((error.*field.text).empty()) return 0;
    push_text(lua, error.*field.text);
    return 1;
  }
  throw Error{ErrorKind::usage, "an error has no field \"" + std::string{key} +
                                    "\"; it has: message kind sqlstate detail hint constraint server tenant "
                                    "statement position"};
}

int error_text(lua_State* lua) {
  push_text(lua, test_object<Error>(lua, 1)->message);
  return 1;
}

int error_concat(lua_State* lua) {
  push_text(lua, display_text(lua, 1) + display_text(lua, 2));
  return 1;
}

void make_error_type(lua_State* lua) {
  constexpr luaL_Reg functions[] = {{"__index", guarded<error_index>},
                                    {"__tostring", guarded<error_text>},
                                    {"__concat", guarded<error_concat>},
                                    {nullptr, nullptr}};
  new_type<Error>(lua, functions);
}

}  // namespace

int run_guarded(lua_State* lua, LuaFunction function) {
  try {
    state_of(lua).interruption.check();
    return function(lua);
  } catch (std::exception const& exception) {
    luaL_checkstack(lua, 4, nullptr);
    if (auto const* error = dynamic_cast<Error const*>(&exception))
      push_error(lua, *error);
    else
      push_error(lua, Error{ErrorKind::failed, exception.what()});
  }
  return lua_error(lua);
}

void push_error(lua_State* lua, Error const& error) {
  if (luaL_getmetatable(lua, LuaType<Error>::name) == LUA_TNIL) make_error_type(lua);
  lua_pop(lua, 1);
  push_object(lua, error);
}

Error to_error(lua_State* lua, int index) {
  if (auto const* error = test_object<Error>(lua, index)) return *error;
  if (!lua_istable(lua, index)) return Error{ErrorKind::failed, display_text(lua, index)};
  index = absolute(lua, index);
  Error error{parse_kind(field_text(lua, index, "kind")), ""};
  for (Field const& field : fields) error.*field.text = field_text(lua, index, field.name);
  if (error.message.empty()) error.message = display_text(lua, index);
  return error;
}

std::string_view to_text(lua_State* lua, int index, std::string_view what) {
  if (lua_type(lua, index) != LUA_TSTRING) throw wrong_type(lua, index, what, "text");
  std::size_t length = 0;
  char const* text = lua_tolstring(lua, index, &length);
  return {text, length};
}

bool to_boolean(lua_State* lua, int index, std::string_view what) {
  if (!lua_isboolean(lua, index)) throw wrong_type(lua, index, what, "true or false");
  return lua_toboolean(lua, index) != 0;
}

std::int64_t to_integer(lua_State* lua, int index, std::string_view what) {
  int exact = 0;
  lua_Integer value = lua_type(lua, index) == LUA_TNUMBER ? lua_tointegerx(lua, index, &exact) : 0;
  if (!exact) throw wrong_type(lua, index, what, "an integer");
  return value;
}

std::string display_text(lua_State* lua, int index) {
  luaL_checkstack(lua, 4, nullptr);
  std::size_t length = 0;
  char const* text = luaL_tolstring(lua, index, &length);
  std::string copy{text, length};
  lua_pop(lua, 1);
  return copy;
}

std::string type_text(lua_State* lua, int index) {
  switch (lua_type(lua, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return "nil";
    case LUA_TSTRING: return "text";
    case LUA_TNUMBER: return lua_isinteger(lua, index) ? "an integer" : "a number";
    case LUA_TUSERDATA: {
      std::string name = "userdata";
      if (luaL_getmetafield(lua, index, "__name") != LUA_TNIL) {
        if (lua_type(lua, -1) == LUA_TSTRING) name = lua_tostring(lua, -1);
        lua_pop(lua, 1);
      }
      std::size_t dot = name.find('.');
      return "a " + (dot == std::string::npos ? name : name.substr(dot + 1));
    }
    default: return "a " + std::string{luaL_typename(lua, index)};
  }
}

int absolute(lua_State* lua, int index) { return lua_absindex(lua, index); }

void new_metatable(lua_State* lua, char const* name, luaL_Reg const* functions, LuaFunction destroy) {
  luaL_newmetatable(lua, name);
  luaL_setfuncs(lua, functions, 0);
  lua_pushcfunction(lua, destroy);
  lua_setfield(lua, -2, "__gc");
  lua_pushstring(lua, name);
  lua_setfield(lua, -2, "__metatable");
  lua_pop(lua, 1);
}

}  // namespace scripting
