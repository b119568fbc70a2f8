#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/backup_files.hpp"
#include "fleet/backup_manifest.hpp"
#include "fleet/session.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// One tenant into one archive with a manifest beside it, by pg_dump.
struct DumpRequest {
  Tenant tenant;
  Endpoint endpoint;             // the tenant's database, as the server's admin
  std::filesystem::path folder;  // made with mode 0700 when it does not exist
  std::string at;                // names the archive: 20260427T150000Z, UTC
  DumpFormat format = DumpFormat::custom;
  DumpMode mode = DumpMode::full;
  std::vector<std::string> structure{"pgboss"};  // schemas, also as globs, that travel without their rows
  bool structure_given = true;  // false: a pattern that fits nothing is left out, with a warning, not refused
  std::string run_id;
  int jobs = 1;          // tables dumped at once; more than one needs the directory format
  int compress = 1;      // gzip level, 0 (none) to 9. 1 takes a third of the time of pg_dump's own choice
  bool digests = false;  // a content digest of each table, for the manifest
  std::vector<std::string>
      recipients;  // keys that open the archive (fleet/backup_encryption.hpp); none: plain
  // Whether the archive is unpacked and its rows counted as part of the dump; in the custom format that
  // happens while pg_dump writes.
  bool read_back = true;
};

// What a dump works with. `stop` ends pg_dump.
struct DumpMeans {
  Driver& driver;
  Secrets& secrets;
  std::stop_token stop;
};

struct Backup {
  std::filesystem::path path, manifest_path;  // absolute
  Manifest manifest;
};

// Whether dump() would get through, as far as that can be known without doing it. Errors: tool (no pg_dump,
// or one older than the server), usage (a `structure` pattern that no schema fits, bad options), refused
// (what the login may not read), io (no room on the folder's disk), connect.
void can_be_dumped(DumpRequest const& request, DumpMeans const& means);

// Dumps, verifies (size, listing, and counts when it reads back) and describes. Row counts and digests are
// taken in pg_dump's own snapshot. An encrypted archive never lies plain on a disk, but for a directory,
// which pg_dump writes itself and which is gone when this returns. What an earlier attempt of the same name
// left unfinished is deleted first; a finished one is not overwritten: Error{refused}. Whatever goes wrong,
// the partial archive is deleted; killed, it is left for dump_state. Errors: as can_be_dumped, and
// interrupted.
Backup dump(DumpRequest const& request, DumpMeans const& means);

// pg_dump's command line as an operator would type it, for plans. Asks no server; holds no secret. dump()
// adds --snapshot.
std::string dump_command(DumpRequest const& request);

// --- Verifying
// -----------------------------------------------------------------------------------------------

// size: as many bytes as the manifest says. listing: pg_restore lists every table, and the archive ends where
// its data ends. counts: as many rows in each table as the manifest says (reads and unpacks all of it).
// sha256: the digest.
std::vector<std::string> const& verify_levels();

struct VerifiedLevel {
  std::string level;
  std::vector<std::string> problems;  // empty: it holds
};

// Re-reads an archive; `levels` empty means all. `identity`: the file with the key of an encrypted one;
// without it, "all" leaves out listing and counts, and asking for them is Error{refused}. Error{usage} lists
// the levels; Error{not_found} for an archive or manifest that is not there.
std::vector<VerifiedLevel> verify_backup(std::filesystem::path const& path, std::vector<std::string> levels,
                                         Driver const& driver, std::stop_token stop = {},
                                         std::filesystem::path const& identity = {});

}  // namespace fleet
