#pragma once

#include <vector>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration_set.hpp"
#include "migrations/engine/problem.hpp"

namespace migrations {

// The difference between a set and what one target has. Points into both: they must outlive it.
struct Plan {
  std::vector<Migration const*> pending;    // in the order in which they would run
  std::vector<LedgerEntry const*> applied;  // rows whose file is there or archived
  // changed, missing, out_of_order against the ledger; those of the folder; those in the text of pending
  // files.
  std::vector<Problem> problems;

  bool up_to_date() const { return pending.empty() && problems.empty(); }
};

// No I/O. A target whose placement the set cannot have is Error{refused}.
Plan plan(MigrationSet const& set, Ledger const& ledger);

}  // namespace migrations
