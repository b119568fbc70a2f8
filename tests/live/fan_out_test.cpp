#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "fleet/fleet.hpp"
#include "tests/support/throwaway_cluster.hpp"

using fleet::Error;
using fleet::ErrorKind;
using fleet::Fleet;
using fleet::Outcome;
using fleet::Tenant;
using tests::ThrowawayCluster;

namespace {

fleet::SystemClock const clock_now;

// A master with twelve tenants on "pg-1" (of which t07's database is missing) and one on "pg-2", whose secret
// cannot be resolved. Both are the shared cluster.
void make_fleet() {
  static bool const made = [] {
    auto& cluster = ThrowawayCluster::shared();
    std::string const host = cluster.folder();
    cluster.run({"create role tenantsh_reader", "grant pg_read_all_data to tenantsh_reader",
                 "grant tenantsh_reader to tenantsh_admin", "create database fan_master"});
    cluster.run(
        {"create schema identity",
         "create table identity.db_server (id uuid primary key default gen_random_uuid(), name text, region"
         " text, host text, port int, admin_user text, admin_secret_ref text, status text, capacity_tenants"
         " int)",
         "create table identity.tenant (id uuid default gen_random_uuid(), slug text, display_name text,"
         " status text, server_id uuid, placement text, database_name text, schema_name text, db_config_ref"
         " text, labels jsonb)",
         "grant usage on schema identity to public",
         "grant select on all tables in schema identity to public",
         "insert into identity.db_server values (default, 'pg-1', 'eastus2', '" + host +
             "', 5432, 'tenantsh_admin', 'file:" + host +
             "/tenantsh_admin.secret', 'active', 100),"
             " (default, 'pg-2', 'westus', '" +
             host + "', 5432, 'tenantsh_admin', 'env:TENANTSH_TEST_NO_SUCH_VARIABLE', 'active', 100)"},
        "fan_master");
    for (int i = 1; i <= 13; ++i) {
      std::string const slug = (i < 10 ? "t0" : "t") + std::to_string(i);
      if (i != 7) cluster.run({"create database fan_" + slug});
      cluster.run({"insert into identity.tenant select gen_random_uuid(), '" + slug + "', 'Tenant " + slug +
                   "', 'active', id, 'database', 'fan_" + slug +
                   R"(', null, 'env:X', '{"tier": "gold", "n": 3}')"
                   " from identity.db_server where name = '" +
                   (i == 13 ? "pg-2" : "pg-1") + "'"},
                  "fan_master");
    }
    return true;
  }();
  (void)made;
}

fleet::Environment environment(std::string const& database = "fan_master") {
  auto& cluster = ThrowawayCluster::shared();
  fleet::Environment here;
  here.name = "test";
  here.master_dsn = "host=" + cluster.folder().string() + " port=5432 user=tenantsh_admin dbname=" + database;
  here.master_secret = cluster.admin().password;
  return here;
}

Fleet open_fleet(fleet::Environment here, std::string const& application_name = "fan_out") {
  make_fleet();
  auto& cluster = ThrowawayCluster::shared();
  return Fleet{{.driver = cluster.driver(),
                .secrets = cluster.secrets(),
                .clock = clock_now,
                .environment = std::move(here),
                .application_name = application_name}};
}

std::string summary(std::vector<Outcome> const& outcomes) {
  std::string text;
  for (Outcome const& outcome : outcomes) {
    text += outcome.tenant.slug + ": ";
    text += outcome.error ? std::string{to_string(outcome.error->kind)} + " " + outcome.error->sqlstate
                          : outcome.result->value().value_or("-");
    text += "\n";
  }
  return text;
}

Error error_of(auto&& work) {
  try {
    work();
  } catch (Error const& error) {
    return error;
  }
  return Error{ErrorKind::failed, "no error"};
}

std::vector<Tenant> first(Fleet& fleet, std::size_t count) {
  auto const& all = fleet.tenants();
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("the registry's servers and tenants") {
  Fleet fleet = open_fleet(environment());
  CHECK(fleet.servers().size() == 2);
  CHECK(fleet.servers()[0].name == "pg-1");
  CHECK(fleet.servers()[0].tenants == 12);
  CHECK(fleet.tenants().size() == 13);
  Tenant const& tenant = fleet.tenant("t03");
  CHECK(tenant.server == "pg-1");
  CHECK(tenant.region == "eastus2");
  CHECK(tenant.labels == std::map<std::string, std::string>{{"tier", "gold"}, {"n", "3"}});
  CHECK(fleet.endpoint(tenant).get("dbname") == "fan_t03");
  Error const missing = error_of([&] { fleet.tenant("t0x"); });
  CHECK(missing.kind == ErrorKind::not_found);
  CHECK(missing.hint.starts_with("did you mean t0"));
}

TEST_CASE("an empty master and a missing one are not initialised") {
  make_fleet();
  for (char const* database : {"postgres", "no_such_master"}) {
    Fleet fleet = open_fleet(environment(database));
    Error const error = error_of([&] { fleet.servers(); });
    INFO(database);
    CHECK(error.kind == ErrorKind::refused);
    CHECK(error.message == "master is not initialised");
    CHECK(error.hint == "tenantsh run master_init");
  }
}

TEST_CASE("one statement on every tenant: results in order, failures named") {
  Fleet fleet = open_fleet(environment());
  auto const outcomes = fleet.query(fleet.tenants(), "select current_database()", {});
  CHECK(summary(outcomes) ==
        "t01: fan_t01\nt02: fan_t02\nt03: fan_t03\nt04: fan_t04\nt05: fan_t05\nt06: fan_t06\nt07: connect "
        "3D000\n"
        "t08: fan_t08\nt09: fan_t09\nt10: fan_t10\nt11: fan_t11\nt12: fan_t12\nt13: not_found \n");
  CHECK(outcomes[6].error->tenant == "t07");
  CHECK(outcomes[6].error->server == "pg-1");
  CHECK(outcomes[12].error->message.find("TENANTSH_TEST_NO_SUCH_VARIABLE") != std::string::npos);

  auto const who = fleet.query(
      first(fleet, 2), "select current_user || ' ' || current_setting('transaction_read_only')", {.jobs = 1});
  CHECK(summary(who) == "t01: tenantsh_reader on\nt02: tenantsh_reader on\n");
  CHECK(fleet.read(fleet.master(), {"select count(*) from identity.tenant where status = $1", {"active"}})
            .value() == "13");
}

TEST_CASE("what is no read is refused before any connection") {
  Fleet fleet = open_fleet(environment(), "fan_refused");
  auto const tenants = first(fleet, 3);
  for (char const* sql : {"insert into t values (1)", "select 1; select 2", "vacuum", "set role postgres",
                          "select set_config('role', 'postgres', false)"})
    CHECK(error_of([&] { fleet.query(tenants, sql, {}); }).kind == ErrorKind::refused);
  CHECK(error_of([&] { fleet.query(tenants, "", {}); }).kind == ErrorKind::usage);
  CHECK(error_of([&] { fleet.query(tenants, "selec", {}); }).sqlstate == "42601");
  auto const sessions =
      fleet.read(fleet.master(),
                 "select count(*) from pg_stat_activity where application_name = 'fan_refused' and"
                 " usename = 'tenantsh_admin' and datname like 'fan\\_t%'");
  CHECK(sessions.value() == "0");
}

TEST_CASE("a server that restarted is asked again on a fresh connection") {
  ThrowawayCluster own;
  own.run(
      {"create role tenantsh_reader", "grant tenantsh_reader to tenantsh_admin", "create database other"});
  auto here = environment();
  here.servers = {fleet::ListSource::Kind::file, own.folder() / "inventory.json"};
  here.tenants = {fleet::ListSource::Kind::file, "inventory.toml"};
  here.declared_in = own.folder() / "tenantsh.toml";
  std::ofstream{own.folder() / "inventory.json"}
      << R"({"servers": [{"name": "own", "host": ")" << own.folder().string()
      << R"(", "port": 5432, "admin_user": "tenantsh_admin", "admin_secret_ref": "file:)"
      << (own.folder() / "tenantsh_admin.secret").string() << R"("}]})";
  std::ofstream{own.folder() / "inventory.toml"} << "[[tenants]]\nslug = 'a'\nserver = 'own'\n"
                                                    "database_name = 'postgres'\nlabels = { tier = 'gold' }\n"
                                                    "[[tenants]]\nslug = 'b'\nserver = 'own'\n"
                                                    "database_name = 'other'\nstatus = 'suspended'\n";
  Fleet fleet = open_fleet(here);
  CHECK(fleet.tenant("a").labels.at("tier") == "gold");
  CHECK(fleet.tenant("b").status == fleet::TenantStatus::suspended);
  CHECK(summary(fleet.query(fleet.tenants(), "select 1", {})) == "a: 1\nb: 1\n");
  own.stop();
  auto const down = fleet.query(fleet.tenants(), "select 1", {});
  CHECK(summary(down) == "a: connect \nb: connect \n");
  own.start();
  CHECK(summary(fleet.query(fleet.tenants(), "select 2", {})) == "a: 2\nb: 2\n");
  own.stop();
  own.start();
  CHECK(summary(fleet.query(fleet.tenants(), "select 3", {})) == "a: 3\nb: 3\n");
  auto const dying = fleet.query(fleet.tenants(), "select pg_sleep(60)", {.timeout_ms = 50});
  CHECK(summary(dying) == "a: sql 57014\nb: sql 57014\n");

  own.run({"drop role tenantsh_reader"});
  fleet.pool().close_all();
  auto const no_role = fleet.query(fleet.tenants(), "select 1", {});
  CHECK(no_role[0].error->kind == ErrorKind::refused);
  CHECK(no_role[0].error->hint.find("tenantsh run register_server") != std::string::npos);
}

TEST_CASE("Ctrl-C cancels what runs and leaves out what was not begun") {
  Fleet fleet = open_fleet(environment(), "fan_stop");
  auto const tenants = first(fleet, 6);
  std::stop_source source;
  std::jthread stopper{[&] {
    auto& cluster = ThrowawayCluster::shared();
    auto watcher = cluster.driver().connect(cluster.superuser(), cluster.secrets(), {});
    auto const running =
        "select count(*) from pg_stat_activity where query = 'select pg_sleep(61)' and state = 'active'";
    while (watcher->query(running).value() != "2") std::this_thread::yield();
    source.request_stop();
  }};
  auto const outcomes = fleet.query(tenants, "select pg_sleep(61)", {.jobs = 2, .stop = source.get_token()});
  CHECK(summary(outcomes) ==
        "t01: interrupted \nt02: interrupted \nt03: interrupted \nt04: interrupted \nt05: interrupted \n"
        "t06: interrupted \n");
  CHECK(summary(fleet.query(first(fleet, 2), "select 1", {})) == "t01: 1\nt02: 1\n");
}

TEST_CASE("work per tenant writes, and its errors stay with its tenant") {
  Fleet fleet = open_fleet(environment());
  auto const outcomes = fleet.each(first(fleet, 3), {}, [](Tenant const& tenant, fleet::Session& session) {
    fleet::Transaction transaction{session, fleet::Access::read_write};
    session.query("create temp table t (n int)");
    if (tenant.slug == "t02") throw Error{ErrorKind::failed, "not this one"};
    auto result = session.query("insert into t values (1), (2) returning n");
    transaction.commit();
    return result;
  });
  CHECK(summary(outcomes) == "t01: 1\nt02: failed \nt03: 1\n");
  CHECK(outcomes[0].result->affected == 2);
  CHECK(outcomes[1].error->tenant == "t02");
}

TEST_CASE("a foreign fleet's lists come from its own SQL") {
  auto here = environment();
  std::string const host = ThrowawayCluster::shared().folder();
  here.servers = {fleet::ListSource::Kind::sql,
                  "select 'only' as name, '" + host + "' as host, 'tenantsh_admin' as admin_user, 'file:" +
                      host + "/tenantsh_admin.secret' as admin_secret_ref, null as region"};
  here.tenants = {fleet::ListSource::Kind::sql,
                  "select 'x' as slug, 'only' as server, 'fan_t01' as database_name, 'app' as schema_name"};
  Fleet fleet = open_fleet(here);
  CHECK(fleet.servers()[0].port == 5432);
  CHECK(fleet.tenant("x").placement == fleet::Placement::schema);
  CHECK(summary(fleet.query(fleet.tenants(), "select current_database()", {})) == "x: fan_t01\n");

  here.tenants.text = "select 'x' as slug, 'only' as server";
  Error const missing = error_of([&] { open_fleet(here).tenants(); });
  CHECK(missing.kind == ErrorKind::config);
  CHECK(missing.message == "the tenants query of environment test lacks the column database_name");
  here.tenants.text = "select 'x' as slug, 'only' as server, 'd' as database_name, 'r' as regoin";
  CHECK(error_of([&] { open_fleet(here).tenants(); }).message.find("regoin (did you mean region?)") !=
        std::string::npos);
  here.tenants.text = "select 'x' as slug, 'other' as server, 'd' as database_name";
  CHECK(error_of([&] { open_fleet(here).tenants(); }).message.find("other is not in the list of servers") !=
        std::string::npos);
}
