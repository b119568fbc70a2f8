#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

enum class SeedFault {
  fails,       // it ends with an error, the first time or the second
  doubles,     // a second run adds rows
  changes,     // a second run changes rows
  removes,     // a second run deletes rows, or one deletes what an operator added
  volatile_,   // two first runs at different times leave different values
  overwrites,  // it takes an operator's edit back
  unproved,    // part of the proof could not be made; says why
};
std::string_view to_string(SeedFault fault);

struct SeedFinding {
  std::string seed;
  SeedFault fault;
  std::string table;   // "schema.table"
  std::string key;     // the first row concerned: "code=AETNA"
  std::string column;  // empty where the whole row is meant
  std::string before, after;
  std::size_t rows = 0;  // how many rows show the same
  std::string says;      // one sentence: what happened and what would be right
};

struct SeedProof {
  std::vector<std::string> seeds;     // those that were tried, in the order of the set
  std::vector<std::string> proved;    // those without a finding
  std::vector<SeedFinding> findings;  // in the order of the seeds
};

struct ProofOptions {
  ApplyOptions apply;  // schema_name and owner as for apply(); prepare() is called for each run of a seed
  // Seeds that own the columns they set: an operator's edit of those is meant to be taken back.
  std::function<bool(Migration const&)> overwrites;
};

// Proves that seeds may run again, in a database that is empty and the caller's own: nothing in it is worth
// keeping afterwards. Applies the whole set, and does with each chosen seed
//   at its turn    run it twice in two transactions, the first rolled back: what differs depends on the time
//   or on chance at the end     run it again and compare all rows of all tables it wrote, by key at the end
//   change those tables as an operator might, run it, and see which edits are gone
// `patterns` as in MigrationSet::matching(); none means every seed. Errors as apply(); a seed's own errors
// are findings.
SeedProof prove_seeds(fleet::Session& session, MigrationSet const& set,
                      std::vector<std::string> const& patterns, ProofOptions const& options);

}  // namespace migrations
