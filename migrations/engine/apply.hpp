#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/session.hpp"
#include "migrations/engine/lock.hpp"
#include "migrations/engine/migration_set.hpp"
#include "migrations/engine/plan.hpp"
#include "migrations/engine/problem.hpp"

namespace migrations {

struct ApplyOptions {
  std::string schema_name;  // the schema that the target is placed in; empty: the whole database
  std::string owner;        // role that the files run as, and that owns what they make; empty: the session's
  std::function<std::string()> find_owner;  // gives it instead, asked when something is to run
  std::string applied_by;                   // for the ledger; empty: the session's user
  std::string run_id;                       // for the ledger; empty: none
  AcceptedProblems accepted;                // what `up` goes on in spite of

  std::chrono::milliseconds lock_wait{10'000};    // for another run on this target
  std::chrono::milliseconds lock_timeout{5'000};  // of each statement, for what applications hold; 0: none
  int lock_retries = 5;                           // after lock_timeout or a deadlock
  std::chrono::milliseconds retry_pause{500};     // before the first retry; doubles, jittered

  // Cancels the statement that runs; the target is left at a whole migration and Error{interrupted} is
  // thrown.
  std::stop_token stop;

  // All called on the thread that applies.
  std::function<void(LockHolder const&)> on_wait;
  std::function<void(Migration const&)> on_start;
  std::function<void(Migration const&, int retry, fleet::Error const&)> on_retry;
  std::function<void(Migration const&, Direction, std::chrono::milliseconds)> on_done;
  // "before-begin", "before-commit", "after-commit" of each file: a crash test ends the process there.
  std::function<void(std::string_view, Migration const&)> boundary;
  // Called in the transaction of a file, before its text: settings that it reads.
  std::function<void(fleet::Session&, Migration const&)> prepare;
  // Keeps the history of another tool in step, inside of the file's transaction, before its ledger row.
  std::function<void(fleet::Session&, Migration const&, Direction, std::chrono::milliseconds)> mirror;
  // Runs a file that is a program, outside of any transaction; throws unless it did what it should.
  std::function<void(fleet::Session&, Migration const&, Direction)> run_program;
};

struct AppliedFile {
  std::string name;
  Direction direction = Direction::up;
  std::chrono::milliseconds elapsed{};
  int retries = 0;
};

struct ApplyReport {
  std::vector<AppliedFile> applied;   // now, in order; taken back as well
  std::size_t already_applied = 0;    // before
  std::vector<Problem> accepted;      // what was gone on in spite of
  std::vector<std::string> repaired;  // invalid indexes of earlier attempts, dropped: "schema.index"
};

// Runs what is pending, in order: one transaction a file with its ledger row in it, a no-transaction file
// statement by statement with the row after the last. Stops at the first error; what ran before it stays.
// Only the last commit waits for the disk, and it takes the others along: a server that goes down meanwhile
// comes back with the files up to some point, each of them whole.
// Precondition: no transaction is open. Errors: refused (problems, a pooler, the placement), locked (another
// run), sql (message "055_x.sql:12: …" with a hint), in_doubt (lost while committing; run again),
// interrupted, connect.
// With `until`, only what is not above that version.
ApplyReport apply(fleet::Session& session, MigrationSet const& set, ApplyOptions const& options,
                  std::optional<Version> const& until = {});

// Takes back, newest first, a transaction a file with its ledger row in it. Refused before anything runs when
// one of the files has no way back. Errors as apply().
ApplyReport revert(fleet::Session& session, MigrationSet const& set, HowFar const& how_far,
                   ApplyOptions const& options);
// Takes back what is above `version`, then applies what is pending up to it.
ApplyReport move_to(fleet::Session& session, MigrationSet const& set, Version const& version,
                    ApplyOptions const& options);
// Takes the newest `count` files back and applies them again.
ApplyReport redo(fleet::Session& session, MigrationSet const& set, std::size_t count,
                 ApplyOptions const& options);

// Writes the ledger rows of these files without running them, also over rows of edited files. Patterns as in
// MigrationSet::matching(). Returns the names.
std::vector<std::string> mark(fleet::Session& session, MigrationSet const& set,
                              std::vector<std::string> const& patterns, ApplyOptions const& options);

}  // namespace migrations
