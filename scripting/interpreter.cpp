#include "scripting/interpreter.hpp"

#include <algorithm>

#include "scripting/conversion.hpp"
#include "scripting/globals.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// Restores the stack's height whatever happens.
class Balance {
 public:
  explicit Balance(lua_State* lua) : lua_(lua), top_(lua_gettop(lua)) {}
  ~Balance() { lua_settop(lua_, top_); }
  Balance(Balance const&) = delete;
  Balance& operator=(Balance const&) = delete;
  int top() const { return top_; }

 private:
  lua_State* lua_;
  int top_;
};

// Remembers where in Lua an error arose, for scripts of more than a line.
int note_where(lua_State* lua) {
  lua_Debug at{};
  for (int level = 1; lua_getstack(lua, level, &at); ++level) {
    lua_getinfo(lua, "Sl", &at);
    if (at.currentline <= 0) continue;
    state_of(lua).raised_at = std::string{at.short_src} + ":" + std::to_string(at.currentline);
    break;
  }
  return 1;
}

Error take_error(lua_State* lua) {
  Error error = to_error(lua, -1);
  lua_pop(lua, 1);
  return error;
}

int compile(lua_State* lua, std::string_view code, std::string const& chunk_name) {
  return luaL_loadbufferx(lua, code.data(), code.size(), ("=" + chunk_name).c_str(), "t");
}

// The parser stopped at the end of the text; its message is on top of the stack.
bool ended_early(lua_State* lua) { return std::string_view{lua_tostring(lua, -1)}.ends_with("<eof>"); }

void set_environment(lua_State* lua, int environment) {
  if (environment == 0) return;
  lua_pushvalue(lua, environment);
  if (!lua_setupvalue(lua, -2, 1)) lua_pop(lua, 1);
}

Error syntax_error(lua_State* lua) {
  Error error = take_error(lua);
  error.kind = ErrorKind::usage;
  return error;
}

int run_work(lua_State* lua) {
  (*static_cast<std::function<void(lua_State*)>*>(lua_touserdata(lua, lua_upvalueindex(1))))(lua);
  return 0;
}

// An expression, else a statement. Of the two syntax errors the one that came further is told.
void push_entry(lua_State* lua, std::string_view code, std::string const& chunk_name) {
  if (compile(lua, "return " + std::string{code}, chunk_name) == LUA_OK) return;
  bool unfinished = ended_early(lua);
  if (compile(lua, code, chunk_name) == LUA_OK) {
    lua_remove(lua, -2);  // the first error
    return;
  }
  if (unfinished) lua_pop(lua, 1);
  throw syntax_error(lua);
}

// The value on top of the stack and what was noted on the way to it. Converting may call metamethods of the
// script.
Answer take_answer(lua_State* lua, Interpreter::State& state) {
  Answer answer;
  protect(lua, 1, [&](lua_State* inside) { answer = answer_of(inside, 1); });
  answer.notes = std::exchange(state.notes, {});
  if (auto ended = std::exchange(state.ended, std::nullopt); ended && !answer.ended) answer.ended = ended;
  return answer;
}

}  // namespace

Interpreter::State& state_of(lua_State* lua) {
  return **static_cast<Interpreter::State**>(lua_getextraspace(lua));
}

void protected_call(lua_State* lua, int arguments, int results) {
  Interruption::Scope scope{state_of(lua).interruption, lua};
  int below = lua_gettop(lua) - arguments - 1;
  lua_pushcfunction(lua, note_where);
  lua_insert(lua, below + 1);
  state_of(lua).raised_at.clear();
  int status = lua_pcall(lua, arguments, results, below + 1);
  lua_remove(lua, below + 1);
  if (status != LUA_OK) throw take_error(lua);
}

void protect(lua_State* lua, int arguments, std::function<void(lua_State*)> const& work) {
  lua_pushlightuserdata(lua, const_cast<std::function<void(lua_State*)>*>(&work));
  lua_pushcclosure(lua, guarded<run_work>, 1);
  lua_insert(lua, -arguments - 1);
  protected_call(lua, arguments, 0);
}

// As luaL_loadfilex does: a byte order mark goes, a first line that begins with # becomes an empty one.
std::string_view without_preamble(std::string_view code) {
  if (code.starts_with("\xEF\xBB\xBF")) code.remove_prefix(3);
  if (code.starts_with('#')) code.remove_prefix(std::min(code.find_first_of("\r\n"), code.size()));
  return code;
}

void push_chunk(lua_State* lua, std::string_view code, std::string const& chunk_name, int environment) {
  if (environment != 0) environment = absolute(lua, environment);
  if (compile(lua, without_preamble(code), chunk_name) != LUA_OK) throw syntax_error(lua);
  set_environment(lua, environment);
}

void push_file(lua_State* lua, std::filesystem::path const& file, int environment) {
  if (environment != 0) environment = absolute(lua, environment);
  switch (luaL_loadfilex(lua, file.c_str(), "t")) {
    case LUA_OK: break;
    case LUA_ERRFILE: {
      Error error = take_error(lua);
      error.kind = ErrorKind::not_found;
      throw error;
    }
    default: throw syntax_error(lua);
  }
  set_environment(lua, environment);
}

Interpreter::Interpreter(World& world, Registry const& registry)
    : state_(new State{.world = world, .registry = registry}) {
  lua_State* lua = luaL_newstate();
  if (!lua) throw std::bad_alloc{};
  state_->lua = lua;
  *static_cast<State**>(lua_getextraspace(lua)) = state_.get();
  open_globals(lua);
  world.lua = lua;
}

Interpreter::~Interpreter() {
  state_->world.lua = nullptr;
  lua_close(state_->lua);
}

void Interpreter::interrupt() noexcept { state_->interruption.request(); }

void Interpreter::forget_interrupt() noexcept { state_->interruption.forget(); }

bool Interpreter::incomplete(std::string_view code) const {
  lua_State* lua = state_->lua;
  Balance balance{lua};
  if (compile(lua, "return " + std::string{code}, "incomplete") == LUA_OK) return false;
  bool expression_ended = ended_early(lua);
  if (compile(lua, code, "incomplete") == LUA_OK) return false;
  return expression_ended || ended_early(lua);
}

bool Interpreter::malformed(std::string_view code) const {
  lua_State* lua = state_->lua;
  Balance balance{lua};
  if (compile(lua, "return " + std::string{code}, "malformed") == LUA_OK || ended_early(lua)) return false;
  return compile(lua, code, "malformed") != LUA_OK && !ended_early(lua);
}

Answer Interpreter::evaluate(std::string_view code, std::string const& chunk_name) {
  lua_State* lua = state_->lua;
  Balance balance{lua};
  Interruption::Scope scope{state_->interruption, lua};
  if (state_->world.interrupt.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted"};
  push_entry(lua, code, chunk_name);
  protected_call(lua, 0, LUA_MULTRET);
  int count = lua_gettop(lua) - balance.top();
  if (count == 0) {
    lua_pushnil(lua);
    count = 1;
  }
  for (int i = 0; i < count - 1; ++i) {
    lua_pushvalue(lua, balance.top() + 1 + i);
    protect(lua, 1, [](lua_State* inside) { show_value(inside, 1); });
  }
  return take_answer(lua, *state_);
}

Answer Interpreter::run_file(std::filesystem::path const& file, std::vector<std::string> const& arguments) {
  lua_State* lua = state_->lua;
  Balance balance{lua};
  Interruption::Scope scope{state_->interruption, lua};
  push_file(lua, file);
  lua_createtable(lua, static_cast<int>(arguments.size()), 1);
  push_text(lua, file.native());
  lua_rawseti(lua, -2, 0);
  luaL_checkstack(lua, static_cast<int>(arguments.size()) + 4, "too many arguments");
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    push_text(lua, arguments[i]);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_setglobal(lua, "arg");
  for (std::string const& argument : arguments) push_text(lua, argument);
  try {
    protected_call(lua, static_cast<int>(arguments.size()), 1);
  } catch (Error& error) {
    if (error.detail.empty() && error.message.find(state_->raised_at) == std::string::npos)
      error.detail = "at " + state_->raised_at;
    throw;
  }
  return take_answer(lua, *state_);
}

}  // namespace scripting
