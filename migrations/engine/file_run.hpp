#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration.hpp"
#include "migrations/engine/row_counts.hpp"

namespace migrations {

struct FileResult {
  std::chrono::milliseconds elapsed{};  // of the attempt that succeeded
  int retries = 0;
  std::vector<std::string> repaired;  // invalid indexes dropped
  RowCounts rows;                     // of seeds, in all tables
};

// Runs single files against one target and writes their ledger rows. Precondition: the caller holds the
// target's Lock and has prepared the ledger. Settings and roles that files leave in the session are undone
// between files and at the end.
class FileRunner {
 public:
  FileRunner(fleet::Session& session, Target target, ApplyOptions const& options);
  ~FileRunner();
  FileRunner(FileRunner const&) = delete;
  FileRunner& operator=(FileRunner const&) = delete;

  // Errors as apply().
  FileResult run(Migration const& file);

 private:
  void run_in_transaction(Migration const& file, std::string const& sql, FileResult& result);
  void run_by_statement(Migration const& file, std::string const& sql, FileResult& result);
  template <typename Work>
  void with_retries(Migration const& file, FileResult& result, Work const& work);
  void at(char const* boundary, Migration const& file) const;
  LedgerEntry entry(Migration const& file, FileResult const& result) const;

  fleet::Session& session_;
  Target target_;
  ApplyOptions const& options_;
};

}  // namespace migrations
