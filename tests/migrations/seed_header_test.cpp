// What a seed says of itself: profile, overwrite, secrets.

#include <doctest/doctest.h>

#include "migrations/engine/header.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/plan.hpp"
#include "migrations/engine/seeds.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::listed;
using tests::SetFolder;

namespace {

std::string shown(std::string_view sql) {
  Header const header = read_header(sql);
  std::string text = std::string{header.seed ? "seed " : ""} + (header.overwrite ? "overwrite " : "") + "[" +
                     header.profile + "] " + listed(header.secrets);
  for (auto const& mistake : header.mistakes) text += " !" + mistake.message + " | " + mistake.hint;
  return text;
}

}  // namespace

TEST_CASE("profile, overwrite and secrets stand in the header") {
  CHECK(shown("-- tenantsh: seed, profile development\nselect 1;") == "seed [development] ");
  CHECK(shown("-- tenantsh: seed, profile production\nselect 1;") == "seed [] ");
  CHECK(shown("-- tenantsh: seed\n-- tenantsh: overwrite\n-- secrets: a, b_2\nselect 1;") ==
        "seed overwrite [] a b_2");
  CHECK(shown("-- tenantsh: seed, profile\nselect 1;") ==
        "seed []  !`` is no name of a profile | write `-- tenantsh: seed, profile development`");
  CHECK(shown("-- tenantsh: seed, profile Big Data\nselect 1;") ==
        "seed []  !`Big Data` is no name of a profile | write `-- tenantsh: seed, profile development`");
  CHECK(shown("-- tenantsh: seed\n-- secrets: my password\nselect 1;") ==
        "seed []  !`my password` is no name of a secret | write `-- secrets: admin_password`, lower case, "
        "digits and _");
}

TEST_CASE("what only `seed run` is told is not run by up, and names choose by profile") {
  SetFolder folder;
  folder.write("001_a.sql", "select 1;")
      .write("002_demo.sql", "-- tenantsh: seed, profile development\nselect 1;")
      .write("003_admin.sql", "-- tenantsh: seed\n-- secrets: admin_password\nselect 1;")
      .write("004_plain.sql", "-- tenantsh: seed\nselect 1;")
      .write("005_odd.sql", "-- secrets: x\nselect 1;");
  MigrationSet const set = folder.load();
  CHECK(listed(set.problems()) ==
        "bad_header: 005_odd.sql:1: overwrite, profile and secrets are for seeds | say `-- tenantsh: seed` "
        "as well\n");
  std::string pending;
  Ledger const ledger;
  for (Migration const* file : plan(set, ledger).pending) pending += file->name + " ";
  CHECK(pending == "001_a.sql 004_plain.sql ");
  auto const chosen = [&](std::vector<std::string> const& patterns, std::string const& profile) {
    std::string names;
    for (Migration const* file : chosen_seeds(set, patterns, profile)) names += file->name + " ";
    return names;
  };
  CHECK(chosen({}, "") == "003_admin.sql 004_plain.sql ");
  CHECK(chosen({}, "development") == "002_demo.sql 003_admin.sql 004_plain.sql ");
  CHECK(chosen({"00*"}, "") == "003_admin.sql 004_plain.sql ");
  CHECK_THROWS_AS(chosen({"002"}, ""), fleet::Error);
}

TEST_CASE("set.toml says which seeds own what they set, and where permissions go") {
  SetFolder folder;
  folder.write(
      "set.toml",
      "overwrite_seeds = [\"*_seed.sql\"]\n[permission]\ntable = \"a.b\"\nrole_table = \"a.role(code)\"\n"
      "catalog = \"a.permission(code)\"\n");
  SetSettings const settings = read_set_settings(folder.path());
  CHECK(listed(settings.overwrite_seeds) == "*_seed.sql");
  CHECK(settings.permission.role_table == "a.role(code)");
  CHECK(settings.permission.catalog == "a.permission(code)");
}
