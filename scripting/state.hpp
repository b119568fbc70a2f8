#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scripting/binding.hpp"
#include "scripting/interpreter.hpp"
#include "scripting/interruption.hpp"

// What the binding files and the runbook loader share of the interpreter. Included in scripting/ only.
namespace scripting {

struct Interpreter::State {
  World& world;
  Registry const& registry;
  lua_State* lua = nullptr;
  Interruption interruption;
  std::vector<std::string> notes;         // of the calls since the last value went up
  std::optional<fleet::ErrorKind> ended;  // of values that were not results (those carry their own)
  std::string raised_at;                  // "audit.lua:12" of the last uncaught error
};

// Found from any lua_State, coroutines included.
Interpreter::State& state_of(lua_State* lua);

// Calls the function below `arguments` values; leaves `results` values (LUA_MULTRET: all of them) in their
// place. Throws the Lua error as fleet::Error, C++ fields intact, with the stack as it was below the
// function.
void protected_call(lua_State* lua, int arguments, int results);

// Runs C++ that uses Lua where a Lua error has nobody to catch it: `work` finds the top `arguments` values of
// this stack at 1, 2, …; they are gone afterwards. Lua errors arrive as fleet::Error.
void protect(lua_State* lua, int arguments, std::function<void(lua_State*)> const& work);

// Compiles text or a file (a first line #! is skipped; binary chunks are refused) and leaves the function on
// the stack. `environment`: stack index of its globals, 0 for the interpreter's. Error{usage} for a syntax
// error, Error{not_found} for a file that cannot be read.
void push_chunk(lua_State* lua, std::string_view code, std::string const& chunk_name, int environment = 0);
void push_file(lua_State* lua, std::filesystem::path const& file, int environment = 0);

// A fresh table of globals for a runbook: tenantsh's objects and copies of string, table, math, utf8 and the
// harmless base functions; pairs() goes in key order, so that two runs see the same tree. No io, os, debug,
// load, randomness. Unknown names are errors that suggest the nearest; more names can be added with
// lua_setfield.
void push_runbook_environment(lua_State* lua);

// Renders a value now, with the notes so far (World::show).
void show_value(lua_State* lua, int index);

// One call of a method row from Lua: receiver at stack index 1, then the arguments. Returns the number of
// results.
int call_from_lua(lua_State* lua, Method const& method);
// The function of a row: the same value each time.
void push_method(lua_State* lua, Method const& method);
// A method of `shell` as a function of its own: help, show, confirm, ask, choose.
void push_shell_word(lua_State* lua, std::string_view name);

}  // namespace scripting
