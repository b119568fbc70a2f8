#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "migrations/engine/problem.hpp"

namespace migrations {

// What a set says about itself in `set.toml` in its folder; relative paths start there.
//
//   history = "knex"                      the tool whose history table is kept in step (see `migrate adopt`)
//   history_table = "knex_migrations"     where that is another than the tool's own default
//   history_schema = "public"
//   accept = ["out_of_order"]             problems that `up` always goes on in spite of
//   gaps = "refuse"                       a number that is missing between two others is a problem
//   baseline = "baseline.sql"             what new tenants get at once
//   overwrite_seeds = ["*"]               seeds, as globs, that own what they set: an operator's edit of it
//   is
//                                         taken back
//   [runner]                              runs the files that are programs, once for each tenant
//   up = ["npx", "knex", "migrate:up", "{file}"]     down = […]
//   directory = ".."
//   [runner.environment]                  variables for it; {url} {host} {port} {user} {database} {schema}
//   DATABASE_URL = "{url}"                {password_file} {file} are filled in
//   [permission]                          where `migrate new permission` writes
//   table = "platform.role_permission"    role_column = "role"    permission_column = "permission"
//   [lint]                                see `tenantsh help lint`
struct SetSettings {
  struct Runner {
    std::vector<std::string> up, down;  // program and arguments; empty: none
    std::filesystem::path directory;    // full path
    std::map<std::string, std::string> environment;
  };
  struct Permission {
    std::string table, role_column = "role", permission_column = "permission";
    std::string role_table;  // "security.role(code)": where a role has to be
    std::string catalog;     // "security.permission(code, description)": gets new permissions too
  };

  std::filesystem::path file;  // empty: the folder has none
  bool trusted = false;        // only the user and root can have written it: its commands may be run
  std::string history, history_table, history_schema;
  AcceptedProblems accepted;
  bool gaps_refused = false;
  std::vector<std::string> overwrite_seeds;
  std::filesystem::path baseline;  // full path; empty: baseline.sql in the folder
  Runner runner;
  Permission permission;
};

// The tools whose history `history` may name.
std::vector<std::string> const& known_histories();

// Error{config} with file, line, what is wrong and what would be right.
SetSettings read_set_settings(std::filesystem::path const& folder);

}  // namespace migrations
