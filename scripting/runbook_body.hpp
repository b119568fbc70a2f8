#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runbooks/engine/runbook.hpp"
#include "scripting/binding.hpp"

// The functions and fields of a runbook's tables: read while the file is loaded, called while it runs.
namespace scripting {

// A Lua function kept for the life of the interpreter, with what it needs to be called.
struct Body {
  std::shared_ptr<Kept> function;
  lua_State* lua = nullptr;
  runbooks::Runbook const* runbook = nullptr;
  std::string what;  // "step \"x\": probe", for messages

  explicit operator bool() const { return function != nullptr; }
};

struct StackGuard {
  lua_State* lua;
  int top;
  explicit StackGuard(lua_State* state) : lua(state), top(lua_gettop(state)) {}
  ~StackGuard() { lua_settop(lua, top); }
};

// What a body is called with: (run, db), (run, outputs, db) or (db, run).
enum class BodyOrder { run_first, database_first };

// Calls it and leaves its results on the stack; returns how many.
int call_body(Body const& body, runbooks::RunView const& view, runbooks::Json const* outputs,
              fleet::Session* session, BodyOrder order = BodyOrder::run_first);
// Its first result as JSON; null when it is unknown (in a plan) or missing.
runbooks::Json call_for_json(Body const& body, runbooks::RunView const& view, fleet::Session* session,
                             BodyOrder order = BodyOrder::run_first);

// Error{usage} when there is no function.
Body take_function(lua_State* lua, int index, runbooks::Runbook const& runbook, std::string const& what);
// What the function is made of: its own lines and, through its upvalues, those of every local function and
// the value of every local constant that it uses. A changed helper changes it, a moved function does not.
std::string source_of(lua_State* lua, int index, std::vector<std::string> const& lines);

std::vector<std::string> keys_of(lua_State* lua, int index);
// Error{usage} that lists the known ones and names the nearest.
void refuse_unknown_keys(lua_State* lua, int index, std::string const& what,
                         std::vector<std::string> const& known);
std::string text_field(lua_State* lua, int index, char const* key, std::string const& what);
// "30s", "15m"; nullopt when the field is not there.
std::optional<std::chrono::milliseconds> interval_field(lua_State* lua, int index, char const* key,
                                                        std::string const& what);
// A whole number from 0 on; 0 when the field is not there.
int count_field(lua_State* lua, int index, char const* key, std::string const& what);
bool flag_field(lua_State* lua, int index, char const* key, std::string const& what);

}  // namespace scripting
