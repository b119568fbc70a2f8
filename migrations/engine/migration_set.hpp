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

namespace migrations {

// The files of one folder: NNN_name.sql, ordered by number. A sub-folder `archive` keeps what is no longer
// run; its names are known (their numbers stay taken, their ledger rows are not missing), its files are not
// read. Immutable once loaded; any number of threads may use one set.
class MigrationSet {
 public:
  // Reads the folder without connecting or parsing. What is wrong with single files becomes a Problem.
  // Error{not_found} when there is no such folder, Error{io} when it cannot be listed.
  static MigrationSet load(std::filesystem::path const& folder, Scope scope, fleet::Driver const& driver);

  std::filesystem::path const& folder() const { return folder_; }
  Scope scope() const { return scope_; }
  std::vector<Migration> const& files() const { return files_; }
  std::vector<std::string> const& archived() const { return archived_; }
  Migration const* find(std::string_view name) const;  // nullptr when there is none
  bool is_archived(std::string_view name) const;

  // The files that `pattern` means: a name, a name without ".sql", a number ("055", "55") or a glob over
  // names. Error{not_found} with the nearest name when there is none.
  std::vector<Migration const*> matching(std::string const& pattern) const;
  // The same for several, each file once, in the order of the set. Error{usage} for no pattern at all.
  std::vector<Migration const*> matching(std::vector<std::string> const& patterns) const;

  // Found while loading: bad_name, duplicate_number, empty_file, not_utf8, bad_header, unreadable.
  std::vector<Problem> const& problems() const { return problems_; }
  // What a file's text holds that cannot run, by PostgreSQL's parser: about a millisecond a file, once per
  // file and set. Precondition: `file` is one of files().
  std::vector<Problem> const& check(Migration const& file) const;
  std::vector<Problem> check() const;  // of all files

  // Some file says {schema_name}: the set can be placed as a schema, and only so.
  bool uses_schema_name() const { return uses_schema_name_; }
  // Highest number, archived ones included, plus one.
  std::int64_t next_number() const;

 private:
  struct Checked;

  MigrationSet();
  void take(std::filesystem::path const& path, fleet::Driver const& driver);
  void find_duplicates();

  std::filesystem::path folder_;
  Scope scope_ = Scope::tenant;
  std::vector<Migration> files_;
  std::vector<std::string> archived_;
  std::vector<Problem> problems_;
  bool uses_schema_name_ = false;
  std::shared_ptr<Checked> checked_;
};

// The number of "055_name.sql"; -1 for a name of another form.
std::int64_t number_of(std::string_view name);

}  // namespace migrations
