// The shipped sets and the sample generator, through the engine.

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "migrations/engine/sample.hpp"
#include "migrations/engine/seeds.hpp"
#include "tests/live/fresh_database.hpp"

using namespace migrations;
using tests::FreshDatabase;

namespace {

std::filesystem::path const source = std::filesystem::path{TENANTSH_SOURCE} / "migrations";

MigrationSet shipped(FreshDatabase const& database, char const* name, Scope scope) {
  return MigrationSet::load(source / name, scope, database.driver());
}

}  // namespace

TEST_CASE("the shipped sets apply once, and their seeds any number of times") {
  struct Row {
    char const* name;
    Scope scope;
  };
  for (Row row : {Row{"master", Scope::master}, Row{"tenant", Scope::tenant}}) {
    CAPTURE(row.name);
    FreshDatabase database;
    MigrationSet const set = shipped(database, row.name, row.scope);
    auto session = database.connect();
    CHECK(apply(*session, set, {}).applied.size() == set.files().size());
    CHECK(apply(*session, set, {}).already_applied == set.files().size());
    for (SeedRun const& run : run_seeds(*session, set, {"*"}, {})) {
      CAPTURE(run.name);
      CHECK(run.rows.inserted == 0);
    }
    for (SeedStatus const& seed : seed_status(*session, set)) {
      CHECK((seed.applied && !seed.changed));
      for (std::string const& table : seed.fills) {
        CAPTURE(table);
        CHECK(database.one("select exists (select from " + table + ")") == "t");
      }
    }
  }
}

TEST_CASE("the sample generator gives the same rows for the same seed") {
  std::ifstream file{source / "seeds" / "tenant_sample.sql"};
  std::string const generator{std::istreambuf_iterator<char>{file}, {}};
  std::string first;
  for (int round = 0; round < 2; ++round) {
    FreshDatabase database;
    auto session = database.connect();
    apply(*session, shipped(database, "tenant", Scope::tenant), {});
    SampleReport const report = generate(*session, generator, {.members = 20, .seed = "acme"});
    CHECK(report.inserted.at("members.member") == 20);
    std::string inserted;
    for (auto const& [table, rows] : report.inserted) inserted += table + " " + std::to_string(rows) + "\n";
    if (round == 0) first = inserted;
    CHECK(inserted == first);
  }
}
