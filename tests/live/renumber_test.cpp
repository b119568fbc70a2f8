// Renaming what a target has, on a real server.

#include "migrations/engine/renumber.hpp"

#include <doctest/doctest.h>

#include "migrations/engine/apply.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::FreshDatabase;
using tests::SetFolder;

TEST_CASE("ledger and other tools' histories are renamed once, in one transaction") {
  FreshDatabase database;
  SetFolder folder;
  for (char const* name : {"010_x.sql", "010_y.sql", "011_y.sql"}) folder.write(name, "select 1;");
  folder.write("012_z.js", "read('011_y.sql')");
  auto session = database.connect();
  session->script(
      "create table public.knex_migrations (id serial, name text unique); insert into public.knex_migrations "
      "(name) "
      "values ('010_x.sql'), ('010_y.sql'), ('011_y.sql'), ('012_z.js'); create table public.pgmigrations "
      "(name text "
      "unique); insert into public.pgmigrations values ('010_y'), ('011_y')");
  for (char const* name : {"010_x.sql", "010_y.sql", "011_y.sql"})
    mark(*session, folder.load(database.driver()), {name}, {});
  NumberedFolder numbers = read_numbers(folder.path());
  std::set<std::string> const applied = applied_names(*session, {});
  CHECK(applied.count("010_y") == 1);
  CHECK(applied.count("012_z.js") == 1);
  for (NumberedStem& stem : numbers.stems) stem.applied = 1;
  RenumberJournal const journal =
      make_journal(folder.path(), numbers, plan_renumbering(numbers, Gaps::keep), database.driver());
  session->query(
      {"insert into tenantsh.ledger (scope, name, sha256, duration_ms) values ('tenant', '012_z.js', $1, 0)",
       {database.driver().sha256("read('011_y.sql')")}});
  CHECK(renumber_target(*session, {}, journal) == 3 + 3 + 2);
  std::string const ledger =
      "select string_agg(name, ' ' order by name) from tenantsh.ledger where scope = 'tenant'";
  CHECK(database.one(ledger) == "010_x.sql 011_y.sql 012_y.sql 013_z.js");
  CHECK(database.one("select string_agg(name, ' ' order by id) from public.knex_migrations") ==
        "010_x.sql 011_y.sql 012_y.sql 013_z.js");
  CHECK(database.one("select string_agg(name, ' ' order by name) from public.pgmigrations") == "011_y 012_y");
  CHECK(database.one("select sha256 from tenantsh.ledger where name = '013_z.js'") ==
        database.driver().sha256("read('012_y.sql')"));
  CHECK(renumber_target(*session, {}, journal) == 0);
  CHECK(database.one(ledger) == "010_x.sql 011_y.sql 012_y.sql 013_z.js");
}
