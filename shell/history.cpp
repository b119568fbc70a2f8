#include "shell/history.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "fleet/error.hpp"

namespace shell {
namespace {

constexpr std::size_t most_kept = 5000;

std::string write_line(std::filesystem::path const& file, std::string const& line) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return std::strerror(errno);
  std::string failure;
  if (::fchmod(descriptor, 0600) != 0) failure = std::strerror(errno);
  ssize_t const written = failure.empty() ? ::write(descriptor, line.data(), line.size()) : 0;
  if (failure.empty() && written != static_cast<ssize_t>(line.size()))
    failure = written < 0 ? std::strerror(errno) : "the disk is full";
  ::close(descriptor);
  return failure;
}

}  // namespace

bool holds_secret(std::string_view entry) {
  static std::regex const patterns{
      R"((password|passwd|passphrase|secret|token|api_?key)\s*(=|:|\bis\b)?\s*(=\s*)?['"\[]|)"
      R"((password|passwd|pwd|token|secret|api_?key)\s*=\s*[^\s{}(),;]+|)"
      R"([a-z]+://[^\s:/@'"]+:[^\s@/'"]+@|)"
      R"(identified\s+by)",
      std::regex::icase | std::regex::optimize};
  constexpr std::size_t most_looked_at = 100'000;  // std::regex needs stack for each character
  std::string const head{entry.substr(0, most_looked_at)};
  std::string line;
  for (std::size_t at = 0; at <= head.size();) {
    std::size_t const end = std::min(head.find('\n', at), head.size());
    line = head.substr(at, std::min<std::size_t>(end - at, 4096));
    if (std::regex_search(line, patterns)) return true;
    at = end + 1;
  }
  return entry.size() > most_looked_at;
}

History::History(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  if (error)
    throw fleet::Error{fleet::ErrorKind::io,
                       file_.parent_path().string() + " cannot be made: " + error.message()};
  ::chmod(file_.parent_path().c_str(), 0700);
  std::ifstream in{file_};
  for (std::string line; std::getline(in, line);) {
    auto const json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("entry") || !json["entry"].is_string()) continue;
    HistoryEntry entry;
    entry.entry = json["entry"].get<std::string>();
    entry.at = json.value("at", "");
    entry.scope = json.value("scope", "");
    entry.took_ms = json.value("ms", 0LL);
    entry.failed = json.value("failed", false);
    entries_.push_back(std::move(entry));
  }
  if (entries_.size() > most_kept) entries_.erase(entries_.begin(), entries_.end() - most_kept);
}

std::string History::add(HistoryEntry entry) {
  bool const kept = !entry.entry.starts_with(' ') && !holds_secret(entry.entry);
  entries_.push_back(std::move(entry));
  if (!kept) return {};
  HistoryEntry const& last = entries_.back();
  nlohmann::json const json{{"at", last.at},
                            {"entry", last.entry},
                            {"scope", last.scope},
                            {"ms", last.took_ms},
                            {"failed", last.failed}};
  std::string const line = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::string const failure = write_line(file_, line);
  if (failure.empty() || std::exchange(told_, true)) return {};
  return fmt::format("the history is not kept: {}: {}", file_.string(), failure);
}

}  // namespace shell
