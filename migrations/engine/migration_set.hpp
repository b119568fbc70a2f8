#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"
#include "migrations/engine/problem.hpp"
#include "migrations/engine/set_settings.hpp"

namespace migrations {

// The migrations of one folder for one scope, whichever tool they were written for (file_name.hpp), in the
// order of their versions. A sub-folder `archive` keeps what is no longer run; its names are known (their
// numbers stay taken, their ledger rows are not missing), its files are not read. Immutable once loaded; any
// number of threads may use one set.
class MigrationSet {
 public:
  // Reads the folder without connecting or parsing. What is wrong with single files becomes a Problem.
  // Error{not_found} when there is no such folder, Error{io} when it cannot be listed, Error{config} for
  // what is wrong in its set.toml, Error{refused} while a renumbering of the folder is half done.
  static MigrationSet load(std::filesystem::path const& folder, Scope scope, fleet::Driver const& driver);

  std::filesystem::path const& folder() const { return folder_; }
  Scope scope() const { return scope_; }
  SetSettings const& settings() const { return settings_; }
  std::vector<Migration> const& files() const { return files_; }
  std::vector<std::string> const& archived() const { return archived_; }
  Migration const* find(std::string_view name) const;  // nullptr when there is none
  bool is_archived(std::string_view name) const;

  // The files that `pattern` means: a name, a name without ".sql", a number ("055", "55") or a glob over
  // names. Error{not_found} with the nearest name when there is none.
  std::vector<Migration const*> matching(std::string const& pattern) const;
  // The same for several, each file once, in the order of the set. Error{usage} for no pattern at all.
  std::vector<Migration const*> matching(std::vector<std::string> const& patterns) const;

  // Found while loading: what concerns files and their names.
  std::vector<Problem> const& problems() const { return problems_; }
  // What a file's text, up and down, holds that cannot run, by PostgreSQL's parser: about a millisecond a
  // file, once per file and set. Precondition: `file` is one of files().
  std::vector<Problem> const& check(Migration const& file) const;
  std::vector<Problem> check() const;  // of all files

  // Some file says {schema_name}: the set can be placed as a schema, and only so.
  bool uses_schema_name() const { return uses_schema_name_; }
  // Highest number (the first part of a version), archived ones included, plus one.
  std::int64_t next_number() const;

 private:
  struct Checked;

  MigrationSet();
  void find_duplicates();
  void find_gaps();

  std::filesystem::path folder_;
  Scope scope_ = Scope::tenant;
  SetSettings settings_;
  std::vector<Migration> files_;
  std::vector<std::string> archived_;
  std::vector<Problem> problems_;
  bool uses_schema_name_ = false;
  std::shared_ptr<Checked> checked_;
};

}  // namespace migrations
