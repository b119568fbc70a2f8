#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/backup.hpp"
#include "fleet/backup_archive.hpp"
#include "fleet/backup_files.hpp"
#include "fleet/backup_source.hpp"
#include "fleet/process.hpp"

// How dump() (fleet/backup.hpp) runs pg_dump.
namespace fleet {

struct PgDump {
  std::filesystem::path program;
  std::string version;  // "pg_dump (PostgreSQL) 15.14 (Debian …)"
};

// The one of the server's own major version, else the newest. Error{tool} for one older than the server.
PgDump find_pg_dump(int server_version);

Sealing sealing_of(DumpRequest const& request);
// Written by age, not by pg_dump: nothing but what is encrypted comes to the disk.
bool is_streamed(DumpRequest const& request);

// Behind the program's name. To standard output when `file` is empty. No secret is among them.
std::vector<std::string> pg_dump_arguments(DumpRequest const& request, std::filesystem::path const& file);

// Work on several threads; when one part fails, the others end early and the first failure is thrown.
class Together {
 public:
  explicit Together(std::stop_token const& stop) : forward_(stop, [this] { ended_.request_stop(); }) {}

  std::stop_token token() const { return ended_.get_token(); }
  bool ended() const { return ended_.stop_requested(); }
  template <typename Work>
  void attempt(Work&& work) {
    try {
      work();
    } catch (std::exception const&) {
      {
        std::lock_guard const lock(mutex_);
        if (!first_failure_) first_failure_ = std::current_exception();
      }
      ended_.request_stop();
    }
  }
  void check() const {
    if (first_failure_) std::rethrow_exception(first_failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_failure_;
  std::stop_source ended_;
  std::stop_callback<std::function<void()>> forward_;
};

// What one pg_dump works with.
struct DumpWork {
  Command command;
  DumpRequest const& request;
  std::filesystem::path to;  // where the archive grows
  SourceSnapshot const& source;
  Session& session;         // of the source
  PassingArchive* passing;  // reads the archive back as it is written; may be null
};

struct DumpOutcome {
  std::vector<DumpedTable> tables;
  std::vector<std::string> warnings;
};

// pg_dump, our counts and the reading back at the same time.
DumpOutcome dump_and_count(DumpWork const& work, DumpMeans const& means, Together& together);

// A folder as one file: tar through age.
void seal_folder(std::filesystem::path const& folder, std::string const& stem, DumpRequest const& request,
                 std::filesystem::path const& to, std::stop_token const& stop);

}  // namespace fleet
