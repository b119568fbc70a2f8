#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"
#include "migrations/engine/problem.hpp"

namespace migrations {

// What a folder holds for one scope.
struct SetContents {
  std::vector<Migration> files;       // in the order in which they run
  std::vector<std::string> archived;  // names in the sub-folder archive, as they would stand in a ledger
  std::vector<Problem> problems;      // of single files
};

// Reads the *.sql files, the programs with a migration's name and Prisma's folders of `folder`, and the files
// of its sub-folders sqls and sql (which programs read); hidden ones and `leave_out` left out. Files of one
// stem become one migration. Error{io} when a folder cannot be listed.
SetContents read_set(std::filesystem::path const& folder, Scope scope, std::filesystem::path const& leave_out,
                     fleet::Driver const& driver);

// Everything in a folder but hidden entries, by name. Error{io} when it cannot be listed.
std::vector<std::filesystem::path> folder_entries(std::filesystem::path const& folder);

}  // namespace migrations
