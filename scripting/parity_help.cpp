#include "scripting/lua_parity.hpp"

namespace scripting {

namespace {

constexpr std::string_view page =
    R"(tenantsh tenants parity acme --with acme-restore-20260427t1500z
tenantsh tenants parity acme --manifest acme-20260427T150000Z.manifest.json

Compares two placements, or one with what the manifest of a backup says of it. Both go on serving: each side is read in
one snapshot of its own, by --jobs connections at once, and no table is read into memory. What is locked is ACCESS
SHARE, as by pg_dump: an ALTER TABLE waits for the end. Exit 0 the same, 8 something differs or could not be read.

  tables         the number of rows and a digest of their texts, whatever their order; of a table that differs the rows:
                 which key, which columns, both values; missing, or there more often. The key is the primary one, else a
                 unique index over NOT NULL columns; without any, rows are told apart by all that stands in them
  sequences      last value and whether it was used; one that is behind would give numbers twice
  structure      columns, constraints, indexes, views, functions, triggers, policies, comments, owners
  grants         on every object and on the database; settings of the database, also for single roles
  large objects  by their content; of databases, as are extensions, encoding and collation

A row's text is what PostgreSQL prints under settings that are made for it, whatever ALTER DATABASE or ALTER ROLE say:
1.0 and 1.00, 0 and -0, Ann and ann in a citext, NULL and '' are different. Two json values are the same when they are
written the same, two jsonb values when they mean the same. Columns that only one side has are told and the rest is
compared; another order of columns is no difference of the rows.

States: same · within drift (no more than --drift rows) · different · missing here · missing there · failed (could not be
read; it says why)

While somebody writes, two snapshots are never of one moment. Rows that differ are looked at again in fresh snapshots, up
to --looks times, until they are the same (settled) or differ in the same way twice; who is being written is told.

Two schemas under different names are compared without the name: in what PostgreSQL knows as a relation, a type or a
function (regclass, defaults, views), not inside plain text, where the name is a word like any other.

A write fence takes grants away and makes settings: on a tenant that is read_only, suspended or retired these are
counted and not held against it.

Not compared, and said each time where there is such a thing: rows, and where sequences stand, in schemas that travel as
structure only (--structure, pgboss); rows of foreign tables, of materialized views (only whether they are filled), of
tables that an extension made; the schemas tenantsh and runbook; roles and what else belongs to the server. A manifest
knows counts, digests, extensions and how many large objects there were, and nothing else.
)";

}  // namespace

std::string_view parity_help(std::string_view topic) { return topic == "parity" ? page : std::string_view{}; }

}  // namespace scripting
