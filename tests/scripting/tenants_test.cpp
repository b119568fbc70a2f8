#include <doctest/doctest.h>

#include "tests/scripting/bench.hpp"

using tests::Bench;

TEST_CASE("naming a tenant asks nothing; its fields come from the registry") {
  Bench lua;
  CHECK(lua("tenants.acme") == "tenant acme");
  CHECK(lua("tenants.nobody") == "tenant nobody");
  CHECK(lua("tenants.nobody.region") == "not_found: there is no tenant \"nobody\"");
  CHECK(lua("tenants.acmee.region") == "not_found: there is no tenant \"acmee\"; did you mean acme?");
  CHECK(lua("tostring(tenants.acme)") == "<tenant acme database@pg-1 active>");
  CHECK(lua("tostring(tenants.nobody)") == "<tenant nobody ?>");
  CHECK(lua("tenants.acme.server.region .. tenants.acme.labels.tier") == "eastus2gold");
  CHECK(lua("tenants.acme.schema_name") == "nothing");
  CHECK(lua("tenants.acme.regoin").ends_with("; did you mean region?"));
  CHECK(lua("tenants.acme == tenants:get('acme') and ({ [tenants.acme] = 1 })[tenants:get('acme')]") == "1");
  CHECK(lua("tenants.acme:card()") == "<tenant acme database@pg-1 active>");
}

TEST_CASE("a selection is written as everywhere") {
  Bench lua;
  CHECK(lua("tenants:where{ region = 'westus', status = 'suspended' }") ==
        "tenants region=westus,status=suspended");
  CHECK(lua("tenants:where'region=eastus2,slug=a*'") == "tenants region=eastus2,slug=a*");
  CHECK(lua("tenants['*a']") == "tenants slug=*a");
  CHECK(lua("#tenants, #tenants:where{ status = 'suspended' }, #tenants['b*']") == "1");
  CHECK(lua("tenants:where{ colour = 'red' }").starts_with("usage: tenants are not chosen by \"colour\""));
  CHECK(lua("tenants{ status = 'active' }").starts_with("usage: tenants is no function"));
  CHECK(lua("tenants[1], tenants[4]") == "nothing");
  CHECK(lua("tenants:list()") ==
        "(1 suspended tenant left out) slug,display_name,status,server,region,placement,database,schema\n"
        "acme,Acme,active,pg-1,eastus2,database,tenant_acme,\n"
        "beta,Beta,active,pg-1,eastus2,database,tenant_beta,\n"
        "gamma,Gamma,read_only,pg-2,westus,database,tenant_gamma,\n");
}

TEST_CASE("iterating goes through the list as it was when the loop began") {
  Bench lua;
  CHECK(lua("for t in tenants do for u in tenants do if t == u then print(t.slug) end end end") ==
        "(1 suspended tenant left out) (1 suspended tenant left out) (1 suspended tenant left out) (1 "
        "suspended "
        "tenant left out) nothing");
  CHECK(lua.console.said == "acme\nbeta\ngamma\n");
  lua.console.said.clear();
  lua("for i, s in ipairs(servers) do print(i, s.name, s) end");
  CHECK(lua.console.said ==
        "1\tpg-1\t<server pg-1 /nowhere:5501 active>\n2\tpg-2\t<server pg-2 /nowhere:5502 active>\n");
}

TEST_CASE("a mistyped method is no tenant") {
  Bench lua;
  std::string const told = lua("tenants:qeury('select 1')");
  CHECK(told.starts_with("usage: tenants has no \"qeury\"; it has: list get where query card"));
  CHECK(told.ends_with("; did you mean query?"));
  CHECK(lua("tenants.query('select 1')") ==
        "usage: tenants.query needs its object: write tenants:query(…), with a colon");
  CHECK(lua("tenants.acme:list()").find("has no") != std::string::npos);
  CHECK(lua("tenants.list(tenants.acme)") == "usage: tenants:list is asked of all of them, not of one");
}

TEST_CASE("tenants:query is one table") {
  Bench lua;
  lua.table = fleet::Result{{{"n", fleet::type_oid::int4}}};
  lua.table.append("7");
  CHECK(lua("tenants:query('select 7 as n')") ==
        "(1 suspended tenant left out) tenant,n\nacme,7\nbeta,7\ngamma,7\n");
  CHECK(lua("tenants.acme:query('select 7 as n')") == "n\n7\n");
  CHECK(lua("tenants:query('select 7', { tenants = { tenants.beta, 'old' } })") ==
        "tenant,n\nbeta,7\nold,7\n");
  CHECK(lua("tenants:query('select 7', { tenants = { region = 'westus' } })") ==
        "(1 suspended tenant left out) tenant,n\ngamma,7\n");
  CHECK(lua("tenants:query('select bad')").ends_with("failed acme\nfailed beta\nfailed gamma\n [failed]"));
  CHECK(lua("tenants:query('select bad').errors[1].sqlstate") == "(1 suspended tenant left out) 42P01");
  CHECK(lua("tenants.acme:query('select bad')") == "sql: relation \"bad\" does not exist; look again");
  CHECK(lua("tenants:query('delete from t')").starts_with("refused: this is not a read: DELETE"));
  CHECK(lua("tenants:where{ region = 'mars' }:query('select 7')") == "(no tenant fits region=mars) tenant\n");
}

TEST_CASE("arguments are checked against their row") {
  Bench lua;
  CHECK(lua("tenants:query('select 1', { parms = { 1 } })") ==
        "usage: tenants.query takes no \"parms\"; it takes: sql params timeout_ms lock_timeout_ms "
        "wall_timeout_ms save order jobs tenants; did you mean "
        "params?");
  CHECK(lua("tenants:query()").starts_with("usage: tenants.query needs sql (text)"));
  CHECK(lua("tenants:query(7)") == "usage: tenants.query: sql must be text, not 7");
  CHECK(lua("tenants:query('select 1', { jobs = 'many' })") ==
        "usage: tenants.query: jobs must be integer, not \"many\"");
  CHECK(lua("tenants:query('select 1', 2)") == "usage: tenants:query takes no argument number 2");
  CHECK(lua("tenants:query('select 1', { params = { {} } })")
            .starts_with("usage: params: a parameter must be text"));
  CHECK(lua("drill:look{ plan = true }").starts_with("usage: drill.look takes no \"plan\""));
}
