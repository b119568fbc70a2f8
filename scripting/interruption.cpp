#include "scripting/interruption.hpp"

#include <csignal>
#include <mutex>

#include "scripting/binding.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

// Which evaluation a signal on this thread is for. A signal handler has no other way to find it.
thread_local Interruption* current = nullptr;

void stop(lua_State* lua, lua_Debug*) {
  lua_sethook(lua, nullptr, 0, 0);
  if (!state_of(lua).interruption.requested()) return;  // left over on a coroutine that yielded just then
  push_error(lua, fleet::Error{fleet::ErrorKind::interrupted, "interrupted"});
  lua_error(lua);
}

// Raises again when the error on top of the stack was caught while an interruption is on its way.
void let_pass(lua_State* lua) {
  if (!state_of(lua).interruption.requested()) return;
  push_error(lua, fleet::Error{fleet::ErrorKind::interrupted, "interrupted"});
  lua_error(lua);
}

// pcall and xpcall as in Lua's lbaselib.c, but for let_pass.
int finish_pcall(lua_State* lua, int status, lua_KContext extra) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(lua) - static_cast<int>(extra);
  let_pass(lua);
  lua_pushboolean(lua, 0);
  lua_pushvalue(lua, -2);
  return 2;
}

int pcall(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 1);
  int status = lua_pcallk(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(lua, status, 0);
}

int xpcall(lua_State* lua) {
  int count = lua_gettop(lua);
  luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_pushboolean(lua, 1);
  lua_pushvalue(lua, 1);
  lua_rotate(lua, 3, 2);
  int status = lua_pcallk(lua, count - 2, LUA_MULTRET, 2, 2, finish_pcall);
  return finish_pcall(lua, status, 2);
}

// Text only: a binary chunk can crash the interpreter, and a reader function would swallow errors.
int load(lua_State* lua) {
  std::string_view text = to_text(lua, 1, "load: the code");
  std::string name =
      lua_isnoneornil(lua, 2) ? "=load" : std::string{to_text(lua, 2, "load: the chunk's name")};
  bool own_environment = !lua_isnone(lua, 4);
  if (luaL_loadbufferx(lua, text.data(), text.size(), name.c_str(), "t") != LUA_OK) {
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
  }
  if (own_environment) {
    lua_pushvalue(lua, 4);
    if (!lua_setupvalue(lua, -2, 1)) lua_pop(lua, 1);
  }
  return 1;
}

// coroutine.resume and coroutine.close (the upvalue is the original), with the coroutine marked as running.
int in_coroutine(lua_State* lua) {
  struct Running {
    Interruption& interruption;
    lua_State* before;
    ~Running() { interruption.set_running(before); }
  };
  lua_State* coroutine = lua_tothread(lua, 1);
  int count = lua_gettop(lua);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  {
    auto& interruption = state_of(lua).interruption;
    Running running{interruption, interruption.set_running(coroutine ? coroutine : lua)};
    lua_call(lua, count, LUA_MULTRET);
  }
  let_pass(lua);
  return lua_gettop(lua);
}

constexpr char wrap_source[] = R"lua(
local create, resume, close = coroutine.create, coroutine.resume, coroutine.close
local function finish(co, ok, ...)
  if ok then return ... end
  close(co)
  error((...), 0)
end
function coroutine.wrap(body)
  local co = create(body)
  return function(...) return finish(co, resume(co, ...)) end
end
)lua";

}  // namespace

Interruption::Scope::Scope(Interruption& interruption, lua_State* lua)
    : interruption_(interruption), outer_(current), outermost_(interruption.depth_++ == 0) {
  static std::once_flag installed;
  std::call_once(installed, [] {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGURG, &action, nullptr);
  });
  if (!outermost_) return;
  interruption.requested_ = false;
  interruption.running_ = lua;
  interruption.thread_ = pthread_self();
  current = &interruption;
}

Interruption::Scope::~Scope() {
  --interruption_.depth_;
  if (!outermost_) return;
  current = outer_;
  if (lua_State* lua = interruption_.running_.exchange(nullptr)) lua_sethook(lua, nullptr, 0, 0);
  interruption_.requested_ = false;
}

void Interruption::request() noexcept {
  if (running_.load() == nullptr) return;
  requested_ = true;
  if (pthread_equal(thread_.load(), pthread_self()))
    set_hook();
  else
    pthread_kill(thread_.load(), SIGURG);
}

void Interruption::check() const {
  if (requested()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
}

void Interruption::on_signal(int) {
  if (current && current->requested()) current->set_hook();
}

void Interruption::set_hook() noexcept {
  if (lua_State* lua = running_.load())
    lua_sethook(lua, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void install_interruptible(lua_State* lua) {
  lua_register(lua, "pcall", pcall);
  lua_register(lua, "xpcall", xpcall);
  lua_register(lua, "load", guarded<load>);
  lua_getglobal(lua, "coroutine");
  for (char const* name : {"resume", "close"}) {
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, in_coroutine, 1);
    lua_setfield(lua, -2, name);
  }
  lua_pop(lua, 1);
  luaL_loadbufferx(lua, wrap_source, sizeof(wrap_source) - 1, "=prelude", "t");
  lua_call(lua, 0, 0);
}

}  // namespace scripting
