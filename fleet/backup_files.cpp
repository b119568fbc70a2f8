#include "fleet/backup_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "fleet/error.hpp"
#include "fleet/file_descriptor.hpp"
#include "fleet/private_files.hpp"
#include "fleet/tenant.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr DumpFormat formats[] = {DumpFormat::custom, DumpFormat::directory};
constexpr std::string_view dump_suffix = ".dump";

// 20260427T150000Z
void check_time(std::string const& at) {
  constexpr std::string_view shape = "########T######Z";
  bool fits = at.size() == shape.size();
  for (std::size_t i = 0; fits && i < at.size(); ++i)
    fits = shape[i] == '#' ? std::isdigit(static_cast<unsigned char>(at[i])) != 0 : at[i] == shape[i];
  if (!fits)
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

fs::path BackupFiles::archive(DumpFormat format) const {
  return folder / (format == DumpFormat::custom ? stem + std::string{dump_suffix} : stem);
}

fs::path BackupFiles::partial(DumpFormat format) const { return archive(format).string() + ".partial"; }

fs::path BackupFiles::manifest() const { return folder / (stem + ".manifest.json"); }

fs::path manifest_beside(fs::path const& archive) {
  std::string stem = archive.string();
  while (stem.size() > 1 && stem.back() == '/') stem.pop_back();
  if (stem.size() > dump_suffix.size() && stem.ends_with(dump_suffix))
    stem.resize(stem.size() - dump_suffix.size());
  return stem + ".manifest.json";
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
  for (DumpFormat format : formats) {
    if (auto const partial = files.partial(format); present(partial))
      return {DumpState::broken,
              fmt::format("{}, {}, of a dump that did not end", partial.string(), size_text(partial)), true};
    if (auto const archive = files.archive(format); present(archive))
      return {DumpState::broken,
              fmt::format("{}, {}, without a manifest: that dump was not finished", archive.string(),
                          size_text(archive)),
              true};
  }
  return {DumpState::not_done, "nothing of " + files.stem + " in " + folder.string()};
}

void remove_partial(fs::path const& folder, std::string const& slug, std::string const& at) {
  auto const files = BackupFiles::of(folder, slug, at);
  bool const has_manifest = present(files.manifest());
  for (DumpFormat format : formats) {
    remove_tree(files.partial(format));
    if (!has_manifest) remove_tree(files.archive(format));
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
  if (std::rename(from.c_str(), to.c_str()) != 0) throw io_error("rename", from, errno);
  sync(to.parent_path(), O_DIRECTORY);
}

}  // namespace fleet
