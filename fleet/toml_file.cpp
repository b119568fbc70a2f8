#include "fleet/toml_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/toml_text.hpp"

namespace fleet {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t largest_file = 256 * 1024;

struct Contents {
  std::string text;
  bool trusted = false;  // only the user and root can have written it
};

Contents read_file(Path const& path) {
  struct Descriptor {
    int number;
    ~Descriptor() {
      if (number >= 0) close(number);
    }
  } const file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  struct stat found {};
  if (file.number < 0 || fstat(file.number, &found) != 0) throw toml_fault(path, std::strerror(errno));
  if (S_ISDIR(found.st_mode)) throw toml_fault(path, "it is a folder, not a file");
  Contents contents;
  contents.trusted = (found.st_uid == geteuid() || found.st_uid == 0) && (found.st_mode & S_IWOTH) == 0;
  std::array<char, 16384> buffer;
  for (;;) {
    auto const count = read(file.number, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw toml_fault(path, std::strerror(errno));
    if (count == 0) break;
    contents.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (contents.text.size() > largest_file) throw toml_fault(path, "more than 256 KiB is no configuration");
  }
  return contents;
}

// Number of the line at which an assertion fails. toml++ reads forwards, so every text that goes so far
// fails.
std::ptrdiff_t line_of_failure(std::string_view text) {
  auto const fails = [&](std::size_t length) {
    try {
      (void)toml::parse(text.substr(0, length));
    } catch (toml::parse_error const&) {
      return false;
    } catch (std::logic_error const&) {
      return true;
    }
    return false;
  };
  std::size_t good = 0, bad = text.size();
  while (bad - good > 1) {
    auto const middle = good + (bad - good) / 2;
    (fails(middle) ? bad : good) = middle;
  }
  auto const read = text.substr(0, good);
  return std::count(read.begin(), read.end(), '\n') + 1;
}

}  // namespace

Path resolved_path(std::string const& written, Path const& folder) {
  auto const* const home = std::getenv("HOME");
  if (written.rfind("~/", 0) == 0 && home != nullptr) return Path(home) / written.substr(2);
  return (folder / written).lexically_normal();
}

TomlFile read_toml(Path const& path) {
  auto const contents = read_file(path);
  if (auto const trouble = find_toml_trouble(contents.text))
    throw Error(ErrorKind::config, fmt::format("{}:{}: {}", path.string(), trouble->line, trouble->what));
  try {
    return {toml::parse(contents.text), contents.trusted};
  } catch (toml::parse_error const& error) {
    // "Error while parsing key-value pair: cannot …": where is said by the line already.
    auto reason = error.description();
    if (reason.substr(0, 20) == "Error while parsing ") reason.remove_prefix(reason.find(": ") + 2);
    auto refused = toml_fault(path, error.source(), std::string(reason));
    if (reason.find("value type") != reason.npos) refused.hint = "text stands in quotes: guard = \"confirm\"";
    throw refused;
  } catch (std::logic_error const&) {
    throw Error(ErrorKind::config,
                fmt::format("{}:{}: not TOML", path.string(), line_of_failure(contents.text)));
  }
}

}  // namespace fleet
