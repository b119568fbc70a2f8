#pragma once

#include <pthread.h>

#include <atomic>

struct lua_State;

namespace scripting {

// How Ctrl-C stops Lua code that never asks: a sticky flag, and a hook that the flag's setter puts on the
// state that is running. The hook is set on the interpreter's own thread only (Lua forbids another one): from
// elsewhere request() sends that thread SIGURG, which nobody else uses and whose default is to be ignored. No
// hook is set while nothing asks: a permanent one makes tight loops 2.4 times slower. What catches errors
// (pcall, xpcall, coroutine.resume, load) raises again while the flag is set.
class Interruption {
 public:
  // Marks one evaluation on this thread: from here on request() reaches it. Nests.
  class Scope {
   public:
    Scope(Interruption& interruption, lua_State* lua);
    ~Scope();
    Scope(Scope const&) = delete;
    Scope& operator=(Scope const&) = delete;

   private:
    Interruption& interruption_;
    Interruption* outer_;
    bool outermost_;
  };

  // Any thread, any signal handler.
  void request() noexcept;
  void forget() noexcept { requested_.store(false, std::memory_order_relaxed); }
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }
  // Throws Error{interrupted} when request() was called in this evaluation.
  void check() const;

  // The state that runs now: a coroutine while it is resumed. Returns the one before.
  lua_State* set_running(lua_State* lua) noexcept { return running_.exchange(lua); }

 private:
  static void on_signal(int);
  void set_hook() noexcept;

  std::atomic<bool> requested_{false};
  std::atomic<lua_State*> running_{nullptr};
  std::atomic<pthread_t> thread_{};
  int depth_ = 0;
};

// pcall, xpcall, load and the coroutine library, replaced in the globals by forms that keep to the above.
void install_interruptible(lua_State* lua);

}  // namespace scripting
