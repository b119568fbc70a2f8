#include <doctest/doctest.h>

#include "tests/scripting/bench.hpp"

using tests::Bench;

TEST_CASE("an unknown global is an error that suggests the nearest") {
  Bench lua;
  CHECK(lua("tennants") == "usage: unknown name tennants; did you mean tenants?");
  CHECK(lua("xyzzy_quux") == "usage: unknown name xyzzy_quux; help() lists what there is");
  CHECK(lua("answer = 42") == "nothing");
  CHECK(lua("answer") == "42");
  CHECK(lua("(function() forgotten = 1 end)()") ==
        "usage: assignment to unknown name forgotten inside a function; write local forgotten, or set it at "
        "the top "
        "level first");
}

TEST_CASE("what reaches around tenantsh is not there") {
  Bench lua;
  for (char const* name : {"io", "debug", "require", "package", "dofile", "loadfile"})
    CHECK(lua(name).starts_with("usage: unknown name"));
  CHECK(lua("os.execute, os.remove, os.exit, string.dump") == "nothing");
  CHECK(lua("type(os.time())") == "number");
  CHECK(lua("select(2, load('\\27Lua'))") == "attempt to load a binary chunk (mode is 't')");
  CHECK(lua("getmetatable(tenants.acme)") == "tenantsh.tenant");
}

TEST_CASE("an entry is an expression, else a statement") {
  Bench lua;
  CHECK(lua("1 + 1") == "2");
  CHECK(lua("local x = 3; return x") == "3");
  CHECK(lua("{ b = 1, a = { 1, nil, 3 } }") == R"({"a":[1,null,3],"b":1})");
  CHECK(lua("1, 'two', nil") == "nothing");
  CHECK(lua.console.said == "1\ntwo\n");
  CHECK(lua("1 +") == "usage: test:1: unexpected symbol near <eof>");
  CHECK(lua("for i = 1 do") == "usage: test:1: ',' expected near 'do'");
  CHECK(lua.lua.incomplete("for i = 1, 2 do"));
  CHECK(lua.lua.incomplete("{ 1,"));
  CHECK(lua.lua.incomplete("sql([[select"));
  CHECK_FALSE(lua.lua.incomplete("for for"));
  CHECK_FALSE(lua.lua.incomplete("1"));
}

TEST_CASE("a value that cannot be turned into text is an error, not the end") {
  Bench lua;
  CHECK(lua("{ [setmetatable({}, { __tostring = function() error('no', 0) end })] = 1 }") == "failed: no");
  CHECK(lua("1") == "1");
}

TEST_CASE("a runbook's globals are its own") {
  Bench lua;
  lua_State* state = lua.lua.state().lua;
  auto in_runbook = [&](char const* code) {
    scripting::push_runbook_environment(state);
    try {
      scripting::push_chunk(state, code, "book", lua_gettop(state));
      scripting::protected_call(state, 0, 1);
    } catch (fleet::Error const& error) {
      lua_settop(state, 0);
      return error.message;
    }
    std::string text = scripting::display_text(state, -1);
    lua_settop(state, 0);
    return text;
  };
  CHECK(lua("string.upper = nil") == "nothing");
  CHECK(lua("tenants = 5") == "nothing");
  CHECK(in_runbook("return string.upper('a') .. tostring(tenants)") == "A<tenants all>");
  CHECK(in_runbook("mine = 1; return mine") == "1");
  CHECK(in_runbook("return mine") == "unknown name mine");
  for (char const* name : {"os", "io", "load", "debug", "require"})
    CHECK(in_runbook(("return " + std::string{name}).c_str()) == "unknown name " + std::string{name});
  CHECK(in_runbook("return math.random") == "nil");
  CHECK(in_runbook("local t = '' for k in pairs({ c = 1, a = 1, b = 1, 7 }) do t = t .. k end return t") ==
        "1abc");
}
