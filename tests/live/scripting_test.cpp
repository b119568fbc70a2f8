// Lua against a real fleet: three tenants of one cluster, of which the third has no database.

#include <doctest/doctest.h>

#include <fstream>

#include "scripting/interpreter.hpp"
#include "tests/support/throwaway_cluster.hpp"

using tests::ThrowawayCluster;

namespace {

class Nobody final : public runbooks::Console {
 public:
  bool interactive() const override { return false; }
  void say(std::string_view text) override { said += std::string{text} + "\n"; }
  void note(std::string_view) override {}
  std::string ask(runbooks::Question const& question) override {
    throw fleet::Error{fleet::ErrorKind::declined, question.text};
  }
  std::string said;
};

std::filesystem::path make_inventory() {
  auto& cluster = ThrowawayCluster::shared();
  cluster.run({"do $$ begin create role tenantsh_reader; exception when duplicate_object then null; end $$",
               "grant pg_read_all_data to tenantsh_reader", "grant tenantsh_reader to tenantsh_admin",
               "drop database if exists lua_one", "drop database if exists lua_two",
               "create database lua_one owner tenantsh_admin",
               "create database lua_two owner tenantsh_admin"});
  for (char const* database : {"lua_one", "lua_two"})
    cluster.run({"create table member (id bigint, balance numeric(10,2), note text)",
                 "insert into member values (9007199254740993, 0.10, null), (2, -1.5, '')"},
                database);
  std::string const folder = cluster.folder();
  std::string tenants;
  for (char const* slug : {"one", "two", "three"})
    tenants += (tenants.empty() ? "" : ",") + std::string{R"({"slug": ")"} + slug +
               R"(", "server": "pg-1", "database_name": "lua_)" + slug + R"("})";
  auto file = cluster.folder() / "lua_inventory.json";
  std::ofstream{file} << R"({"servers": [{"name": "pg-1", "host": ")" << folder
                      << R"(", "port": 5432, "admin_user": "tenantsh_admin", "admin_secret_ref": "file:)"
                      << folder << R"(/tenantsh_admin.secret", "status": "active"}], "tenants": [)" << tenants
                      << "]}";
  return file;
}

fleet::Environment environment() {
  static std::filesystem::path const file = make_inventory();
  fleet::Environment here;
  here.name = "lua";
  here.guard = fleet::Guard::open;
  here.servers = {fleet::ListSource::Kind::file, file.string()};
  here.tenants = here.servers;
  here.declared_in = file;
  auto& cluster = ThrowawayCluster::shared();
  here.master_dsn = "host=" + cluster.folder().string() + " port=5432 user=tenantsh_admin dbname=lua_one";
  here.master_secret = cluster.admin().password;
  return here;
}

struct Session {
  fleet::SystemClock clock;
  fleet::Fleet fleet{{.driver = ThrowawayCluster::shared().driver(),
                      .secrets = ThrowawayCluster::shared().secrets(),
                      .clock = clock,
                      .environment = environment(),
                      .variables = {}}};
  Nobody console;
  runbooks::Gate gate;
  scripting::World world{.fleet = fleet,
                         .console = console,
                         .gate = gate,
                         .who = {},
                         .settings = {},
                         .shipped = {},
                         .home = {},
                         .interrupt = {},
                         .show = {},
                         .render = {}};
  scripting::Registry registry = scripting::make_registry();
  scripting::Interpreter lua{world, registry};

  // What print() said, and the error that ended it.
  std::string operator()(std::string const& code) {
    console.said.clear();
    try {
      lua.evaluate(code, "test");
    } catch (fleet::Error const& error) {
      console.said += std::string{to_string(error.kind)} + " " + error.sqlstate + ": " + error.message;
    }
    return console.said;
  }
};

}  // namespace

TEST_CASE("tenants:query gives one table, and says which tenants failed") {
  Session session;
  CHECK(
      session("r = tenants:query('select id, balance, note from member order by id') "
              "for row in r do print(row.tenant, row.id, row.balance, row.note) end "
              "print(#r, r.asked, #r.errors, r.errors[1].tenant, r.errors[1].sqlstate)") ==
      "one\t2\t-1.50\t\none\t9007199254740993\t0.10\tnil\ntwo\t2\t-1.50\t\ntwo\t9007199254740993\t0.10\tnil\n"
      "4\t3\t1\tthree\t3D000\n");
  CHECK(session("print(r:sum('balance'), r:group('tenant'):column('count')[1], math.type(r[2].id))") ==
        "-2.80\t2\tinteger\n");
  CHECK(session("print(tenants.one:query('select $1::int + $2 as n', { params = { 40, 2 } })[1].n)") ==
        "42\n");
  CHECK(session("print(tenants.one:query('select $1::text is null as is_null', { params = { n = 1 } "
                "})[1].is_null)") == "true\n");
}

TEST_CASE("a query only reads, and its errors are the server's") {
  Session session;
  CHECK(
      session("tenants.one:query('delete from member')").starts_with("refused : this is not a read: DELETE"));
  CHECK(session("tenants.three:query('select 1')").starts_with("connect 3D000"));
  CHECK(session("tenants.one:query('select * from nowhere')") ==
        "sql 42P01: relation \"nowhere\" does not exist");
  CHECK(session("sql('select 1/0')") == "sql 22012: division by zero");
  CHECK(session("print(sql('select count(*) as n from member')[1].n)") == "2\n");
}

TEST_CASE("migrations and seeds run from Lua") {
  Session session;
  session.world.who = {.user = "ops", .host = "here", .process = {}};
  auto folder = ThrowawayCluster::shared().folder() / "lua_set";
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "001_payer.sql"} << "create table payer (id int primary key, name text);";
  std::ofstream{folder / "002_payer_seed.sql"} << "-- tenantsh: seed\n-- fills: public.payer\ninsert into "
                                                  "payer values (1, 'A') on conflict do nothing;";
  std::string const set = "set = '" + folder.string() + "'";
  CHECK(session("for r in migrations:status{ tenants = 'one', " + set +
                " } do print(r.name, r.state, r.where) end") ==
        "001_payer.sql\tpending\tone\n002_payer_seed.sql\tpending\tone\n");
  CHECK(session("print(migrations:up{ tenants = 'one', " + set + ", plan = true }[1].statement)") ==
        "apply 2 files (001_payer.sql … 002_payer_seed.sql) to one\n");
  CHECK(session("r = migrations:up{ " + set +
                " } print(#r, r:group('target'):sum('count'), r.errors[1].tenant)") == "4\t4\tthree\n");
  CHECK(session("r = migrations:status{ tenants = { tenants.one, 'two' }, " + set +
                " } print(#r, r[1].state, r[1].targets, r[1].where)") == "2\tapplied\t2\tone, two\n");
  CHECK(session("print(#migrations:up{ tenants = 'two', " + set + " })") == "0\n");
  CHECK(session("print(table.concat(seeds:filling('public.payer', { scope = 'tenant', " + set +
                " }), ' '))") == "002_payer_seed.sql\n");
  CHECK(session("r = seeds:run('002', { tenants = 'one', " + set +
                " }) print(#r, r[1].name, r[1].inserted)") == "1\t002_payer_seed.sql\t0\n");
  CHECK(session("print(#migrations:unlock{ tenants = 'one', plan = true })") == "0\n");
  CHECK(session("print(#migrations:unlock{ tenants = 'one' })") == "0\n");
  CHECK(session("migrations:up{ tenants = 'one', scope = 'master', " + set + " }") ==
        "usage : scope master has no tenants");
}

TEST_CASE("servers:reach connects as the admin") {
  Session session;
  CHECK(
      session(
          "for row in servers:reach() do print(row.server, row.version ~= nil, row.milliseconds >= 0) end") ==
      "pg-1\ttrue\ttrue\n");
}
