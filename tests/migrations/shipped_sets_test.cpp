#include <doctest/doctest.h>

#include "migrations/engine/seeds.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;

namespace {

MigrationSet shipped(char const* name, Scope scope) {
  return MigrationSet::load(std::filesystem::path{TENANTSH_SOURCE} / "migrations" / name, scope,
                            tests::DigestDriver{});
}

}  // namespace

TEST_CASE("the shipped sets have no problem that could be found without a server") {
  for (auto const& set : {shipped("master", Scope::master), shipped("tenant", Scope::tenant)}) {
    CAPTURE(set.folder().string());
    CHECK(tests::listed(set.problems()) == "");
    CHECK(tests::listed(set.check()) == "");
    CHECK(!set.uses_schema_name());
    for (Migration const& file : set.files()) {
      CAPTURE(file.name);
      CHECK(file.seed == !file.fills.empty());
    }
  }
  CHECK(shipped("master", Scope::master).files().size() >= 50);
}

TEST_CASE("every reference table that master_init counts names the seeds that fill it") {
  MigrationSet const set = shipped("master", Scope::master);
  for (char const* table :
       {"rcm_master.payer", "rcm_master.procedure_service_line", "rcm_master.modifier_injection_rule"}) {
    CAPTURE(table);
    CHECK(!seeds_filling(set, table).empty());
  }
}
