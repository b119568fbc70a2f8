#include <doctest/doctest.h>

#include "scripting/binding.hpp"
#include "tests/scripting/bench.hpp"

using tests::Bench;

namespace {

int alive = 0;
struct Counted {
  Counted() { ++alive; }
  Counted(Counted const&) = delete;
  ~Counted() { --alive; }
};

int throws_foreign(lua_State*) {
  Counted counted;
  throw std::out_of_range{"foreign"};
}

int raises_in_lua(lua_State* lua) {
  Counted counted;
  return luaL_error(lua, "from Lua");
}

int calls_back(lua_State* lua) {
  Counted counted;
  lua_call(lua, 0, 0);
  return 0;
}

void add(Bench& lua, char const* name, scripting::LuaFunction function) {
  lua_register(lua.lua.state().lua, name, function);
}

}  // namespace

TEST_CASE("an Error keeps its fields through pcall and error()") {
  Bench lua;
  CHECK(lua("ok, e = pcall(sql, 'select * from bad')") == "nothing");
  CHECK(lua("ok, e.kind, e.sqlstate, e.server, e.hint, e.detail, e.tenant, e.position") == "15");
  CHECK(lua.console.said == "false\nsql\n42P01\npg-1\nlook again\nit is bad\nnothing\n");
  CHECK(lua("tostring(e) .. '!'") == "relation \"bad\" does not exist!");
  CHECK(lua("e.sqlstat") ==
        "usage: an error has no field \"sqlstat\"; it has: message kind sqlstate detail hint constraint "
        "server tenant "
        "statement position");
  fleet::Error error = lua.error_of("error(e)");
  CHECK(error.kind == fleet::ErrorKind::sql);
  CHECK(error.sqlstate == "42P01");
  CHECK(error.statement == "select * from bad");
  CHECK(error.position == 15);
}

TEST_CASE("a script makes its own errors") {
  Bench lua;
  CHECK(lua("error('plain', 0)") == "failed: plain");
  CHECK(lua("error{ message = 'mine', kind = 'locked', hint = 'wait' }") == "locked: mine; wait");
  CHECK(lua("error(nil)") == "failed: nil");
}

TEST_CASE("C++ destructors run whatever flies past") {
  Bench lua;
  add(lua, "foreign", scripting::guarded<throws_foreign>);
  add(lua, "inner", scripting::guarded<raises_in_lua>);
  add(lua, "outer", scripting::guarded<calls_back>);
  CHECK(lua("foreign()") == "failed: foreign");
  CHECK(lua("select(2, pcall(foreign)).kind") == "failed");
  CHECK(lua("inner()") == "failed: test:1: from Lua");
  CHECK(lua("outer(function() error('deep', 0) end)") == "failed: deep");
  CHECK(lua("outer(foreign)") == "failed: foreign");
  CHECK(alive == 0);
}
