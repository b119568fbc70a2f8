#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/structure.hpp"
#include "fleet/structure_difference.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

// What is asked of every target first: little, so that a thousand answer at once.
struct StructureSeen {
  std::string target;  // slug, or "master"
  fleet::StructureDigest digest;
  std::set<std::string> applied;  // names in its ledger
};

struct StructuresSeen {
  std::vector<StructureSeen> seen;     // in the order of the targets
  std::vector<fleet::Error> failures;  // of targets that could not be asked
};

// Digests and ledgers: one connection and two statements for a database, also for all the schemas of one that
// are targets (half of them each when they are many, so that two processors of the server work).
StructuresSeen see_structures(World& world, MigrationTargets const& targets, int jobs);

// Whole structures of some of the targets, by name.
struct StructuresRead {
  std::map<std::string, fleet::Structure> structures;
  std::vector<fleet::Error> failures;
};
StructuresRead read_structures(World& world, MigrationTargets const& targets,
                               std::set<std::string> const& names, int jobs);

// The value that most have, when more have it than any other; nullopt for none or a tie.
template <typename Value>
std::optional<Value> majority(std::vector<Value> const& values) {
  std::map<Value, std::size_t> counts;
  for (Value const& value : values) ++counts[value];
  std::optional<Value> best;
  std::size_t most = 0;
  bool tie = false;
  for (auto const& [value, count] : counts) {
    tie = count == most || (tie && count < most);
    if (count > most) {
      best = value;
      most = count;
    }
  }
  return tie ? std::nullopt : best;
}

}  // namespace scripting
