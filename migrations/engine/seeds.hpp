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
  std::string profile;                 // empty: every target gets it
};
std::vector<SeedStatus> seed_status(fleet::Session& session, MigrationSet const& set,
                                    std::string const& schema_name = {});

struct SeedRun {
  std::string name;
  std::chrono::milliseconds elapsed{};
  RowCounts rows;  // in all tables
};

// The seed files that these patterns mean, in the order of the set; all of them without a pattern. Patterns
// as in MigrationSet::matching(); a name that is no seed is Error{usage}, a glob means the seeds among what
// it covers.
std::vector<Migration const*> matching_seeds(MigrationSet const& set,
                                             std::vector<std::string> const& patterns);

// Of those the ones that a run with this profile is about: those of the profile, and those that every target
// gets. Error{refused} for a seed of another profile that a pattern names.
std::vector<Migration const*> chosen_seeds(MigrationSet const& set, std::vector<std::string> const& patterns,
                                           std::string const& profile);

// Throws Error{refused} for what the folder or the text of these files has against running them.
void stop_at_problems(MigrationSet const& set, std::vector<Migration const*> const& files,
                      AcceptedProblems const& accepted);

// Runs exactly these seed files, in the order of the set, whether the target has them or not; without a
// pattern those that the target lacks or has in another text. Each in its own transaction with its ledger
// row. Errors as chosen_seeds() and apply().
std::vector<SeedRun> run_seeds(fleet::Session& session, MigrationSet const& set,
                               std::vector<std::string> const& patterns, ApplyOptions const& options,
                               std::string const& profile = {});

// Names of the seed files that say they fill this table ("rcm_master.payer").
std::vector<std::string> seeds_filling(MigrationSet const& set, std::string_view table);

}  // namespace migrations
