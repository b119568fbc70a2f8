#include "fleet/restore_archive.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "fleet/error.hpp"
#include "fleet/restore.hpp"

using namespace fleet;

TEST_CASE("roles_in_statement") {
  std::string lines;
  for (char const* statement :
       {"GRANT SELECT,INSERT ON TABLE claims.claim TO acme_app;",
        "GRANT ALL ON SCHEMA \"to\" TO \"Odd, \"\"role\"\"\", plain WITH GRANT OPTION;",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC;", "GRANT SELECT(id, \"from\") ON TABLE a.b TO reader;",
        "ALTER DEFAULT PRIVILEGES FOR ROLE acme_owner IN SCHEMA claims GRANT SELECT ON TABLES TO acme_app;",
        "CREATE POLICY own ON claims.claim FOR SELECT TO acme_app, PUBLIC USING ((owner = CURRENT_USER));",
        "CREATE POLICY own ON claims.claim USING ((a = 'TO nobody'::text));",
        "SET SESSION AUTHORIZATION granter;", "RESET SESSION AUTHORIZATION;"}) {
    std::string roles;
    for (std::string const& role : roles_in_statement(statement)) roles += "[" + role + "]";
    lines += roles + "\n";
  }
  CHECK(lines == R"([acme_app]
[Odd, "role"][plain]

[reader]
[acme_owner][acme_app]
[acme_app]

[granter]

)");
}

TEST_CASE("sibling_of") {
  Tenant tenant;
  tenant.slug = "a-tenant-with-a-long-name";
  tenant.display_name = "Acme";
  Sibling sibling = sibling_of(tenant, "2026-04-27T15:00:59.123Z");
  CHECK(sibling.slug == "a-tenant-with-a-restore-20260427t1500z");
  CHECK(sibling.database == "tenant_a_tenant_with_a_restore_20260427t1500z");
  CHECK(sibling.display_name == "Acme (restored, as of 2026-04-27 15:00 UTC)");
  CHECK(copy_name(sibling.database, "k7m2qa9xk7m2").size() <= 63);
  check_slug(sibling.slug);
  tenant.placement = Placement::schema;
  tenant.database_name = "shop";
  sibling = sibling_of(tenant, "2026-04-27T15:00:00Z");
  CHECK(sibling.database == "shop");
  CHECK(sibling.schema == "a_tenant_with_a_restore_20260427t1500z");
  for (char const* time : {"", "yesterday", "2026-04-27", "20260427T150000Z", "2026-04-27 15:00:00"})
    CHECK_THROWS_AS(sibling_of(tenant, time), Error);
  for (char const* run : {"", "x y", "A", "k7m2qa9xk7m2q", "a\"b", "a_b"})
    CHECK_THROWS_AS(copy_name("tenant_acme", run), Error);
}

TEST_CASE("RestoreProgress") {
  RestoreProgress progress;
  std::string lines = progress.line("acme", 1) + "\n";
  progress.begin({{"TABLE DATA", 3}, {"INDEX", 2}, {"CONSTRAINT", 1}, {"FK CONSTRAINT", 4}}, 100U << 20U);
  progress.phase("restoring");
  for (char const* line :
       {"pg_restore: creating INDEX \"a.b\"", "pg_restore: entering main parallel loop",
        "pg_restore: processing data for table \"a.b\"", "pg_restore: finished item 3402 TABLE DATA b",
        "pg_restore: finished item 3 INDEX i", "pg_restore: finished item 4 FK CONSTRAINT b k",
        "pg_restore: finished item 5 CONSTRAINT b p"})
    progress.read(line);
  lines += progress.line("acme", 10) + "\n";
  progress.bytes(25U << 20U);
  lines += progress.line("acme", 10) + "\n";
  progress.bytes(99U << 20U);
  lines += progress.line("acme", 40) + "\n";
  CHECK(lines == R"(reading the archive acme
restoring acme: tables 1/3, indexes 3/3
restoring acme: tables 1/3, indexes 3/3, 25 MiB of about 100 MiB, about 30 s left
restoring acme: tables 1/3, indexes 3/3, 99 MiB of about 100 MiB
)");
}
