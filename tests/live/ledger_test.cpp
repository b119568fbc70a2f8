// Reading the ledgers of many targets of one database, against a real server.

#include <doctest/doctest.h>

#include "migrations/engine/ledger.hpp"
#include "tests/live/fresh_database.hpp"

using namespace migrations;

namespace {

std::string rendered(std::vector<Ledger> const& ledgers) {
  std::string text;
  for (Ledger const& ledger : ledgers) {
    text += (text.empty() ? "" : " | ") + ledger.target.schema_name + ":";
    for (LedgerEntry const& entry : ledger.entries)
      text += " " + entry.name + "/" + entry.sha256 + "/" + entry.applied_by + "/" +
              std::to_string(entry.duration_ms) + "/" + entry.run_id;
  }
  return text;
}

}  // namespace

TEST_CASE("many schemas of one database are read at once, each in the order of its numbers") {
  tests::FreshDatabase database;
  auto session = database.connect();
  CHECK(rendered(read_ledgers(*session, Scope::tenant, {"s1", "s2"})) == "s1: | s2:");  // no table yet
  prepare_ledger(*session);
  record(*session, {Scope::tenant, "s2"}, {"10_b.sql", "bb", "", "it's \\ us", 7, "r1"});
  record(*session, {Scope::tenant, "s2"}, {"9_a.sql", "aa", "", "us", 0, ""});
  record(*session, {Scope::tenant, "s1"}, {"9_a.sql", "aa", "", "us", 0, ""});
  record(*session, {Scope::tenant, "s1"}, {"9_a.sql", "a2", "", "us", 1, ""});  // written again
  record(*session, {Scope::tenant, "other"}, {"9_a.sql", "xx", "", "us", 0, ""});
  record(*session, {Scope::master, "s1"}, {"9_a.sql", "mm", "", "us", 0, ""});
  CHECK(rendered(read_ledgers(*session, Scope::tenant, {"s2", "s1", "new", "s2"})) ==
        "s2: 9_a.sql/aa/us/0/ 10_b.sql/bb/it's \\ us/7/r1 | s1: 9_a.sql/a2/us/1/ | new: | "
        "s2: 9_a.sql/aa/us/0/ 10_b.sql/bb/it's \\ us/7/r1");
  CHECK(rendered({read_ledger(*session, {Scope::master, "s1"})}) == "s1: 9_a.sql/mm/us/0/");
  CHECK(rendered(read_ledgers(*session, Scope::tenant, {})).empty());
  record(*session, {Scope::tenant, ""}, {"9_a.sql", "zz", "", "", 0, ""});  // the session's own user
  CHECK(rendered({read_ledger(*session, {Scope::tenant, ""})}) == ": 9_a.sql/zz/tenantsh_admin/0/");
}

TEST_CASE("reading a thousand ledgers holds locks on one table") {
  tests::FreshDatabase database;
  auto session = database.connect();
  prepare_ledger(*session);
  std::vector<std::string> schemas;
  for (int i = 0; i < 1000; ++i) schemas.push_back("s" + std::to_string(i));
  fleet::Transaction transaction{*session, fleet::Access::read_only};
  CHECK(read_ledgers(*session, Scope::tenant, schemas).size() == 1000);
  CHECK(session
            ->query("select string_agg(distinct relation::regclass::text, ' ' order by "
                    "relation::regclass::text) from pg_locks where pid = pg_backend_pid() and locktype = "
                    "'relation' and relation::regclass::text like 'tenantsh.%'")
            .value() == "tenantsh.ledger tenantsh.ledger_pkey");
  transaction.commit();
}
