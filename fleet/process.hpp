#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// An outside program: run directly, never through a shell.
struct Command {
  std::vector<std::string> argv{};                   // argv[0] is a path or is looked up on PATH
  std::map<std::string, std::string> environment{};  // added to ours; secrets travel here, never in argv
  std::vector<std::string> without{};                // what it does not get of ours: names, or "PG*", or "*"
  std::string run_as{};                              // user to become first; only root may ask for another
  std::filesystem::path directory{};                 // empty: ours
  std::filesystem::path output_file{};               // standard output goes there (made by run_as, mode 0600)
  std::string input{};                               // written to its standard input; empty: /dev/null
  // Gets its standard output piece by piece, instead of CommandResult::output; what it throws ends the
  // program.
  std::function<void(std::string_view)> sink{};
  bool detached = false;  // own session: no Ctrl-C at our terminal reaches it

  // As an operator would type it; environment is not shown.
  std::string text() const;
};

struct CommandResult {
  int exit_code = 0;  // 128 + N when a signal N ended it
  std::string output;
  std::string errors;  // standard error
  std::chrono::milliseconds elapsed{};
};

// Runs to the end. `interrupted` is polled about ten times a second; when it says true the program gets
// SIGTERM, 5 s later SIGKILL, and Error{interrupted} is thrown. Error{tool} when it cannot be started.
// A program that is not detached gets SIGTERM when we die first: a killed tenantsh leaves no pg_restore
// behind that a resumed run would meet. May be called from any thread.
CommandResult run(Command const& command, std::function<bool()> const& interrupted = {});
// As run(); a non-zero exit throws Error{tool} whose message carries the last line of its standard error.
CommandResult run_checked(Command const& command, std::function<bool()> const& interrupted = {});

// Kernel's idea of "this process still lives": pid plus start time, so that a reused pid is told apart.
struct ProcessIdentity {
  int pid = 0;
  std::string start_time;  // field 22 of /proc/PID/stat
};
ProcessIdentity this_process();
// nullopt when there is no such process, or only its zombie.
std::optional<ProcessIdentity> find_process(int pid);
bool is_alive(ProcessIdentity const& process);

// Starts a program that outlives us and is nobody's zombie: own session, standard output and error appended
// to `output_file`, `input` not used. Returns when the program has been entered; Error{tool} as run().
ProcessIdentity spawn(Command const& command);

// Full path of a program on PATH, nullopt when there is none.
std::optional<std::filesystem::path> find_program(std::string const& name);

// PostgreSQL's own program, `major_version` 0 meaning the newest installed: in $TENANTSH_PG_BINDIR when that
// is set (and then nowhere else), in /usr/lib/postgresql/N/bin (Debian) or /usr/pgsql-N/bin (Red Hat), in
// what `pg_config --bindir` says. Throws Error{tool} naming the package to install when it is not there.
std::filesystem::path postgres_program(std::string const& program, int major_version = 0);

}  // namespace fleet
