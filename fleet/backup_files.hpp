#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/backup_manifest.hpp"
#include "fleet/file_descriptor.hpp"

namespace fleet {

// Whether an archive is as pg_dump wrote it or encrypted with age; a folder becomes a tar file inside.
enum class Sealing { none, age };

// The names of one dump in its folder. STEM is SLUG-20260427T150000Z:
//   STEM.dump (custom format) or the folder STEM (directory format), encrypted STEM.dump.age or STEM.tar.age;
//   the same name with .partial while it is being written, STEM.manifest.json last of all. An archive without
//   its manifest is not done.
struct BackupFiles {
  std::filesystem::path folder;
  std::string stem;

  // Error{usage} for a slug or a time that cannot stand in a name.
  static BackupFiles of(std::filesystem::path folder, std::string const& slug, std::string const& at);

  std::filesystem::path archive(DumpFormat format, Sealing sealing = Sealing::none) const;
  std::filesystem::path partial(DumpFormat format, Sealing sealing = Sealing::none) const;
  std::filesystem::path manifest() const;
};

// STEM.manifest.json beside an archive STEM.dump, STEM, STEM.dump.age or STEM.tar.age.
std::filesystem::path manifest_beside(std::filesystem::path const& archive);

enum class DumpState { done, not_done, broken };
std::string_view to_string(DumpState state);

struct DumpEvidence {
  DumpState state = DumpState::not_done;
  std::string seen;       // one line: what lies there
  bool leftover = false;  // broken only in that a dump did not end: dump() clears that away
};

// Looks at the folder only. done: manifest and archive are there and agree in size. broken: what a dump left
// that did not end well, or an archive that is not the one its manifest describes.
DumpEvidence dump_state(std::filesystem::path const& folder, std::string const& slug, std::string const& at);

// Deletes what an unfinished dump left: partial archives and an archive without a manifest. Never an archive
// that has one. Error{locked} when a dump of that name is being written now.
void remove_partial(std::filesystem::path const& folder, std::string const& slug, std::string const& at);

// Size of a file, or of all files of a folder. Error{io}.
std::uint64_t archive_bytes(std::filesystem::path const& archive);
// The plain files of an archive, sorted by name; the file itself in the custom format.
std::vector<std::filesystem::path> archive_files(std::filesystem::path const& archive);

// "20260427T150000Z" at the end of a stem or in front of a suffix. Nothing when it is none.
std::optional<std::chrono::system_clock::time_point> parse_compact_time(std::string_view text);

// Tells others that what stands there is being written, for as long as this lives and also after a rename.
class ArchiveInUse {
 public:
  // Error{locked} when another process says so.
  explicit ArchiveInUse(std::filesystem::path const& archive);
  // Whether another one lives; false when nothing is there.
  static bool by_others(std::filesystem::path const& archive);

 private:
  FileDescriptor file_;
};

// Makes what stands in there survive a power failure; a folder with the files in it.
void sync_archive(std::filesystem::path const& archive);
// Gives the synced archive its final name, for good when this returns. Error{refused} when something has that
// name already.
void rename_synced(std::filesystem::path const& from, std::filesystem::path const& to);

}  // namespace fleet
