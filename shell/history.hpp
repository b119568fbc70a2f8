#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace shell {

// One entry that was run, whole.
struct HistoryEntry {
  std::string at;     // "2026-04-27T15:00:00.123Z"
  std::string entry;  // lines and all
  std::string scope;  // the tenants it was for: "all", "acme"
  long long took_ms = 0;
  bool failed = false;
};

// What was entered in one environment: a file of its own, one JSON object a line, mode 0600, shared by all
// sessions (each line is appended in one write). Entries that begin with a blank or that hold a secret stay
// in memory only.
class History {
 public:
  // Reads what is there; a line that is no entry is skipped. Error{io} when the folder cannot be made.
  explicit History(std::filesystem::path file);

  std::vector<HistoryEntry> const& entries() const { return entries_; }
  // Never throws: a full disk must not end a session. Says in a line what went wrong, once; else "".
  std::string add(HistoryEntry entry);

 private:
  std::filesystem::path file_;
  std::vector<HistoryEntry> entries_;
  bool told_ = false;
};

// Does the text name a password, token or key with its value, as `PASSWORD 'x'`, `password=x`,
// `postgres://u:x@h`?
bool holds_secret(std::string_view entry);

}  // namespace shell
