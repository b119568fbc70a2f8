#pragma once

// What the tests of backups share: a folder, a request, restoring with PostgreSQL's own program, looking at
// what was left.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "fleet/backup.hpp"
#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/passfile.hpp"
#include "fleet/private_files.hpp"
#include "fleet/process.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/live/shipped_tenant.hpp"
#include "tests/support/throwaway_cluster.hpp"

namespace tests {

namespace fs = std::filesystem;
using namespace fleet;

inline constexpr char const* password = "a password of the admin";
inline constexpr char const* noon = "20260427T120000Z";

inline ThrowawayCluster& cluster() { return ThrowawayCluster::shared(); }
inline DumpMeans means(std::stop_token stop = {}) { return {cluster().driver(), cluster().secrets(), stop}; }

// A folder of its own for one test, gone at its end.
struct Folder {
  Folder() {
    static int made = 0;
    path = cluster().folder() / ("dumps-" + std::to_string(++made));
  }
  ~Folder() { remove_tree(path); }
  fs::path path;
};

inline DumpRequest request_for(FreshDatabase const& database, Folder const& folder) {
  DumpRequest request;
  request.tenant.slug = "acme";
  request.tenant.id = "5d2e";
  request.tenant.server = "pg-test";
  request.tenant.database_name = database.name();
  request.endpoint = cluster().admin(database.name());
  request.folder = folder.path;
  request.at = noon;
  request.run_id = "run-1";
  return request;
}

inline std::string run_as_superuser(std::string const& program, std::string const& database,
                                    std::vector<std::string> options) {
  Endpoint const endpoint = cluster().superuser(database);
  Passfile const passfile{cluster().secrets().resolve(endpoint.password)};
  Command command{.argv = {postgres_program(program).string(), "--dbname=" + dsn_of(endpoint.keywords)},
                  .environment = {{"PGPASSFILE", passfile.path()}},
                  .without = {"PG*"}};
  for (std::string& option : options) command.argv.push_back(std::move(option));
  CommandResult const result = run(command);
  CHECK_MESSAGE(result.exit_code == 0, result.errors);
  return result.output;
}

// As text, structure and rows of everything that a dump carries with its rows.
inline std::string contents(std::string const& database) {
  return run_as_superuser(
      "pg_dump", database,
      {"--restrict-key=x", "--exclude-table-data=pgboss.*", "-N", "tenantsh", "-N", "runbook"});
}

inline void restore(fs::path const& archive, FreshDatabase const& target) {
  run_as_superuser("pg_restore", target.name(), {"--exit-on-error", archive.string()});
}

template <typename Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (Error const& error) {
    return std::string{to_string(error.kind)} + ": " + error.describe();
  }
  return "no error";
}

// One line a level: "size: ok" or its problems.
inline std::string verified(fs::path const& archive, std::vector<std::string> levels = {}) {
  std::string shown;
  for (auto const& [level, problems] : verify_backup(archive, std::move(levels), cluster().driver())) {
    shown += level + ":";
    if (problems.empty()) shown += " ok";
    for (std::string const& problem : problems) shown += " " + problem + ";";
    shown += "\n";
  }
  return shown;
}

// The levels that notice something.
inline std::string noticed_by(fs::path const& archive) {
  std::string names;
  for (auto const& [level, problems] : verify_backup(archive, {}, cluster().driver()))
    if (!problems.empty()) names += level + " ";
  return names;
}

inline std::string state(Folder const& folder) {
  auto const [found, seen, leftover] = dump_state(folder.path, "acme", noon);
  std::string text = seen;
  for (std::size_t at; (at = text.find(folder.path.string())) != std::string::npos;)
    text.replace(at, folder.path.string().size(), "DIR");
  return std::string{to_string(found)} + ": " + text;
}

inline std::string without_numbers(std::string text) {
  std::string kept;
  for (char c : text)
    if (c < '0' || c > '9')
      kept += c;
    else if (kept.empty() || kept.back() != '#')
      kept += '#';
  return kept;
}

inline std::string names_in(fs::path const& folder) {
  std::vector<std::string> names;
  for (auto const& entry : fs::directory_iterator{folder}) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  std::string text;
  for (std::string const& name : names) text += name + " ";
  return text;
}

// Command lines and environments of every process whose command line has `part` in it.
inline std::string seen_of_processes(std::string const& part) {
  std::string seen;
  for (auto const& entry : fs::directory_iterator{"/proc"}) {
    std::string const pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    auto read = [&](char const* name) {
      std::ifstream file{entry.path() / name};
      std::string text{std::istreambuf_iterator<char>{file}, {}};
      std::replace(text.begin(), text.end(), '\0', ' ');
      return text;
    };
    if (std::string const line = read("cmdline"); line.find(part) != std::string::npos)
      seen += line + "\n" + read("environ") + "\n";
  }
  return seen;
}

template <typename Fact>
bool comes_true(Fact&& fact) {
  for (int tries = 0; tries < 1500; ++tries) {
    if (fact()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return false;
}

// pg_dump cannot go on while this lives; our own queries can.
class PgDumpHeld {
 public:
  explicit PgDumpHeld(FreshDatabase const& database)
      : session_(cluster().driver().connect(cluster().superuser(database.name()), cluster().secrets(), {})) {
    session_->begin(Access::read_write);
    session_->query("lock table pg_catalog.pg_publication in access exclusive mode");
  }

 private:
  std::unique_ptr<Session> session_;
};

inline void truncate_to(fs::path const& path, double part) {
  fs::resize_file(path, static_cast<std::uintmax_t>(static_cast<double>(fs::file_size(path)) * part));
}

}  // namespace tests
