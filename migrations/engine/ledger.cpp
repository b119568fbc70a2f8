#include "migrations/engine/ledger.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

namespace {

// Every name is qualified: a file may leave any search_path behind.
bool exists(fleet::Session& session, char const* lookup) {
  return session.query(std::string{"select pg_catalog."} + lookup).value().has_value();
}

bool has_ledger(fleet::Session& session) { return exists(session, "to_regclass('tenantsh.ledger')"); }

// What two sessions that create the same schema or table at once can meet: unique_violation in the catalog,
// duplicate_schema, duplicate_table.
bool lost_a_race(fleet::Error const& error) {
  return error.sqlstate == "23505" || error.sqlstate == "42P06" || error.sqlstate == "42P07";
}

void create_ledger(fleet::Session& session) {
  fleet::Transaction transaction{session, fleet::Access::read_write};
  // CREATE SCHEMA IF NOT EXISTS wants CREATE on the database even when the schema is there.
  if (!exists(session, "to_regnamespace('tenantsh')")) session.query("create schema if not exists tenantsh");
  transaction.commit(R"sql(
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
}

}  // namespace

LedgerEntry const* Ledger::find(std::string_view name) const {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](LedgerEntry const& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

Ledger read_ledger(fleet::Session& session, Target const& target) {
  return std::move(read_ledgers(session, target.scope, {target.schema_name}).front());
}

std::vector<Ledger> read_ledgers(fleet::Session& session, Scope scope,
                                 std::vector<std::string> const& schema_names) {
  std::vector<Ledger> ledgers;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::string const& name : schema_names) {
    places.emplace(name, ledgers.size());
    ledgers.push_back({{scope, name}, {}});
  }
  if (ledgers.empty() || !has_ledger(session)) return ledgers;
  std::string sql = R"sql(
    select schema_name, name, sha256, applied_by, duration_ms, run_id,
           pg_catalog.to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
      from tenantsh.ledger where scope = $1 and schema_name )sql";
  fleet::Statement::Parameters parameters{std::string{to_string(scope)}};
  if (places.size() == 1) {
    sql += "= $2";
    parameters.emplace_back(schema_names.front());
  } else {
    sql += "in (select pg_catalog.jsonb_array_elements_text($2::jsonb))";
    parameters.emplace_back(nlohmann::json(schema_names).dump());
  }
  fleet::Result const rows = session.query({sql, std::move(parameters)});
  // Most targets have the same files: those are put in order once, not the rows of each target.
  std::map<std::string, std::vector<std::size_t>, std::less<>> rows_of;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string_view const name = *rows.at(row, 1);
    auto found = rows_of.find(name);
    if (found == rows_of.end()) found = rows_of.emplace(name, std::vector<std::size_t>{}).first;
    found->second.push_back(row);
  }
  std::vector<std::pair<Version, std::string_view>> order;
  for (auto const& [name, unused] : rows_of) order.emplace_back(version_of(name), name);
  std::sort(order.begin(), order.end());
  for (auto const& [version, name] : order)
    for (std::size_t row : rows_of.find(name)->second) {
      auto text = [&](std::size_t column) { return std::string{rows.at(row, column).value_or("")}; };
      ledgers[places.at(text(0))].entries.push_back(
          {text(1), text(2), text(6), text(3), std::stoll(text(4)), text(5)});
    }
  for (std::size_t i = 0; i < ledgers.size(); ++i)
    if (std::size_t const first = places.at(schema_names[i]); first != i)  // one schema, two targets
      ledgers[i].entries = ledgers[first].entries;
  return ledgers;
}

void prepare_ledger(fleet::Session& session) {
  for (int attempt = 1; !has_ledger(session); ++attempt) {
    try {
      return create_ledger(session);
    } catch (fleet::Error const& error) {
      if (!lost_a_race(error) || attempt == 5) throw;
    }
  }
}

void record(fleet::Session& session, Target const& target, LedgerEntry const& entry) {
  session.script(recording(session, target, entry));
}

std::string recording(fleet::Session& session, Target const& target, LedgerEntry const& entry) {
  auto literal = [&](std::string_view text) { return session.quote_literal(text); };
  return "insert into tenantsh.ledger "
         "(scope, schema_name, name, sha256, applied_at, applied_by, duration_ms, run_id) values (" +
         literal(to_string(target.scope)) + ", " + literal(target.schema_name) + ", " + literal(entry.name) +
         ", " + literal(entry.sha256) + ", pg_catalog.clock_timestamp(), " +
         (entry.applied_by.empty() ? "session_user" : literal(entry.applied_by)) + ", " +
         std::to_string(entry.duration_ms) + ", " + (entry.run_id.empty() ? "null" : literal(entry.run_id)) +
         ") on conflict (scope, schema_name, name) do update set sha256 = excluded.sha256, "
         "applied_at = excluded.applied_at, applied_by = excluded.applied_by, "
         "duration_ms = excluded.duration_ms, run_id = excluded.run_id";
}

void erase(fleet::Session& session, Target const& target, std::string const& name) {
  session.query({"delete from tenantsh.ledger where scope = $1 and schema_name = $2 and name = $3",
                 {std::string{to_string(target.scope)}, target.schema_name, name}});
}

}  // namespace migrations
