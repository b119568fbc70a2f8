#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/process.hpp"
#include "fleet/session.hpp"
#include "migrations/engine/history.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

// How a set's program files (.js, .ts, .rb, .py, .go) are run: the tool's own command, once for each file and
// target. In `command` and `environment` these words stand for what the target has:
//   {file} or {name} (its name), {path} {url} {host} {port} {user} {database} {schema} {password_file}, in
//   `environment` {password}
// The command also gets PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSFILE, PGOPTIONS, …: what libpq, node's pg
// and Go's drivers read by themselves. No password in its arguments, nor in {url}.
struct ProgramRunner {
  std::vector<std::string> command;
  std::filesystem::path directory;  // it starts there
  std::map<std::string, std::string> environment;
};

// Where it runs and as whom.
struct ProgramTarget {
  fleet::Endpoint endpoint;
  std::string password;     // resolved; empty: none needed
  std::string schema_name;  // of a tenant placed as a schema
  std::string owner;        // role to work as; empty: the login's
};

struct ProgramOptions {
  HistorySettings history;  // tool is set: the program's work is proved by its history
  Direction direction = Direction::up;
  std::stop_token stop;                                 // ends the command, Error{interrupted}
  std::function<std::string(std::string)> redact = {};  // for what it printed
};

struct ProgramResult {
  std::chrono::milliseconds elapsed{};
  bool already = false;  // the tool had done it before: nothing was run
};

// Runs one program file by its own runner. Precondition: no transaction is open. Errors: tool (exit code; the
// end of its output is the detail), failed (exit code 0, and the history does not say that the file was
// applied), config (a placeholder that means nothing), interrupted.
ProgramResult run_program(fleet::Session& session, ProgramRunner const& runner, ProgramTarget const& target,
                          Migration const& file, MigrationSet const& set, fleet::Driver const& driver,
                          ProgramOptions const& options);

// The command as it would be started. `password_file` is the path of a passfile, empty: none.
fleet::Command program_command(ProgramRunner const& runner, ProgramTarget const& target,
                               Migration const& file, std::string const& password_file,
                               fleet::Driver const& driver);

// "postgres://user@host:5432/name"; a socket folder as ?host=…&port=…
std::string url_of(fleet::Endpoint const& endpoint);

}  // namespace migrations
