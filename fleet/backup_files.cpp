#include "fleet/backup_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <system_error>

#include "fleet/error.hpp"
#include "fleet/file_descriptor.hpp"
#include "fleet/private_files.hpp"
#include "fleet/tenant.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

struct Kind {
  DumpFormat format;
  Sealing sealing;
  char const* suffix;
};
constexpr Kind kinds[] = {{DumpFormat::custom, Sealing::none, ".dump"},
                          {DumpFormat::directory, Sealing::none, ""},
                          {DumpFormat::custom, Sealing::age, ".dump.age"},
                          {DumpFormat::directory, Sealing::age, ".tar.age"}};

void check_time(std::string const& at) {
  if (!parse_compact_time(at))
    throw Error{ErrorKind::usage, in_quotes(at) + " is no time of a backup: write it as 20260427T150000Z"};
}

bool present(fs::path const& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::string size_text(fs::path const& archive) { return fmt::format("{} bytes", archive_bytes(archive)); }

void sync(fs::path const& path, int flags) {
  FileDescriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags)};
  if (!file || ::fsync(file.get()) != 0) throw io_error("sync", path, errno);
}

}  // namespace

BackupFiles BackupFiles::of(fs::path folder, std::string const& slug, std::string const& at) {
  check_slug(slug);
  check_time(at);
  return {std::move(folder), slug + "-" + at};
}

fs::path BackupFiles::archive(DumpFormat format, Sealing sealing) const {
  for (Kind const& kind : kinds)
    if (kind.format == format && kind.sealing == sealing) return folder / (stem + kind.suffix);
  return folder / stem;
}

fs::path BackupFiles::partial(DumpFormat format, Sealing sealing) const {
  return archive(format, sealing).string() + ".partial";
}

fs::path BackupFiles::manifest() const { return folder / (stem + ".manifest.json"); }

fs::path manifest_beside(fs::path const& archive) {
  std::string stem = archive.string();
  while (stem.size() > 1 && stem.back() == '/') stem.pop_back();
  for (Kind const& kind : kinds) {
    std::string_view const suffix = kind.suffix;
    if (!suffix.empty() && stem.size() > suffix.size() && stem.ends_with(suffix)) {
      stem.resize(stem.size() - suffix.size());
      break;
    }
  }
  return stem + ".manifest.json";
}

std::optional<std::chrono::system_clock::time_point> parse_compact_time(std::string_view text) {
  constexpr std::string_view shape = "########T######Z";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (shape[i] == '#' ? std::isdigit(static_cast<unsigned char>(text[i])) == 0 : text[i] != shape[i])
      return std::nullopt;
  auto const number = [&](std::size_t at, std::size_t length) {
    return std::atoi(std::string{text.substr(at, length)}.c_str());
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(4, 2) - 1;
  parts.tm_mday = number(6, 2);
  parts.tm_hour = number(9, 2);
  parts.tm_min = number(11, 2);
  parts.tm_sec = number(13, 2);
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

ArchiveInUse::ArchiveInUse(fs::path const& archive)
    : file_(::open(archive.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
  if (!file_) throw io_error("open", archive, errno);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error{ErrorKind::locked, archive.string() + " is being written by another process"};
}

bool ArchiveInUse::by_others(fs::path const& archive) {
  FileDescriptor const file{::open(archive.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string_view to_string(DumpState state) {
  switch (state) {
    case DumpState::done: return "done";
    case DumpState::not_done: return "not_done";
    case DumpState::broken: return "broken";
  }
  return "broken";
}

DumpEvidence dump_state(fs::path const& folder, std::string const& slug, std::string const& at) {
  auto const files = BackupFiles::of(folder, slug, at);
  if (present(files.manifest())) {
    Manifest manifest;
    try {
      manifest = read_manifest(files.manifest());
    } catch (Error const& error) {
      return {DumpState::broken, error.message};
    }
    fs::path const archive = folder / manifest.archive;
    if (!present(archive))
      return {DumpState::broken,
              fmt::format("{} is there, its archive {} is not", files.manifest().string(), manifest.archive)};
    if (auto const bytes = archive_bytes(archive); bytes != manifest.bytes)
      return {DumpState::broken,
              fmt::format("{} has {} bytes, its manifest says {}", archive.string(), bytes, manifest.bytes)};
    return {DumpState::done, fmt::format("{}, {}, and its manifest", archive.string(), size_text(archive))};
  }
  for (Kind const& kind : kinds) {
    if (auto const partial = files.partial(kind.format, kind.sealing); present(partial)) {
      bool const at_work = ArchiveInUse::by_others(partial);
      return {DumpState::broken,
              fmt::format("{}, {}, of a dump that {}", partial.string(), size_text(partial),
                          at_work ? "is at work" : "did not end"),
              true};
    }
    if (auto const archive = files.archive(kind.format, kind.sealing); present(archive)) {
      bool const at_work = ArchiveInUse::by_others(archive);
      return {DumpState::broken,
              fmt::format("{}, {}, without a manifest: that dump {}", archive.string(), size_text(archive),
                          at_work ? "is at work" : "was not finished"),
              true};
    }
  }
  return {DumpState::not_done, "nothing of " + files.stem + " in " + folder.string()};
}

void remove_partial(fs::path const& folder, std::string const& slug, std::string const& at) {
  auto const files = BackupFiles::of(folder, slug, at);
  bool const has_manifest = present(files.manifest());
  for (Kind const& kind : kinds) {
    std::vector<fs::path> left{files.partial(kind.format, kind.sealing)};
    if (!has_manifest) left.push_back(files.archive(kind.format, kind.sealing));
    for (fs::path const& path : left) {
      if (ArchiveInUse::by_others(path))
        throw Error{ErrorKind::locked, path.string() + " is being written by another process"}.with_hint(
            "wait for it, or choose another time for the name");
      remove_tree(path);
    }
  }
}

std::vector<fs::path> archive_files(fs::path const& archive) {
  std::error_code error;
  std::vector<fs::path> files;
  if (!fs::is_directory(archive, error)) {
    if (!fs::is_regular_file(archive, error))
      throw Error{ErrorKind::not_found, "there is no archive " + archive.string()};
    return {archive};
  }
  for (auto entry = fs::directory_iterator{archive, error}; !error && entry != fs::directory_iterator{};
       entry.increment(error))
    if (entry->is_regular_file()) files.push_back(entry->path());
  if (error) throw io_error("read", archive, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

std::uint64_t archive_bytes(fs::path const& archive) {
  std::uint64_t sum = 0;
  for (fs::path const& file : archive_files(archive)) {
    std::error_code error;
    auto const size = fs::file_size(file, error);
    if (error) throw io_error("read", file, error.value());
    sum += size;
  }
  return sum;
}

void sync_archive(fs::path const& archive) {
  for (fs::path const& file : archive_files(archive)) sync(file, 0);
  if (std::error_code error; fs::is_directory(archive, error)) sync(archive, O_DIRECTORY);
}

void rename_synced(fs::path const& from, fs::path const& to) {
  // A file system that does not know the flag (EINVAL) gets the two steps it can do.
  bool renamed = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0;
  if (!renamed && errno == EINVAL && !present(to)) renamed = std::rename(from.c_str(), to.c_str()) == 0;
  if (!renamed && (errno == EEXIST || present(to)))
    throw Error{ErrorKind::refused, "there is an archive of that name: " + to.string()}.with_hint(
        "choose another time, or move it away");
  if (!renamed) throw io_error("rename", from, errno);
  sync(to.parent_path(), O_DIRECTORY);
}

}  // namespace fleet
