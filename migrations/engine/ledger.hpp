#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"

namespace migrations {

// A row of tenantsh.ledger.
struct LedgerEntry {
  std::string name;
  std::string sha256;
  std::string applied_at;  // "2026-04-27T15:00:00.123Z"
  std::string applied_by;
  std::int64_t duration_ms = 0;
  std::string run_id;  // empty: not part of a run
};

// What one target has: its rows of
//   tenantsh.ledger(scope, schema_name, name, sha256, applied_at, applied_by, duration_ms, run_id)
// in the order of the files' numbers. The table stands in the target's own database.
struct Ledger {
  Target target;
  std::vector<LedgerEntry> entries;

  LedgerEntry const* find(std::string_view name) const;  // nullptr when there is none
};

// A database without a ledger has an empty one. Writes nothing; works in a read-only transaction.
Ledger read_ledger(fleet::Session& session, Target const& target);

// Those of many targets in one database, in the order of `schema_names`, at the cost of one: the ledger of a
// database is a single table, so this locks nothing of theirs.
std::vector<Ledger> read_ledgers(fleet::Session& session, Scope scope,
                                 std::vector<std::string> const& schema_names);

// Makes the schema and the table where they are missing. Safe when several do it at once.
// Precondition: no transaction is open.
void prepare_ledger(fleet::Session& session);

// Writes or overwrites one row, in the transaction that is open if there is one. An empty applied_by is the
// session's user; applied_at is the server's clock.
void record(fleet::Session& session, Target const& target, LedgerEntry const& entry);
// The statement that does it, for a script.
std::string recording(fleet::Session& session, Target const& target, LedgerEntry const& entry);
// Removes one row, in the transaction that is open if there is one.
void erase(fleet::Session& session, Target const& target, std::string const& name);

}  // namespace migrations
