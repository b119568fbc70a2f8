#include "migrations/engine/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

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
            "run it again: tenantsh seed run " + file.name + ", with the --set and --tenants of this call"};
  return {ProblemKind::changed, file.name, file.name + ": the file was edited after it was applied",
          "restore the file and put the edit into a new one; when what the target has is right, record it: "
          "tenantsh migrate mark " +
              file.name + ", with the --set and --tenants of this call"};
}

Problem missing(std::string const& name) {
  return {ProblemKind::missing, name, name + ": applied, but the file is not in the folder",
          "bring the file back, or move it to the sub-folder archive if it is to be kept out of the way"};
}

// Not one applied file is there: the folder is another set's, and naming each would hide that.
Problem another_set(MigrationSet const& set, Ledger const& ledger) {
  std::size_t const count = ledger.entries.size();
  return {ProblemKind::missing, ledger.entries.front().name,
          set.folder().string() + " holds none of the " + std::to_string(count) +
              (count == 1 ? " file" : " files") + " that were applied here (" + ledger.entries.front().name +
              (count > 1 ? ", …)" : ")"),
          "name the folder that they came from: --set FOLDER"};
}

Problem out_of_order(Migration const& file, std::string const& highest, std::int64_t free_number) {
  return {ProblemKind::out_of_order, file.name, file.name + ": has not run, but " + highest + " already has",
          "give it the number " + std::to_string(free_number) +
              ", or accept out_of_order when it does not depend on the order"};
}

Problem no_runner(Migration const& file, SetSettings const& settings) {
  if (!settings.runner.up.empty() && !settings.trusted)
    return {ProblemKind::no_runner, file.name,
            file.name + ": is a program, and others than you may have written the command in " +
                settings.file.string(),
            "own the file, and let nobody else write it"};
  return {ProblemKind::no_runner, file.name, file.name + ": is a program, and the set names no runner for it",
          "in set.toml: [runner] up = [\"npx\", \"knex\", \"migrate:up\", \"{file}\"]"};
}

Problem no_way_back(std::string const& name, std::string const& why, std::string hint) {
  return {ProblemKind::no_way_back, name, name + ": " + why, std::move(hint)};
}

bool can_run(Migration const& file, SetSettings const& settings, std::vector<std::string> const& command) {
  return file.language == Language::sql || (!command.empty() && settings.trusted);
}

}  // namespace

Plan plan(MigrationSet const& set, Ledger const& ledger) {
  require_placeable(set, ledger.target);
  Plan plan;
  plan.problems = set.problems();
  LedgerEntry const* highest = nullptr;
  std::vector<Migration const*> again;
  bool const none_of_it = !ledger.entries.empty() &&
                          std::none_of(ledger.entries.begin(), ledger.entries.end(), [&](auto const& entry) {
                            return set.find(entry.name) != nullptr || set.is_archived(entry.name);
                          });
  if (none_of_it) plan.problems.push_back(another_set(set, ledger));
  for (LedgerEntry const& entry : ledger.entries) {
    Migration const* file = set.find(entry.name);
    bool const repeatable = file != nullptr && file->repeatable;
    if (!repeatable) highest = &entry;  // rows are in the order of their versions
    if (file == nullptr && !set.is_archived(entry.name)) {
      if (!none_of_it) plan.problems.push_back(missing(entry.name));
      continue;
    }
    plan.applied.push_back(&entry);
    if (file == nullptr || file->sha256 == entry.sha256) continue;
    if (repeatable)
      again.push_back(file);
    else
      plan.problems.push_back(changed(*file));
  }
  Version const reached = highest == nullptr ? Version{} : version_of(highest->name);
  for (Migration const& file : set.files()) {
    bool const changed_again = std::find(again.begin(), again.end(), &file) != again.end();
    if (ledger.find(file.name) != nullptr && !changed_again) continue;
    if (file.on_request()) continue;
    plan.pending.push_back(&file);
    if (file.version < reached)
      plan.problems.push_back(
          out_of_order(file, highest->name, std::max(set.next_number(), reached.parts.front() + 1)));
    if (!can_run(file, set.settings(), set.settings().runner.up))
      plan.problems.push_back(no_runner(file, set.settings()));
  }
  for (Migration const* file : plan.pending) {
    std::vector<Problem> const& found = set.check(*file);
    plan.problems.insert(plan.problems.end(), found.begin(), found.end());
  }
  plan.problems = remaining(plan.problems, set.settings().accepted);
  return plan;
}

Plan plan_until(MigrationSet const& set, Ledger const& ledger, std::optional<Version> const& until) {
  Plan part = plan(set, ledger);
  if (!until) return part;
  auto const above = [&](Migration const* file) { return file->version > *until; };
  part.pending.erase(std::remove_if(part.pending.begin(), part.pending.end(), above), part.pending.end());
  part.problems.erase(std::remove_if(part.problems.begin(), part.problems.end(),
                                     [&](Problem const& problem) {
                                       Migration const* file = set.find(problem.name);
                                       return file != nullptr && above(file);
                                     }),
                      part.problems.end());
  return part;
}

WayBack way_back(MigrationSet const& set, Ledger const& ledger, HowFar const& how_far) {
  require_placeable(set, ledger.target);
  WayBack way;
  for (auto entry = ledger.entries.rbegin(); entry != ledger.entries.rend(); ++entry) {
    Migration const* file = set.find(entry->name);
    Version const version = file != nullptr ? file->version : version_of(entry->name);
    if (how_far.to ? version <= *how_far.to : way.files.size() == how_far.count) break;
    if (file == nullptr) {
      way.problems.push_back(no_way_back(entry->name, "applied, but the file is not in the folder",
                                         "bring the file with its way back into the folder"));
      if (!how_far.to) break;
      continue;
    }
    way.files.push_back(file);
    if (file->language == Language::program ? !can_run(*file, set.settings(), set.settings().runner.down)
                                            : !file->down)
      way.problems.push_back(no_way_back(
          file->name,
          file->language == Language::program ? "is a program, and the set names no runner that goes back"
                                              : "has no way back",
          file->language == Language::program
              ? "in set.toml: [runner] down = [\"npx\", \"knex\", \"migrate:down\", \"{file}\"]"
              : "write one, below `-- migrate:down` in it or as " + file->stem +
                    ".down.sql, or restore the state before it from a backup"));
    else if (file->sha256 != entry->sha256 && !file->repeatable)
      way.problems.push_back(changed(*file));
    for (Problem const& problem : set.problems())
      if (problem.name == file->name) way.problems.push_back(problem);
    std::vector<Problem> const& found = set.check(*file);
    way.problems.insert(way.problems.end(), found.begin(), found.end());
  }
  way.problems = remaining(way.problems, set.settings().accepted);
  return way;
}

}  // namespace migrations
