// Re-reading an archive: fleet/backup.hpp, verify_backup.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "fleet/backup.hpp"
#include "fleet/backup_archive.hpp"
#include "fleet/backup_encryption.hpp"
#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

void check_levels(std::vector<std::string> const& levels) {
  auto const& known = verify_levels();
  for (std::string const& level : levels)
    if (std::find(known.begin(), known.end(), level) == known.end())
      throw Error{ErrorKind::usage, in_quotes(level) + " is no level of verifying a backup"}.with_hint(
          "size, listing, counts, sha256");
}

// The pg_restore beside the pg_dump that wrote it, else the newest: an older one may not read the archive.
fs::path pg_restore_for(Manifest const& manifest) {
  auto const digit = manifest.pg_dump.find_first_of("0123456789");
  int const major = digit == std::string::npos ? 0 : std::atoi(manifest.pg_dump.c_str() + digit);
  try {
    return postgres_program("pg_restore", major);
  } catch (Error const& error) {
    if (error.kind != ErrorKind::tool || major == 0) throw;
    return postgres_program("pg_restore");
  }
}

}  // namespace

std::vector<std::string> const& verify_levels() {
  static std::vector<std::string> const levels{"size", "listing", "counts", "sha256"};
  return levels;
}

std::vector<VerifiedLevel> verify_backup(fs::path const& path, std::vector<std::string> levels,
                                         Driver const& driver, std::stop_token stop,
                                         fs::path const& identity) {
  bool const all = levels.empty();
  if (all) levels = verify_levels();
  check_levels(levels);
  std::error_code error;
  if (!fs::exists(path, error)) throw Error{ErrorKind::not_found, "there is no archive " + path.string()};
  Manifest const manifest = read_manifest(manifest_beside(path));
  std::optional<PlainArchive> plain;
  std::vector<VerifiedLevel> verified;
  for (std::string const& level : levels) {
    VerifiedLevel result{level, {}};
    if (level == "size") {
      if (auto const bytes = archive_bytes(path); bytes == 0 || bytes != manifest.bytes)
        result.problems.push_back(
            fmt::format("the archive has {} bytes, its manifest says {}", bytes, manifest.bytes));
    } else if (level == "sha256") {
      if (auto const digest = archive_sha256(path, driver); digest != manifest.sha256)
        result.problems.push_back(
            fmt::format("the SHA-256 is {}, its manifest says {}", digest, manifest.sha256));
    } else if (all && manifest.encrypted() && identity.empty()) {
      continue;
    } else {
      if (!plain) plain.emplace(path, manifest, identity, stop);
      ArchiveTools const tools{pg_restore_for(manifest), stop};
      result.problems = level == "listing" ? listing_problems(plain->path(), manifest, tools)
                                           : count_problems(plain->path(), manifest, tools);
    }
    verified.push_back(std::move(result));
  }
  return verified;
}

}  // namespace fleet
