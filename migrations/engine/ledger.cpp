#include "migrations/engine/ledger.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

namespace {

// Every name is qualified: a file may leave any search_path behind.
bool exists(fleet::Session& session, char const* lookup) {
  return session.query(std::string{"select pg_catalog."} + lookup).value().has_value();
}

bool has_ledger(fleet::Session& session) {
  return exists(session, "to_regnamespace('tenantsh')") && exists(session, "to_regclass('tenantsh.ledger')");
}

// What two sessions that create the same schema or table at once can meet: unique_violation in the catalog,
// duplicate_schema, duplicate_table.
bool lost_a_race(fleet::Error const& error) {
  return error.sqlstate == "23505" || error.sqlstate == "42P06" || error.sqlstate == "42P07";
}

void create_ledger(fleet::Session& session) {
  fleet::Transaction transaction{session, fleet::Access::read_write};
  // CREATE SCHEMA IF NOT EXISTS wants CREATE on the database even when the schema is there.
  if (!exists(session, "to_regnamespace('tenantsh')")) session.query("create schema if not exists tenantsh");
  session.query(R"sql(
    create table if not exists tenantsh.ledger (
      scope       text not null,
      schema_name text not null default '',
      name        text not null,
      sha256      text not null,
      applied_at  timestamptz not null default pg_catalog.clock_timestamp(),
      applied_by  text not null default session_user,
      duration_ms bigint not null,
      run_id      text,
      primary key (scope, schema_name, name)
    ))sql");
  transaction.commit();
}

}  // namespace

LedgerEntry const* Ledger::find(std::string_view name) const {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](LedgerEntry const& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

Ledger read_ledger(fleet::Session& session, Target const& target) {
  Ledger ledger{target, {}};
  if (!has_ledger(session)) return ledger;
  fleet::Result const rows = session.query({R"sql(
    select name, sha256, pg_catalog.to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at,
           applied_by, duration_ms, run_id
      from tenantsh.ledger where scope = $1 and schema_name = $2)sql",
                                            {std::string{to_string(target.scope)}, target.schema_name}});
  for (std::size_t row = 0; row < rows.rows(); ++row)
    ledger.entries.push_back({rows.text(row, "name"), rows.text(row, "sha256"), rows.text(row, "applied_at"),
                              rows.text(row, "applied_by"), std::stoll(rows.text(row, "duration_ms")),
                              rows.text(row, "run_id")});
  std::sort(ledger.entries.begin(), ledger.entries.end(), [](LedgerEntry const& a, LedgerEntry const& b) {
    return std::make_tuple(version_of(a.name), std::string_view{a.name}) <
           std::make_tuple(version_of(b.name), std::string_view{b.name});
  });
  return ledger;
}

void prepare_ledger(fleet::Session& session) {
  for (int attempt = 1; !has_ledger(session); ++attempt) {
    try {
      create_ledger(session);
    } catch (fleet::Error const& error) {
      if (!lost_a_race(error) || attempt == 5) throw;
    }
  }
}

void record(fleet::Session& session, Target const& target, LedgerEntry const& entry) {
  auto or_null = [](std::string const& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>{text};
  };
  session.query({R"sql(
    insert into tenantsh.ledger (scope, schema_name, name, sha256, applied_at, applied_by, duration_ms, run_id)
    values ($1, $2, $3, $4, pg_catalog.clock_timestamp(), coalesce($5, session_user), $6::bigint, $7)
    on conflict (scope, schema_name, name) do update
       set sha256 = excluded.sha256, applied_at = excluded.applied_at, applied_by = excluded.applied_by,
           duration_ms = excluded.duration_ms, run_id = excluded.run_id)sql",
                 {std::string{to_string(target.scope)}, target.schema_name, entry.name, entry.sha256,
                  or_null(entry.applied_by), std::to_string(entry.duration_ms), or_null(entry.run_id)}});
}

void erase(fleet::Session& session, Target const& target, std::string const& name) {
  session.query({"delete from tenantsh.ledger where scope = $1 and schema_name = $2 and name = $3",
                 {std::string{to_string(target.scope)}, target.schema_name, name}});
}

}  // namespace migrations
