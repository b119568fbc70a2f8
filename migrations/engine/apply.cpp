#include "migrations/engine/apply.hpp"

#include <algorithm>
#include <utility>

#include "migrations/engine/explain.hpp"
#include "migrations/engine/file_run.hpp"
#include "migrations/engine/plan.hpp"

namespace migrations {

namespace {

void stop_at_problems(Plan const& plan, AcceptedProblems const& accepted) {
  std::vector<Problem> const left = remaining(plan.problems, accepted);
  if (!left.empty()) refuse(left);
}

// Which part of the work an error left done.
fleet::Error after(fleet::Error error, std::size_t done, std::size_t pending) {
  if (done == 0) return error;
  error.detail += (error.detail.empty() ? "" : "\n") + std::to_string(done) + " of " +
                  std::to_string(pending) + " pending files ran before it and stay applied";
  return error;
}

}  // namespace

ApplyReport apply(fleet::Session& session, MigrationSet const& set, ApplyOptions const& options) {
  Target const target{set.scope(), options.schema_name};
  ApplyReport report;
  {
    // Most targets of a fleet have nothing to do: no lock and no write for those.
    Ledger const ledger = read_ledger(session, target);
    Plan first = plan(set, ledger);
    stop_at_problems(first, options.accepted);
    if (first.pending.empty()) {
      report.already_applied = ledger.entries.size();
      report.accepted = std::move(first.problems);
      return report;
    }
  }
  Lock const lock{session, target, {options.lock_wait, options.stop, options.on_wait}};
  prepare_ledger_explained(session);
  Ledger const ledger = read_ledger(session, target);
  Plan now = plan(set, ledger);
  stop_at_problems(now, options.accepted);
  report.already_applied = ledger.entries.size();
  report.accepted = std::move(now.problems);
  FileRunner runner{session, target, options};
  for (Migration const* file : now.pending) {
    try {
      if (options.on_start) options.on_start(*file);
      FileResult result = runner.run(*file);
      if (options.on_done) options.on_done(*file, result.elapsed);
      report.applied.push_back({file->name, result.elapsed, result.retries});
      for (std::string& index : result.repaired) report.repaired.push_back(std::move(index));
    } catch (fleet::Error const& error) {
      throw after(error, report.applied.size(), now.pending.size());
    }
  }
  return report;
}

std::vector<std::string> mark(fleet::Session& session, MigrationSet const& set,
                              std::vector<std::string> const& patterns, ApplyOptions const& options) {
  std::vector<Migration const*> const files = set.matching(patterns);
  for (Problem const& problem : set.problems()) {
    bool const marked = std::any_of(files.begin(), files.end(),
                                    [&](Migration const* file) { return file->name == problem.name; });
    if (marked && !acceptable(problem.kind)) refuse({problem});  // a file that was not read has no digest
  }
  Target const target{set.scope(), options.schema_name};
  Lock const lock{session, target, {options.lock_wait, options.stop, options.on_wait}};
  prepare_ledger_explained(session);
  fleet::Transaction transaction{session, fleet::Access::read_write};
  std::vector<std::string> names;
  for (Migration const* file : files) {
    record(session, target, {file->name, file->sha256, "", options.applied_by, 0, options.run_id});
    names.push_back(file->name);
  }
  transaction.commit();
  return names;
}

}  // namespace migrations
