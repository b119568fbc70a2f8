#include "migrations/engine/apply.hpp"

#include <algorithm>
#include <utility>

#include "migrations/engine/explain.hpp"
#include "migrations/engine/file_run.hpp"
#include "migrations/engine/plan.hpp"

namespace migrations {

namespace {

// Which part of the work an error left done.
fleet::Error after(fleet::Error error, std::size_t done, std::size_t files, Direction direction) {
  if (done == 0) return error;
  error.detail += (error.detail.empty() ? "" : "\n") + std::to_string(done) + " of " + std::to_string(files) +
                  (direction == Direction::up ? " pending files ran before it and stay applied"
                                              : " files were taken back before it and stay so");
  return error;
}

// One target whose lock we hold.
class Locked {
 public:
  Locked(fleet::Session& session, MigrationSet const& set, ApplyOptions const& options)
      : session_(session),
        set_(set),
        options_(options),
        target_{set.scope(), options.schema_name},
        lock_(session, target_, {options.lock_wait, options.stop, options.on_wait}) {}

  void up(std::optional<Version> const& until, ApplyReport& report) {
    Ledger const ledger = read_ledger(session_, target_);
    Plan now = plan_until(set_, ledger, until);
    stop_at_problems(now.problems, options_.accepted);
    report.already_applied = ledger.entries.size();
    report.accepted.insert(report.accepted.end(), now.problems.begin(), now.problems.end());
    run(now.pending, Direction::up, report);
  }

  // The files that were taken back.
  std::vector<Migration const*> down(HowFar const& how_far, ApplyReport& report) {
    WayBack way = way_back(set_, read_ledger(session_, target_), how_far);
    stop_at_problems(way.problems, options_.accepted);
    report.accepted.insert(report.accepted.end(), way.problems.begin(), way.problems.end());
    run(way.files, Direction::down, report);
    return std::move(way.files);
  }

 private:
  void run(std::vector<Migration const*> const& files, Direction direction, ApplyReport& report) {
    if (files.empty()) return;
    // Not before the ledger is read: a target without one costs no question about its rows.
    if (!prepared_) prepare_ledger_explained(session_);
    prepared_ = true;
    FileRunner runner{session_, target_, options_};
    std::size_t done = 0;
    for (Migration const* file : files) {
      try {
        if (options_.on_start) options_.on_start(*file);
        FileResult result = runner.run(*file, direction, file == files.back() ? Flush::now : Flush::later);
        if (options_.on_done) options_.on_done(*file, direction, result.elapsed);
        report.applied.push_back({file->name, direction, result.elapsed, result.retries});
        for (std::string& index : result.repaired) report.repaired.push_back(std::move(index));
        ++done;
      } catch (fleet::Error const& error) {
        throw after(error, done, files.size(), direction);
      }
    }
  }

  fleet::Session& session_;
  MigrationSet const& set_;
  ApplyOptions const& options_;
  Target target_;
  Lock lock_;
  bool prepared_ = false;  // the ledger is there
};

}  // namespace

ApplyReport apply(fleet::Session& session, MigrationSet const& set, ApplyOptions const& options,
                  std::optional<Version> const& until) {
  ApplyReport report;
  {
    // Most targets of a fleet have nothing to do: no lock and no write for those.
    Ledger const ledger = read_ledger(session, {set.scope(), options.schema_name});
    Plan first = plan_until(set, ledger, until);
    stop_at_problems(first.problems, options.accepted);
    if (first.pending.empty()) {
      report.already_applied = ledger.entries.size();
      report.accepted = std::move(first.problems);
      return report;
    }
  }
  Locked{session, set, options}.up(until, report);
  return report;
}

ApplyReport revert(fleet::Session& session, MigrationSet const& set, HowFar const& how_far,
                   ApplyOptions const& options) {
  ApplyReport report;
  Locked{session, set, options}.down(how_far, report);
  return report;
}

ApplyReport move_to(fleet::Session& session, MigrationSet const& set, Version const& version,
                    ApplyOptions const& options) {
  ApplyReport report;
  Locked target{session, set, options};
  target.down({.to = version}, report);
  target.up(version, report);
  return report;
}

ApplyReport redo(fleet::Session& session, MigrationSet const& set, std::size_t count,
                 ApplyOptions const& options) {
  ApplyReport report;
  Locked target{session, set, options};
  auto const files = target.down({.count = count}, report);
  if (!files.empty()) target.up(files.front()->version, report);
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
