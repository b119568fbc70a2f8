#include <doctest/doctest.h>

#include <set>

#include "scripting/help.hpp"
#include "tests/scripting/bench.hpp"

using scripting::Effect;
using scripting::Method;
using scripting::Parameter;

TEST_CASE("no row of the registry is unfinished") {
  scripting::Registry const registry = scripting::make_registry();
  std::set<std::string> names, aliases;
  for (Method const& method : registry.all()) {
    CAPTURE(method.object);
    CAPTURE(method.name);
    CHECK(registry.find_object(method.object) != nullptr);
    CHECK(names.insert(method.object + "." + method.name).second);
    CHECK_FALSE(method.returns.empty());
    CHECK_FALSE(method.errors.empty());
    CHECK_FALSE(method.brief.empty());
    CHECK_FALSE(method.example.empty());
    CHECK((method.run != nullptr) != (method.native != nullptr));
    if (method.native) CHECK_FALSE(method.command_line);
    if (method.effect != Effect::read) CHECK((method.describe != nullptr || method.own_plan));
    for (Parameter const& parameter : method.parameters) {
      CAPTURE(parameter.name);
      CHECK_FALSE(parameter.brief.empty());
      CHECK((method.own_plan || parameter.name != "plan"));
      CHECK(parameter.name != "reason");
    }
    for (std::string const& alias : method.aliases) CHECK(aliases.insert(alias).second);
  }
  for (scripting::Object const& object : registry.objects()) CHECK_FALSE(object.brief.empty());
}

TEST_CASE("every example is Lua") {
  tests::Bench lua;
  scripting::Registry const registry = scripting::make_registry();
  for (Method const& method : registry.all()) {
    CAPTURE(method.example);
    CHECK_FALSE(lua.lua.incomplete(method.example));
    CHECK(lua("load([==[return " + method.example + "]==]) or load([==[" + method.example + "]==]) ~= nil") !=
          "false");
  }
}

TEST_CASE("help comes from the registry") {
  tests::Bench lua;
  CHECK(lua("help'tenants.query'").find("short    tenantsh query") != std::string::npos);
  CHECK(lua("help(tenants.query) == help'tenants:query' and help'query' == help(tenants.query)") == "true");
  CHECK(lua("help(tenants) == help'tenants'") == "true");
  CHECK(lua("help().find == nil or #help() > 100") == "true");
  CHECK(lua("help'tenants.qeury'") ==
        "not_found: no help for \"tenants.qeury\"; did you mean help\"tenants.query\"?");
  CHECK(lua("tenants.query") == lua("help'tenants.query'"));
  CHECK(lua("load(shell:reference('lua')) ~= nil") == "true");
  CHECK(lua("shell:reference()").starts_with("# Reference"));
}
