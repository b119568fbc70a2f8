#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration.hpp"
#include "migrations/engine/progress.hpp"
#include "migrations/engine/row_counts.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

struct FileResult {
  std::chrono::milliseconds elapsed{};  // of the attempt that succeeded
  int retries = 0;
  std::vector<std::string> repaired;  // invalid indexes dropped
  RowCounts rows;                     // of seeds, in all tables
};

// Whether a commit waits until it is on disk. One that waits takes all before it along.
enum class Flush { now, later };

// Runs single files against one target and writes their ledger rows. Precondition: the caller holds the
// target's Lock and has prepared the ledger. Settings and roles that files leave in the session are undone
// between files and at the end; what was to be flushed later is flushed then at the latest.
class FileRunner {
 public:
  FileRunner(fleet::Session& session, Target target, ApplyOptions const& options);
  ~FileRunner();
  FileRunner(FileRunner const&) = delete;
  FileRunner& operator=(FileRunner const&) = delete;

  // Runs the file's way up, and writes its ledger row; or its way down, and removes it. Errors as apply().
  FileResult run(Migration const& file, Direction direction = Direction::up, Flush flush = Flush::now);

 private:
  // What runs now.
  struct Work {
    Migration const& file;
    Script const& script;
    Direction direction;
    Flush flush;
    std::string sql;  // of the script, its placeholders filled
  };
  void run_in_transaction(Work const& work, FileResult& result);
  void run_by_statement(Work const& work, FileResult& result);
  void run_piece(Work const& work, Piece const& piece);
  void run_outside(Work const& work, Piece const& piece, ProgressRow& row, Progress progress,
                   FileResult& result);
  void run_program(Work const& work, FileResult& result);
  template <typename Attempt>
  void with_retries(Work const& work, FileResult& result, Attempt const& attempt);
  void at(char const* boundary, Migration const& file) const;
  LedgerEntry entry(Work const& work, FileResult const& result) const;
  // The other tool's history and the ledger, in the transaction that is open.
  void settle(Work const& work, FileResult const& result);
  // settle() as the session's user again; both at once where nobody stands between.
  std::string settle_as_ourselves(Work const& work, FileResult const& result);

  fleet::Session& session_;
  Target target_;
  ApplyOptions const& options_;
  std::string owner_;
  bool unflushed_ = false;  // the last commit did not wait
};

}  // namespace migrations
