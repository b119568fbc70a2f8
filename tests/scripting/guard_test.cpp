#include <doctest/doctest.h>

#include "tests/scripting/bench.hpp"

using runbooks::Gate;
using runbooks::GateState;
using tests::Bench;

TEST_CASE("the gate of a runbook") {
  Bench lua;
  SUBCASE("loading") {
    Gate::Scope scope{lua.gate, GateState::loading};
    CHECK(
        lua("drill:look()") ==
        "refused: drill.look does I/O; a runbook may only declare while it is loaded; call it inside a step");
    CHECK(lua("tenants.acme.region").starts_with("refused: a tenant's region does I/O"));
    CHECK(lua("#tenants").starts_with("refused: listing tenants does I/O"));
    CHECK(lua("tostring(tenants.acme)") == "<tenant acme>");
    CHECK(lua("tenants:where{ region = 'eastus2' }") == "tenants region=eastus2");
  }
  SUBCASE("reading") {
    Gate::Scope scope{lua.gate, GateState::reading};
    CHECK(lua("drill:look()") == "done");
    CHECK(lua("drill:write()") ==
          "refused: drill.write is a write; probe, pre, when and verify may only read; move it to the step's "
          "effect");
    CHECK(lua("drill:write{ plan = true }") == "statement\ndelete from t -- nobody\n [pending]");
  }
  SUBCASE("planning") {
    Gate::Scope scope{lua.gate, GateState::planning};
    CHECK(lua("drill:look()") == "done");
    CHECK(lua("drill:destroy{ tenant = tenants.acme }") == "unknown drill.destroy");
    CHECK(lua("drill:write().deep.er('x')[1] .. 'y'") == "unknown drill.write");
    CHECK(lua("drill:look{ tenant = drill:write() }") == "unknown drill.look");
    CHECK(lua("drill:write{ tenant = drill:write() }") == "unknown drill.write");
    CHECK(lua("drill:write() < 1") ==
          "pending: a plan cannot decide by a value that is not known yet: drill.write");
    CHECK(lua("for _ in ipairs(drill:look{ tenant = drill:write() }) do error('never') end") == "nothing");
    CHECK(lua("for _ in drill:write():lines() do error('never') end") == "nothing");
    CHECK(lua("tostring(drill:write())") == "‹unknown: drill.write›");
    std::string recorded;
    for (std::string const& line : lua.gate.take_recorded()) recorded += line + "\n";
    CHECK(
        recorded.starts_with("delete from t -- acme\n"
                             "delete from t -- nobody\n"
                             "delete from t -- nobody\n"
                             "delete from t -- nobody\n"
                             "drill:write { tenant = \"‹unknown: drill.write›\" }\n"));
  }
  SUBCASE("open") {
    Bench guarded{fleet::Guard::protected_};
    Gate::Scope scope{guarded.gate, GateState::open};
    CHECK(guarded("drill:destroy()") == "done");
  }
}

TEST_CASE("an open environment asks for what destroys only") {
  Bench lua{fleet::Guard::open};
  CHECK(lua("drill:write()") == "done");
  CHECK(lua("drill:destroy{ tenant = 'acme' }") ==
        "declined: drill.destroy is destructive and nobody is here to confirm it; say it in advance with "
        "--confirm "
        "acme");
  lua.world.settings.yes = true;
  CHECK(lua("drill:destroy{ tenant = 'acme' }").starts_with("declined"));
  lua.world.settings.confirm = "beta";
  CHECK(lua("drill:destroy{ tenant = 'acme' }").starts_with("declined"));
  lua.world.settings.confirm = "acme";
  CHECK(lua("drill:destroy{ tenant = 'acme' }") == "done");
  CHECK(lua("drill:destroy()").ends_with("--confirm test"));
}

TEST_CASE("a write is shown and asked about") {
  Bench lua{fleet::Guard::confirm};
  CHECK(lua("drill:look()") == "done");
  CHECK(lua("drill:write()") ==
        "declined: drill.write writes in environment test and nobody is here to agree; agree in advance with "
        "--yes, or "
        "look first with plan = true");
  lua.console.answers = {"no", "yes"};
  CHECK(lua("drill:write()") == "declined: drill.write: declined, nothing was done");
  CHECK(lua("drill:write{ tenant = 'acme' }") == "done");
  CHECK(lua.console.said ==
        "? write in environment test (confirm), test\ndrill.write\n  delete from t -- nobody\n"
        "? write in environment test (confirm), acme\ndrill.write\n  delete from t -- acme\n");
  lua.world.settings.yes = true;
  CHECK(lua("drill:write()") == "done");
}

TEST_CASE("the name of what is destroyed has to be typed") {
  Bench lua{fleet::Guard::confirm};
  lua.console.answers = {"yes", "acme"};
  CHECK(lua("drill:destroy{ tenant = 'acme' }") ==
        "declined: drill.destroy: the name was not typed, nothing was done");
  CHECK(lua("drill:destroy{ tenant = 'acme' }") == "done");
}

TEST_CASE("a protected environment is armed first, or has a reason") {
  Bench lua{fleet::Guard::protected_};
  lua.world.settings.yes = true;
  CHECK(lua("drill:write()") ==
        "refused: environment test is protected: drill.write writes there; \\arm \"reason\" 15m allows it "
        "for a while; "
        "on the command line --reason TEXT");
  CHECK(lua("drill:write{ reason = 'OPS-1' }") == "done");
  lua.world.settings.armed = {"OPS-2", std::chrono::system_clock::now() + std::chrono::minutes{1}};
  CHECK(lua("drill:write()") == "done");
  lua.world.settings.armed->until = std::chrono::system_clock::now() - std::chrono::seconds{1};
  CHECK(lua("drill:write()").starts_with("refused"));
}

TEST_CASE("after Ctrl-C nothing more is begun") {
  Bench lua;
  lua.world.interrupt.request_stop();
  CHECK(lua("drill:look()") == "interrupted: interrupted");
}
