#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/scripting/bench.hpp"

using tests::Bench;

namespace {

std::atomic<bool> running = false;

int says_it_runs(lua_State*) {
  running = true;
  return 0;
}

// What `code` ends with when it is interrupted from another thread after it called started().
std::string interrupted(Bench& lua, std::string const& code) {
  running = false;
  lua_register(lua.lua.state().lua, "started", says_it_runs);
  std::thread presses{[&] {
    while (!running) std::this_thread::yield();
    lua.lua.interrupt();
  }};
  std::string result = lua(code);
  presses.join();
  return result;
}

}  // namespace

// Under TSan a signal waits for the next call into libc, which a loop in Lua never makes.
#ifndef __SANITIZE_THREAD__
TEST_CASE("an interruption stops what would not stop by itself") {
  Bench lua;
  for (char const* code : {
           "started() while true do end",
           "started() while true do pcall(function() while true do end end) end",
           "started() while true do xpcall(function() while true do end end, function(e) return e end) end",
           "coroutine.wrap(function() started() while true do end end)()",
           "while true do local co = coroutine.create(function() started() while true do end end) "
           "coroutine.resume(co) end",
           "coroutine.wrap(function() started() while true do pcall(function() while true do end end) end "
           "end)()",
           "started() while true do pcall(tostring, 1) end",
           "started() while true do coroutine.wrap(function() coroutine.yield() end)() end",
       }) {
    CAPTURE(code);
    CHECK(interrupted(lua, code) == "interrupted: interrupted");
    CHECK(lua("1 + 1") == "2");
  }
}
#endif

TEST_CASE("interrupting an interpreter at rest means nothing") {
  Bench lua;
  lua.lua.interrupt();
  CHECK(lua("1 + 1") == "2");
}

TEST_CASE("pcall, xpcall and coroutines work as they always did") {
  Bench lua;
  CHECK(lua("select('#', pcall(function() return 1, nil, nil end))") == "4");
  CHECK(lua("select(2, xpcall(error, function(e) return e .. '!' end, 'no'))") == "no!");
  CHECK(lua("select(2, pcall(error, { code = 7 })).code") == "7");
  // yield across pcall
  CHECK(lua("(function() local co = coroutine.wrap(function() pcall(function() coroutine.yield(1) end) "
            "return 2 end) "
            "return co() + co() end)()") == "3");
  CHECK(lua("pcall(coroutine.wrap(function() error('in', 0) end))") == "in");
  CHECK(lua("coroutine.wrap(function(...) return select('#', ...) end)(1, nil, nil)") == "3");
}
