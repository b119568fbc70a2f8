#include "runbooks/engine/mirror.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "fleet/error.hpp"

namespace runbooks {

namespace {

[[noreturn]] void fail(std::string const& what, std::filesystem::path const& path) {
  throw fleet::Error{fleet::ErrorKind::io,
                     fmt::format("{} {}: {}", what, path.string(), std::strerror(errno))}
      .with_hint(
          "the journal must be written before anything is done; set TENANTSH_HOME to a folder you can write");
}

void sync_folder(std::filesystem::path const& folder) {
  int const descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

void write_all(int descriptor, std::string_view text, std::filesystem::path const& file) {
  while (!text.empty()) {
    ssize_t const count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write", file);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

// A process that died while writing leaves half a line; the next line must not be glued to it.
void end_torn_line(std::filesystem::path const& file, int descriptor) {
  std::ifstream in{file, std::ios::binary | std::ios::ate};
  if (!in || in.tellg() == std::streampos{0}) return;
  in.seekg(-1, std::ios::end);
  if (in.get() != '\n' && ::write(descriptor, "\n", 1) != 1) fail("cannot write", file);
}

}  // namespace

Mirror Mirror::create(std::filesystem::path const& folder, std::string const& started,
                      std::string const& id) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    errno = code.value();
    fail("cannot create", folder);
  }
  auto const file = folder / (started + "-" + id + ".jsonl");
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) fail("cannot create", file);
  sync_folder(folder);
  return Mirror{file, descriptor};
}

Mirror Mirror::open(std::filesystem::path const& file) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor < 0) fail("cannot open", file);
  Mirror mirror{file, descriptor};
  end_torn_line(file, descriptor);
  return mirror;
}

Mirror::Mirror(Mirror&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

Mirror::~Mirror() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Mirror::append(Event const& event, Boundary const& boundary) {
  std::string line = event.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::size_t const half = boundary ? line.size() / 2 : 0;
  write_all(descriptor_, std::string_view{line}.substr(0, half), file_);
  if (boundary) boundary("torn", event.step);
  write_all(descriptor_, std::string_view{line}.substr(half), file_);
  if (boundary) boundary("unsynced", event.step);
  if (::fdatasync(descriptor_) != 0) fail("cannot sync", file_);
}

std::vector<Event> read_mirror(std::filesystem::path const& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) fail("cannot read", file);
  std::vector<Event> events;
  std::string line;
  while (std::getline(in, line)) {
    try {
      events.push_back(Event::from_json(Json::parse(line)));
    } catch (Json::exception const&) {
      continue;  // torn by a crash in the middle of a write; what it said was never acted upon
    }
  }
  return events;
}

std::vector<MirrorFile> list_mirrors(std::filesystem::path const& folder) {
  std::vector<MirrorFile> found;
  std::error_code code;
  for (auto const& entry : std::filesystem::directory_iterator{folder, code}) {
    std::string const stem = entry.path().stem().string();
    auto const dash = stem.find('-');
    if (entry.path().extension() == ".jsonl" && dash != std::string::npos)
      found.push_back({stem.substr(dash + 1), entry.path()});
  }
  std::sort(found.begin(), found.end(),
            [](MirrorFile const& a, MirrorFile const& b) { return a.file.filename() > b.file.filename(); });
  return found;
}

}  // namespace runbooks
