#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration_set.hpp"
#include "migrations/engine/row_counts.hpp"

namespace migrations {

// A seed file of the set and what a target has of it.
struct SeedStatus {
  std::string name;
  std::vector<std::string> fills;      // tables, "schema.table"
  std::optional<LedgerEntry> applied;  // nothing: pending
  bool changed = false;                // edited since
};
std::vector<SeedStatus> seed_status(fleet::Session& session, MigrationSet const& set,
                                    std::string const& schema_name = {});

struct SeedRun {
  std::string name;
  std::chrono::milliseconds elapsed{};
  RowCounts rows;  // in all tables
};

// Runs exactly these seed files, in the order of the set, whether the target has them or not; each in its own
// transaction with its ledger row. Patterns as in MigrationSet::matching(); one that means no seed is
// Error{usage}. Other errors as apply().
std::vector<SeedRun> run_seeds(fleet::Session& session, MigrationSet const& set,
                               std::vector<std::string> const& patterns, ApplyOptions const& options);

// Names of the seed files that say they fill this table ("rcm_master.payer").
std::vector<std::string> seeds_filling(MigrationSet const& set, std::string_view table);

}  // namespace migrations
