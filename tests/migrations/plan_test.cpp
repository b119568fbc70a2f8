#include "migrations/engine/plan.hpp"

#include <doctest/doctest.h>

#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::SetFolder;

namespace {

std::string shown(Plan const& plan) {
  std::vector<std::string> pending, applied;
  for (Migration const* file : plan.pending) pending.push_back(file->name);
  for (LedgerEntry const* entry : plan.applied) applied.push_back(entry->name);
  return "pending [" + tests::listed(pending) + "] applied [" + tests::listed(applied) + "]\n" +
         tests::listed(plan.problems);
}

// A ledger as if these files had been applied as they are now.
Ledger having(MigrationSet const& set, std::vector<std::string> const& names) {
  Ledger ledger{{set.scope(), ""}, {}};
  for (std::string const& name : names) {
    Migration const* file = set.find(name);
    ledger.entries.push_back({name, file ? file->sha256 : "gone", "", "", 0, ""});
  }
  return ledger;
}

}  // namespace

TEST_CASE("a target without a ledger gets everything, in order") {
  SetFolder folder;
  folder.write("10_b.sql", "select 1").write("9_a.sql", "select 1");
  MigrationSet const set = folder.load();
  CHECK(shown(plan(set, having(set, {}))) == "pending [9_a.sql 10_b.sql] applied []\n");
}

TEST_CASE("a target that has everything is up to date") {
  SetFolder folder;
  folder.write("1_a.sql", "select 1").write("archive/0_z.sql", "");
  MigrationSet const set = folder.load();
  Ledger const ledger = having(set, {"0_z.sql", "1_a.sql"});
  CHECK(plan(set, ledger).up_to_date());
  CHECK(shown(plan(set, ledger)) == "pending [] applied [0_z.sql 1_a.sql]\n");
}

TEST_CASE("a folder that holds no applied file at all is another set's, said once") {
  SetFolder applied, other;
  applied.write("001_a.sql", "select 1").write("002_b.sql", "select 1");
  Ledger const ledger = having(applied.load(), {"001_a.sql", "002_b.sql"});
  other.write("003_c.sql", "select 1");
  MigrationSet const set = other.load();
  CHECK(plan(set, ledger).problems.size() == 1);
  CHECK(plan(set, ledger).problems.front().message ==
        set.folder().string() + " holds none of the 2 files that were applied here (001_a.sql, …)");
}

TEST_CASE("changed, missing, out of order and duplicate are each named") {
  SetFolder folder;
  folder.write("001_a.sql", "select 1")
      .write("002_seed.sql", "-- tenantsh: seed\nselect 1")
      .write("003_gone.sql", "select 1")
      .write("005_e.sql", "select 1");
  Ledger const ledger = having(folder.load(), {"001_a.sql", "002_seed.sql", "003_gone.sql", "005_e.sql"});
  folder.write("001_a.sql", "select 2").write("002_seed.sql", "-- tenantsh: seed\nselect 2");
  folder.remove("003_gone.sql");
  folder.write("004_late.sql", "select 1").write("006_f.sql", "select 1").write("006_g.sql", "select 1");
  MigrationSet const set = folder.load();
  Ledger found = ledger;
  found.entries[2].sha256 = "x";
  CHECK(
      shown(plan(set, found)) ==
      "pending [004_late.sql 006_f.sql 006_g.sql] applied [001_a.sql 002_seed.sql 005_e.sql]\n"
      "duplicate_number: 006_g.sql: has the same number as 006_f.sql | give the newer one the number 7: "
      "tenantsh migrate renumber\n"
      "changed: 001_a.sql: the file was edited after it was applied | restore the file and put the edit into "
      "a new "
      "one; when what the target has is right, record it: tenantsh migrate mark 001_a.sql, with the --set "
      "and --tenants of this call\n"
      "changed: 002_seed.sql: the seed was edited after it was applied | run it again: tenantsh seed run "
      "002_seed.sql, with the --set and --tenants of this call\n"
      "missing: 003_gone.sql: applied, but the file is not in the folder | bring the file back, or move it "
      "to the "
      "sub-folder archive if it is to be kept out of the way\n"
      "out_of_order: 004_late.sql: has not run, but 005_e.sql already has | give it the number 7, or accept "
      "out_of_order when it does not depend on the order\n");
}

TEST_CASE("what an applied file's text holds is no matter any more") {
  SetFolder folder;
  folder.write("001_a.sql", "create tabel t").write("002_b.sql", "vacuum");
  MigrationSet const set = folder.load();
  CHECK(shown(plan(set, having(set, {"001_a.sql"}))) ==
        "pending [002_b.sql] applied [001_a.sql]\n"
        "transaction_forbidden: 002_b.sql:1: VACUUM cannot run inside a transaction | add the line `-- "
        "tenantsh: "
        "no-transaction` at the top of the file\n");
}

TEST_CASE("problems stop unless they are accepted, and some cannot be") {
  std::vector<Problem> const problems{{ProblemKind::changed, "a", "a was edited", "undo it"},
                                      {ProblemKind::empty_file, "b", "b is empty", ""}};
  CHECK(remaining(problems, {}).size() == 2);
  CHECK(tests::listed(remaining(problems, {ProblemKind::changed, ProblemKind::empty_file})) ==
        "empty_file: b is empty | \n");
  try {
    refuse(problems);
  } catch (fleet::Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::refused);
    CHECK(error.describe() ==
          "a was edited (and 1 more)\n  detail: a was edited\n    b is empty\n  hint: undo it");
  }
}

TEST_CASE("every problem kind has its word") {
  for (int i = 0; i <= static_cast<int>(ProblemKind::out_of_order); ++i) {
    auto const kind = static_cast<ProblemKind>(i);
    CHECK(parse_problem_kind(to_string(kind)) == kind);
  }
  CHECK(!parse_problem_kind("ledger"));
}

TEST_CASE("a set is placed as what it is written for") {
  SetFolder own;
  own.write("001_a.sql", "create schema s");
  SetFolder placed;
  placed.write("001_a.sql", "create table {schema_name}.t ()");
  MigrationSet const database = own.load();
  MigrationSet const schema = placed.load();
  CHECK_NOTHROW(plan(database, {{Scope::tenant, ""}, {}}));
  CHECK_NOTHROW(plan(schema, {{Scope::tenant, "acme"}, {}}));
  CHECK_THROWS_WITH_AS(
      plan(database, {{Scope::tenant, "acme"}, {}}),
      (own.path().string() + " cannot be placed as a schema: its files name their own schemas and "
                             "nowhere say {schema_name}")
          .c_str(),
      fleet::Error);
  CHECK_THROWS_AS(plan(schema, {{Scope::tenant, ""}, {}}), fleet::Error);
}
