#pragma once

#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "fleet/error.hpp"

// The vocabulary of every file that speaks with Lua: push_*, to_* (throw Error{usage} on a wrong type),
// objects, registering. The stack discipline is Lua's: push_* leaves exactly one value.
namespace scripting {

using LuaFunction = int (*)(lua_State*);

// Runs `function`, turns a C++ exception into a Lua error value after the C++ frames are gone, and stops at
// once when the interpreter was interrupted. Catches std::exception only: Lua's own errors and yields travel
// as C++ exceptions too and must pass.
int run_guarded(lua_State* lua, LuaFunction function);
// Every C function is registered as guarded<f>.
template <LuaFunction Function>
int guarded(lua_State* lua) {
  return run_guarded(lua, Function);
}

// Errors cross as a userdata that holds the whole fleet::Error; fields message, kind, sqlstate, server,
// tenant, hint, detail, constraint, statement, position (nil when empty); tostring() is the message.
void push_error(lua_State* lua, fleet::Error const& error);
// From any error value: the userdata, a table with those fields, or text (kind failed).
fleet::Error to_error(lua_State* lua, int index);

inline void push_text(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}
// Text of the value at `index`, which must be a string; `what` names it in the error: "tenants:query: sql".
std::string_view to_text(lua_State* lua, int index, std::string_view what);
bool to_boolean(lua_State* lua, int index, std::string_view what);
std::int64_t to_integer(lua_State* lua, int index, std::string_view what);
// What tostring() makes of it, metamethods included.
std::string display_text(lua_State* lua, int index);
// "text", "tenant", "nil": the type of a value as an operator would name it.
std::string type_text(lua_State* lua, int index);
int absolute(lua_State* lua, int index);

// Each C++ type that travels as userdata has one specialisation with its metatable's name.
template <class T>
struct LuaType;
template <>
struct LuaType<fleet::Error> {
  static constexpr char const* name = "tenantsh.error";
};

// A new userdata that owns `object`; its metatable must have been made by new_type<T>.
template <class T>
T& push_object(lua_State* lua, T object) {
  void* memory = lua_newuserdatauv(lua, sizeof(T), 1);
  T* made = new (memory) T(std::move(object));
  luaL_setmetatable(lua, LuaType<T>::name);
  return *made;
}

// nullptr when the value at `index` is something else.
template <class T>
T* test_object(lua_State* lua, int index) {
  return static_cast<T*>(luaL_testudata(lua, index, LuaType<T>::name));
}

template <class T>
T& to_object(lua_State* lua, int index, std::string_view what) {
  if (T* object = test_object<T>(lua, index)) return *object;
  throw fleet::Error{fleet::ErrorKind::usage, std::string{what} + " must be a " +
                                                  (LuaType<T>::name + sizeof("tenantsh.") - 1) + ", not " +
                                                  type_text(lua, index)};
}

// Registers the metatable of T with `functions` (names to guarded<f>), a __gc that ends the object and a
// __metatable that keeps scripts away from it.
void new_metatable(lua_State* lua, char const* name, luaL_Reg const* functions, LuaFunction destroy);
template <class T>
void new_type(lua_State* lua, luaL_Reg const* functions) {
  new_metatable(lua, LuaType<T>::name, functions, [](lua_State* state) {
    static_cast<T*>(lua_touserdata(state, 1))->~T();
    return 0;
  });
}

// A value kept alive in the registry for as long as this lives; the interpreter must outlive it.
class Kept {
 public:
  Kept() = default;
  // Takes the value on top of the stack off it.
  explicit Kept(lua_State* lua) : lua_(lua), reference_(luaL_ref(lua, LUA_REGISTRYINDEX)) {}
  Kept(Kept&& other) noexcept : lua_(std::exchange(other.lua_, nullptr)), reference_(other.reference_) {}
  Kept& operator=(Kept&& other) noexcept {
    std::swap(lua_, other.lua_);
    std::swap(reference_, other.reference_);
    return *this;
  }
  ~Kept() {
    if (lua_) luaL_unref(lua_, LUA_REGISTRYINDEX, reference_);
  }
  explicit operator bool() const { return lua_ != nullptr; }
  void push(lua_State* lua) const { lua_rawgeti(lua, LUA_REGISTRYINDEX, reference_); }

 private:
  lua_State* lua_ = nullptr;
  int reference_ = LUA_NOREF;
};

}  // namespace scripting
