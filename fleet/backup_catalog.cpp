#include "fleet/backup_catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <tuple>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/private_files.hpp"
#include "fleet/tenant.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t time_length = 16;  // 20260427T150000Z

std::vector<std::string> names_in(fs::path const& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (auto entry = fs::directory_iterator{folder, error}; !error && entry != fs::directory_iterator{};
       entry.increment(error))
    names.push_back(entry->path().filename());
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    throw io_error("read", folder, error.value());
  return names;
}

// SLUG-20260427T150000Z and whatever follows a dot: slug and time. A slug may hold a time of its own (a
// restored sibling's does, in lower case).
std::optional<std::pair<std::string, std::string>> backup_named(std::string const& name) {
  std::string const stem = name.substr(0, name.find('.'));
  if (stem.size() < time_length + 2 || stem[stem.size() - time_length - 1] != '-') return std::nullopt;
  std::string slug = stem.substr(0, stem.size() - time_length - 1),
              at = stem.substr(stem.size() - time_length);
  if (!parse_compact_time(at)) return std::nullopt;
  try {
    check_slug(slug);
  } catch (Error const&) {
    return std::nullopt;
  }
  return std::pair{std::move(slug), std::move(at)};
}

std::set<std::pair<std::string, std::string>> backups_named_in(fs::path const& folder) {
  std::set<std::pair<std::string, std::string>> found;
  for (std::string const& name : names_in(folder))
    if (auto named = backup_named(name)) found.insert(std::move(*named));
  return found;
}

StoredBackup look_at(fs::path const& folder, std::string const& slug, std::string const& at) {
  auto const files = BackupFiles::of(folder, slug, at);
  StoredBackup backup{.slug = slug,
                      .at = at,
                      .folder = folder,
                      .evidence = dump_state(folder, slug, at),
                      .path = folder / files.stem};
  try {
    backup.manifest = read_manifest(files.manifest());
    backup.path = folder / backup.manifest->archive;
  } catch (Error const&) {  // the evidence says what is wrong with it
  }
  if (backup.good()) return backup;
  std::error_code error;
  for (Sealing sealing : {Sealing::age, Sealing::none})
    for (DumpFormat format : {DumpFormat::custom, DumpFormat::directory}) {
      if (fs::exists(files.partial(format, sealing), error)) backup.partial = files.partial(format, sealing);
      for (fs::path const& path : {files.partial(format, sealing), files.archive(format, sealing)})
        backup.at_work = backup.at_work || ArchiveInUse::by_others(path);
    }
  // delete_backup() was killed between setting the archive aside and deleting the manifest.
  if (backup.manifest && !backup.partial.empty() && !fs::exists(backup.path, error))
    backup.evidence = {DumpState::broken, backup.partial.string() + ", of a backup that was being deleted",
                       true};
  return backup;
}

std::string megabytes(std::uint64_t bytes) {
  return bytes < 1024 * 1024 ? fmt::format("{} kB", (bytes + 1023) / 1024)
                             : fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1024 * 1024));
}

}  // namespace

std::vector<StoredBackup> stored_backups(fs::path const& folder, std::string const& slug) {
  std::vector<StoredBackup> stored;
  for (auto const& [named, at] : backups_named_in(folder)) {
    if (named != slug) continue;
    StoredBackup backup = look_at(folder, slug, at);
    if (backup.evidence.state != DumpState::not_done) stored.push_back(std::move(backup));
  }
  return stored;
}

std::vector<StoredBackup> stored_backups_below(fs::path const& folder) {
  std::vector<fs::path> folders{folder};
  for (std::string const& name : names_in(folder))
    if (std::error_code error; fs::is_directory(folder / name, error)) folders.push_back(folder / name);
  std::vector<StoredBackup> all;
  for (fs::path const& each : folders) {
    std::set<std::string> slugs;
    for (auto const& [slug, at] : backups_named_in(each)) slugs.insert(slug);
    for (std::string const& slug : slugs)
      for (StoredBackup& backup : stored_backups(each, slug)) all.push_back(std::move(backup));
  }
  std::stable_sort(all.begin(), all.end(), [](StoredBackup const& a, StoredBackup const& b) {
    return std::tie(a.slug, a.at) < std::tie(b.slug, b.at);
  });
  return all;
}

std::vector<StoredBackup> to_prune(std::vector<StoredBackup> const& stored, Retention const& retention,
                                   std::set<fs::path> const& verified,
                                   std::chrono::system_clock::time_point now) {
  if (retention.keep_days < 0 || retention.keep_count < 0)
    throw Error{ErrorKind::usage, "keep_days and keep_count are numbers from 0 (no such rule)"};
  std::vector<StoredBackup> gone;
  for (StoredBackup const& backup : stored)
    if (backup.evidence.leftover && !backup.partial.empty() && !backup.at_work) gone.push_back(backup);
  if (retention.keep_days == 0 && retention.keep_count == 0) return gone;

  std::map<DumpMode, std::vector<StoredBackup const*>> by_mode;
  for (StoredBackup const& backup : stored)
    if (backup.good()) by_mode[backup.manifest->mode].push_back(&backup);
  auto const was_read_back = [&](StoredBackup const& backup) {
    auto const& levels = backup.manifest->verified;
    return verified.count(backup.path) > 0 ||
           std::find(levels.begin(), levels.end(), "counts") != levels.end();
  };
  for (auto& [mode, backups] : by_mode) {
    std::reverse(backups.begin(), backups.end());  // newest first
    bool verified_kept = false;
    for (std::size_t i = 0; i < backups.size(); ++i) {
      StoredBackup const& backup = *backups[i];
      bool const newest_verified = !verified_kept && was_read_back(backup);
      verified_kept = verified_kept || newest_verified;
      bool const young = retention.keep_days > 0 &&
                         now - *parse_compact_time(backup.at) < std::chrono::hours{24} * retention.keep_days;
      bool const among = i < static_cast<std::size_t>(retention.keep_count);
      if (i > 0 && !newest_verified && !young && !among) gone.push_back(backup);
    }
  }
  std::sort(gone.begin(), gone.end(),
            [](StoredBackup const& a, StoredBackup const& b) { return a.at < b.at; });
  return gone;
}

void delete_backup(StoredBackup const& backup) {
  auto const files = BackupFiles::of(backup.folder, backup.slug, backup.at);
  if (backup.good()) {
    // Under the name of an unfinished one first: no archive may be left that looks whole but is not.
    rename_synced(backup.path, backup.path.string() + ".partial");
    remove_tree(files.manifest());
  } else if (backup.evidence.leftover) {
    remove_tree(files.manifest());
  }
  remove_partial(backup.folder, backup.slug, backup.at);
}

std::string size_remark(Manifest const& manifest, std::vector<StoredBackup> const& stored) {
  for (auto before = stored.rbegin(); before != stored.rend(); ++before) {
    if (!before->good() || before->manifest->archive == manifest.archive) continue;
    Manifest const& other = *before->manifest;
    if (other.mode != manifest.mode || other.compress != manifest.compress ||
        other.encrypted() != manifest.encrypted() || other.bytes == 0)
      continue;
    auto const percent = manifest.bytes * 100 / other.bytes;
    if (percent >= 50 && percent <= 200) return {};
    return fmt::format("the archive has {}, {} % of the last one ({}, {}): look at both before you trust it",
                       megabytes(manifest.bytes), percent, other.archive, megabytes(other.bytes));
  }
  return {};
}

}  // namespace fleet
