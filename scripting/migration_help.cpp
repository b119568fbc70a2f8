#include "scripting/migration_help.hpp"

namespace scripting {

namespace {

constexpr std::string_view sets_page =
    R"(A set is a folder of migration files; --set FOLDER, without it the shipped one.

Names, read in one order, compared as numbers (9 < 10 < 48)
  055_add_claim.sql                      a number; 20240101120000_x and 20240101120000-x too (knex, Sequelize, Rails, …)
  2026_2_49_1.sql                        year, number, sequence, revision
  V1.2__x.sql  U1.2__x.sql  R__x.sql     Flyway; R__ runs again whenever it changed, after all others
  20240101120000_x/migration.sql         Prisma
  x.js x.ts x.rb x.py x.go               programs, run by their own tool ([runner] below); beside an x.sql only the
                                         wrapper of that SQL, which runs natively
  archive/                               no longer run, but their numbers stay taken

The way back: x.down.sql beside x.sql or x.up.sql, U for V, down.sql in Prisma's folder, or below a mark in the file.

Marks, comment lines of their own
  -- ===== PLATFORM MIGRATIONS =====     for master (--scope master); also MASTER
  -- ===== TENANT MIGRATIONS =====       for tenants
  -- migrate:up    -- migrate:down [transaction:false]         -- +goose Up    -- +goose Down
  -- tenantsh: no-transaction            at the top: statement by statement, for CREATE INDEX CONCURRENTLY and the like;
                                         a run that broke off goes on after the statements that took effect
  -- tenantsh: seed                      reference data that may run again (help seeds)
{schema_name} is the schema of a tenant that is placed as one; quoted where it stands as a name.

A file runs in one transaction with its row in tenantsh.ledger (name, SHA-256, when, by whom, how long, run). These are
named and stop up, down and to before anything runs; --accept WORD goes on in spite of
  changed  missing  out_of_order  duplicate_number  gap  wrong_wrapper  unnamed_index  syntax
and of nothing else: no_way_back, no_runner, empty_file, bad_name, …

set.toml in the folder
  accept = ["out_of_order"]              always accepted here
  gaps = "refuse"                        a number that is missing between two others is a problem
  baseline = "baseline.sql"              what new tenants get at once (help migrations.baseline_check)
  history = "knex"                       the tool whose history table is kept in step (help migrations.adopt)
  [runner]                               for programs, run directly and never by a shell, only from a file that nobody
  up = ["npx", "knex", "migrate:up", "{file}"]                else may write; also down, directory, [runner.environment]
  [permission]                           table, role_column, permission_column: where `migrate new permission` writes
  [lint]                                 help lint
)";

constexpr std::string_view waves_page =
    R"(tenantsh migrate [--tenants SELECTION] --canary acme --waves "1, 10%, 50%" --max-failures 5% --jobs 16

Every tenant's ledger is read first. Who has every file is up to date and not touched; who has a file in the way
(edited, missing, out of order, …) or does not answer is parked at once. The others are worked on in waves: the canaries,
waves of these sizes, then everyone else; --plan shows them.

  done         every file is applied
  parked       the first error stopped this tenant; the files before it stay applied
  stopped      Ctrl-C came while it was worked on; it stands at a whole migration, in a no-transaction file at a
               whole statement
  not begun    a canary failed, --max-failures was reached, or Ctrl-C

A canary that fails stops the run. Exit 0 all done, 7 some are parked, 1 all are, 130 interrupted. The same command again
works on those that are left; tenantsh migrate parked says who they are and why; tenantsh migrate skew how far apart the
fleet is. A file waits --lock-timeout (5s) for a lock that an application holds, and is tried again --lock-retries times
with growing pauses, so that nothing queues up behind it. One runner works on a tenant at a time; tenantsh migrate unlock
shows who holds one, whether that process still lives, and ends it when told so.

identity.tenant_audit has a row before the work on a tenant and one after it. The runbook migrate_fleet does the same
as steps that are confirmed, journalled and resumed: tenantsh run migrate_fleet --input canary=acme
)";

}  // namespace

std::string_view migration_help(std::string_view topic) {
  if (topic == "sets") return sets_page;
  if (topic == "waves") return waves_page;
  return {};
}

}  // namespace scripting
