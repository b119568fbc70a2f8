#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/backup_files.hpp"
#include "fleet/backup_manifest.hpp"

namespace fleet {

// What lies in the folders of backups, read from the manifests there: no master is needed to know it.

struct StoredBackup {
  std::string slug, at;  // at: the time in its name, 20260427T150000Z
  std::filesystem::path folder;
  DumpEvidence evidence;
  std::filesystem::path path;        // the archive; of one without a manifest its stem
  std::filesystem::path partial;     // what is being written or was left half written; empty: no such thing
  bool at_work = false;              // somebody is writing it now
  std::optional<Manifest> manifest;  // of one that has a readable one

  bool good() const { return evidence.state == DumpState::done; }
};

// Of one tenant, oldest first. Nothing when there is no such folder. Error{io}.
std::vector<StoredBackup> stored_backups(std::filesystem::path const& folder, std::string const& slug);
// Of every tenant, in the folder itself and in its subfolders; by slug, oldest first.
std::vector<StoredBackup> stored_backups_below(std::filesystem::path const& folder);

// What is kept. Neither: everything.
struct Retention {
  int keep_days = 0;   // those younger than so many days; 0: no such rule
  int keep_count = 0;  // the newest so many; 0: no such rule
};

// What may go: of each mode (full, schema_only, data_only) the good ones that neither rule keeps. The newest
// good one always stays, and the newest whose rows were read back (or that is in `verified`, by path). What
// is broken, or lacks its manifest, is left for a person; what a killed dump left half written goes.
// Error{usage} for negative numbers.
std::vector<StoredBackup> to_prune(std::vector<StoredBackup> const& stored, Retention const& retention,
                                   std::set<std::filesystem::path> const& verified,
                                   std::chrono::system_clock::time_point now);

// Deletes archive and manifest; killed in the middle, what is left counts as unfinished. Error{io}.
void delete_backup(StoredBackup const& backup);

// "the archive has 3 MB, the one before it (…) had 10 MB …" when it is less than half or more than twice as
// big as the newest good one of the same mode, compression and encryption; empty when there is nothing to
// say.
std::string size_remark(Manifest const& manifest, std::vector<StoredBackup> const& stored);

}  // namespace fleet
