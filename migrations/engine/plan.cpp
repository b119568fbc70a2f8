#include "migrations/engine/plan.hpp"

#include <cstdint>
#include <string>

#include "fleet/error.hpp"

namespace migrations {

namespace {

void require_placeable(MigrationSet const& set, Target const& target) {
  if (!target.schema_name.empty() && !set.uses_schema_name())
    throw fleet::Error{fleet::ErrorKind::refused,
                       set.folder().string() +
                           " cannot be placed as a schema: its files name their own "
                           "schemas and nowhere say {schema_name}"}
        .with_hint("place it as a database of its own");
  if (target.schema_name.empty() && set.uses_schema_name())
    throw fleet::Error{fleet::ErrorKind::refused,
                       set.folder().string() + " is written for a schema: its files say {schema_name}"}
        .with_hint("place it as a schema, and give that schema's name");
}

Problem changed(Migration const& file) {
  if (file.seed)
    return {ProblemKind::changed, file.name, file.name + ": the seed was edited after it was applied",
            "run it again: tenantsh seed run " + file.name};
  return {ProblemKind::changed, file.name, file.name + ": the file was edited after it was applied",
          "restore the file and put the edit into a new one; when what the target has is right, record it: "
          "tenantsh migrate mark " +
              file.name};
}

Problem missing(std::string const& name) {
  return {ProblemKind::missing, name, name + ": applied, but the file is not in the folder",
          "bring the file back, or move it to the sub-folder archive if it is to be kept out of the way"};
}

Problem out_of_order(Migration const& file, std::string const& highest, std::int64_t free_number) {
  return {ProblemKind::out_of_order, file.name, file.name + ": has not run, but " + highest + " already has",
          "give it the number " + std::to_string(free_number) +
              ", or accept out_of_order when it does not depend on the order"};
}

}  // namespace

Plan plan(MigrationSet const& set, Ledger const& ledger) {
  require_placeable(set, ledger.target);
  Plan plan;
  plan.problems = set.problems();
  LedgerEntry const* highest = nullptr;
  for (LedgerEntry const& entry : ledger.entries) {
    highest = &entry;  // rows are in the order of their numbers
    Migration const* file = set.find(entry.name);
    if (file == nullptr && !set.is_archived(entry.name)) {
      plan.problems.push_back(missing(entry.name));
      continue;
    }
    plan.applied.push_back(&entry);
    if (file != nullptr && file->sha256 != entry.sha256) plan.problems.push_back(changed(*file));
  }
  for (Migration const& file : set.files()) {
    if (ledger.find(file.name) != nullptr) continue;
    plan.pending.push_back(&file);
    if (highest != nullptr && file.number < number_of(highest->name))
      plan.problems.push_back(out_of_order(file, highest->name, set.next_number()));
  }
  for (Migration const* file : plan.pending) {
    std::vector<Problem> const& found = set.check(*file);
    plan.problems.insert(plan.problems.end(), found.begin(), found.end());
  }
  return plan;
}

}  // namespace migrations
