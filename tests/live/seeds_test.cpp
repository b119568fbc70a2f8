// Seeds and sample rows against a real server.

#include "migrations/engine/seeds.hpp"

#include <doctest/doctest.h>

#include "migrations/engine/sample.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::FreshDatabase;
using tests::listed;
using tests::SetFolder;

namespace {

std::string shown(std::vector<SeedStatus> const& seeds) {
  std::string text;
  for (SeedStatus const& seed : seeds)
    text += seed.name + " [" + listed(seed.fills) + "]" + (seed.applied ? " applied" : " pending") +
            (seed.changed ? " changed" : "") + "\n";
  return text;
}

std::string shown(std::vector<SeedRun> const& runs) {
  std::string text;
  for (SeedRun const& run : runs)
    text +=
        run.name + " +" + std::to_string(run.rows.inserted) + " ~" + std::to_string(run.rows.updated) + "\n";
  return text;
}

constexpr char const* payers =
    "-- tenantsh: seed\n-- fills: ref.payer\ninsert into ref.payer values (1, 'A'), (2, 'B') on conflict "
    "(id) do "
    "update set name = excluded.name;\n";

SetFolder& with_seeds(SetFolder& folder) {
  return folder
      .write("001_ref.sql", "create schema ref; create table ref.payer (id int primary key, name text)")
      .write("002_payers.sql", payers)
      .write("003_more.sql",
             "-- tenantsh: seed\n-- fills: ref.payer\ninsert into ref.payer values (3, 'C') on "
             "conflict do nothing");
}

}  // namespace

TEST_CASE("seeds run again by name, in the order of the set, and count their rows") {
  FreshDatabase database;
  SetFolder folder;
  auto session = database.connect();
  MigrationSet const set = with_seeds(folder).load(database.driver());
  CHECK(shown(seed_status(*session, set)) ==
        "002_payers.sql [ref.payer] pending\n003_more.sql [ref.payer] pending\n");
  apply(*session, set, {});
  database.run({"delete from ref.payer where id = 2", "update ref.payer set name = 'X' where id = 1"});
  CHECK(shown(run_seeds(*session, set, {"*more*", "002"}, {.run_id = "r9"})) ==
        "002_payers.sql +1 ~1\n003_more.sql +0 ~0\n");
  CHECK(database.one("select string_agg(name, '' order by id) from ref.payer") == "ABC");
  CHECK(database.one(
            "select string_agg(name || coalesce(run_id, ''), ' ' order by name) from tenantsh.ledger") ==
        "001_ref.sql 002_payers.sqlr9 003_more.sqlr9");
  CHECK(listed(seeds_filling(set, "ref.payer")) == "002_payers.sql 003_more.sql");
  CHECK(listed(seeds_filling(set, "ref.other")) == "");
}

TEST_CASE("without names the pending and the changed ones run") {
  FreshDatabase database;
  SetFolder folder;
  auto session = database.connect();
  apply(*session, with_seeds(folder).load(database.driver()), {});
  CHECK(shown(run_seeds(*session, folder.load(database.driver()), {}, {})) == "");
  folder.write("002_payers.sql", std::string{payers} + "-- edited\n")
      .write("004_late.sql",
             "-- tenantsh: seed\ninsert into ref.payer values (4, 'D') on conflict do nothing");
  CHECK(shown(run_seeds(*session, folder.load(database.driver()), {}, {})) ==
        "002_payers.sql +0 ~2\n004_late.sql +1 ~0\n");
  CHECK(shown(run_seeds(*session, folder.load(database.driver()), {}, {})) == "");
}

TEST_CASE("an edited seed is shown, stops up, and is recorded by running it") {
  FreshDatabase database;
  SetFolder folder;
  auto session = database.connect();
  apply(*session, with_seeds(folder).load(database.driver()), {});
  folder.write("002_payers.sql", std::string{payers} + "-- edited\n");
  MigrationSet const set = folder.load(database.driver());
  CHECK(shown(seed_status(*session, set)) ==
        "002_payers.sql [ref.payer] applied changed\n003_more.sql [ref.payer] applied\n");
  CHECK_THROWS_AS(apply(*session, set, {}), fleet::Error);
  CHECK(shown(run_seeds(*session, set, {"002_payers.sql"}, {})) == "002_payers.sql +0 ~2\n");
  CHECK_NOTHROW(apply(*session, set, {}));
}

TEST_CASE("what is no seed does not run as one") {
  FreshDatabase database;
  SetFolder folder;
  auto session = database.connect();
  MigrationSet const set = with_seeds(folder).load(database.driver());
  auto kind_and_hint = [&](std::vector<std::string> const& names) {
    try {
      run_seeds(*session, set, names, {});
    } catch (fleet::Error const& error) {
      return std::string{to_string(error.kind)} + ": " + error.message + " | " + error.hint;
    }
    return std::string{"no error"};
  };
  CHECK(kind_and_hint({"001"}) == "usage: 001_ref.sql is not a seed | seeds: 002_payers.sql, 003_more.sql");
  CHECK(kind_and_hint({"002_payer.sql"}) == "not_found: no file \"002_payer.sql\" in " +
                                                folder.path().string() + " | did you mean 002_payers.sql?");
  CHECK(database.one("select to_regnamespace('tenantsh') is null") == "t");
}

TEST_CASE("a seed that fails leaves its old row and rows") {
  FreshDatabase database;
  SetFolder folder;
  auto session = database.connect();
  apply(*session, with_seeds(folder).load(database.driver()), {});
  folder.write("003_more.sql",
               "-- tenantsh: seed\ninsert into ref.payer values (4, 'D');\ninsert into ref.payer "
               "values (3, 'C');");
  try {
    run_seeds(*session, folder.load(database.driver()), {"003"}, {});
    CHECK_MESSAGE(false, "it must fail");
  } catch (fleet::Error const& error) {
    CHECK(error.sqlstate == "23505");
    CHECK(error.hint == "a seed runs more than once: write it with ON CONFLICT … DO UPDATE");
  }
  CHECK(database.one("select count(*) from ref.payer") == "3");
  CHECK(shown(seed_status(*session, folder.load(database.driver()))) ==
        "002_payers.sql [ref.payer] applied\n003_more.sql [] applied changed\n");
}

TEST_CASE("sample rows come from settings that live in their transaction, whole or not at all") {
  FreshDatabase database;
  auto session = database.connect();
  session->script("create table m (n int); create table audit (n int)");
  std::string const generator =
      "insert into m select i * current_setting('tenantsh.seed')::int from generate_series(1, "
      "current_setting('tenantsh.members')::int) i;\ninsert into audit values (1);\n";
  SampleReport const report = generate(*session, generator, {.members = 30, .seed = "7"});
  CHECK(report.rows == 31);
  CHECK(report.inserted == std::map<std::string, std::int64_t>{{"public.m", 30}, {"public.audit", 1}});
  CHECK(database.one("select sum(n) from m") == "3255");
  CHECK(session->query("select coalesce(current_setting('tenantsh.members', true), '')").value() == "");
  CHECK_THROWS_AS(generate(*session, "insert into m values (1); select 1/0", {}), fleet::Error);
  CHECK_THROWS_AS(generate(*session, generator, {.members = -1}), fleet::Error);
  CHECK(database.one("select count(*) from m") == "30");
  CHECK(!session->in_transaction());
}
