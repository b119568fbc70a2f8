#include "migrations/engine/seeds.hpp"

#include <algorithm>

#include "fleet/error.hpp"
#include "migrations/engine/explain.hpp"
#include "migrations/engine/file_run.hpp"
#include "migrations/engine/lock.hpp"

namespace migrations {

std::vector<Migration const*> matching_seeds(MigrationSet const& set,
                                             std::vector<std::string> const& patterns) {
  std::vector<std::string> seeds;
  for (Migration const& file : set.files())
    if (file.seed) seeds.push_back(file.name);
  // A glob may cover other files as well: it means the seeds among them. A name has to be a seed.
  for (std::string const& pattern : patterns) {
    std::vector<Migration const*> const files = set.matching(pattern);
    if (std::none_of(files.begin(), files.end(), [](Migration const* file) { return file->seed; })) {
      std::string list;
      for (std::string const& seed : seeds) list += (list.empty() ? "" : ", ") + seed;
      throw fleet::Error{fleet::ErrorKind::usage, files.front()->name + " is not a seed"}.with_hint(
          list.empty() ? "the set has none; a seed says `-- tenantsh: seed` at its top" : "seeds: " + list);
    }
  }
  std::vector<Migration const*> files;
  if (patterns.empty())
    for (Migration const& file : set.files()) files.push_back(&file);
  else
    files = set.matching(patterns);
  files.erase(std::remove_if(files.begin(), files.end(), [](Migration const* file) { return !file->seed; }),
              files.end());
  return files;
}

std::vector<Migration const*> chosen_seeds(MigrationSet const& set, std::vector<std::string> const& patterns,
                                           std::string const& profile) {
  std::vector<Migration const*> files = matching_seeds(set, patterns);
  auto const other = std::stable_partition(files.begin(), files.end(), [&](Migration const* file) {
    return file->profile.empty() || file->profile == profile;
  });
  for (auto file = other; file != files.end(); ++file) {
    std::string const& name = (*file)->name;
    bool const named = std::any_of(patterns.begin(), patterns.end(), [&](std::string const& pattern) {
      return pattern.find_first_of("*?[") == std::string::npos && set.matching(pattern).front()->name == name;
    });
    if (named)
      throw fleet::Error{fleet::ErrorKind::refused, name + " is of profile " + (*file)->profile}.with_hint(
          "--profile " + (*file)->profile + " runs it");
  }
  files.erase(other, files.end());
  return files;
}

void stop_at_problems(MigrationSet const& set, std::vector<Migration const*> const& files,
                      AcceptedProblems const& accepted) {
  std::vector<Problem> problems;
  for (Migration const* file : files) {
    for (Problem const& problem : set.problems())
      if (problem.name == file->name) problems.push_back(problem);
    std::vector<Problem> const& found = set.check(*file);
    problems.insert(problems.end(), found.begin(), found.end());
  }
  stop_at_problems(problems, accepted);
}

std::vector<SeedStatus> seed_status(fleet::Session& session, MigrationSet const& set,
                                    std::string const& schema_name) {
  Ledger const ledger = read_ledger(session, {set.scope(), schema_name});
  std::vector<SeedStatus> status;
  for (Migration const& file : set.files()) {
    if (!file.seed) continue;
    SeedStatus seed{file.name, file.fills, std::nullopt, false, file.profile};
    if (LedgerEntry const* entry = ledger.find(file.name)) {
      seed.applied = *entry;
      seed.changed = entry->sha256 != file.sha256;
    }
    status.push_back(std::move(seed));
  }
  return status;
}

std::vector<SeedRun> run_seeds(fleet::Session& session, MigrationSet const& set,
                               std::vector<std::string> const& patterns, ApplyOptions const& options,
                               std::string const& profile) {
  std::vector<Migration const*> files = chosen_seeds(set, patterns, profile);
  Target const target{set.scope(), options.schema_name};
  if (patterns.empty()) {
    Ledger const ledger = read_ledger(session, target);
    files.erase(std::remove_if(files.begin(), files.end(),
                               [&](Migration const* file) {
                                 LedgerEntry const* entry = ledger.find(file->name);
                                 return entry != nullptr && entry->sha256 == file->sha256;
                               }),
                files.end());
  }
  stop_at_problems(set, files, options.accepted);
  if (files.empty()) return {};
  Lock const lock{session, target, {options.lock_wait, options.stop, options.on_wait}};
  prepare_ledger_explained(session);
  FileRunner runner{session, target, options};
  std::vector<SeedRun> runs;
  for (Migration const* file : files) {
    if (options.on_start) options.on_start(*file);
    FileResult const result = runner.run(*file);
    if (options.on_done) options.on_done(*file, Direction::up, result.elapsed);
    runs.push_back({file->name, result.elapsed, result.rows});
  }
  return runs;
}

std::vector<std::string> seeds_filling(MigrationSet const& set, std::string_view table) {
  std::vector<std::string> names;
  for (Migration const& file : set.files())
    if (file.seed && std::find(file.fills.begin(), file.fills.end(), table) != file.fills.end())
      names.push_back(file.name);
  return names;
}

}  // namespace migrations
