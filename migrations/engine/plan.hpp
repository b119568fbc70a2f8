#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration_set.hpp"
#include "migrations/engine/problem.hpp"

namespace migrations {

// The difference between a set and what one target has. Points into both: they must outlive it.
struct Plan {
  std::vector<Migration const*> pending;    // in the order in which they would run; also repeatable files
                                            // that changed
  std::vector<LedgerEntry const*> applied;  // rows whose file is there or archived
  // changed, missing, out_of_order against the ledger; those of the folder; those in the text of pending
  // files.
  std::vector<Problem> problems;

  bool up_to_date() const { return pending.empty() && problems.empty(); }
};

// No I/O. A target whose placement the set cannot have is Error{refused}. Problems that the set's own
// settings accept are left out.
Plan plan(MigrationSet const& set, Ledger const& ledger);

// Of it only what is not above `until`; problems of the files above are left out.
Plan plan_until(MigrationSet const& set, Ledger const& ledger, std::optional<Version> const& until);

// How far back: the newest `count` files, or all above `to`.
struct HowFar {
  std::size_t count = 1;
  std::optional<Version> to;
};

// What going back would undo, newest first. Points into set.
struct WayBack {
  std::vector<Migration const*> files;
  // no_way_back for each file without one, or whose row has no file; those of the folder, changed and missing
  // only of these files; those in their text.
  std::vector<Problem> problems;
};
WayBack way_back(MigrationSet const& set, Ledger const& ledger, HowFar const& how_far);

}  // namespace migrations
