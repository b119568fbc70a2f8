#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fleet/backup.hpp"
#include "fleet/backup_encryption.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// The archive that is restored, as whoever restores it names it.
struct ArchiveChoice {
  std::filesystem::path path;      // a file or a folder
  bool foreign = false;            // an archive without a manifest is taken too
  std::filesystem::path identity;  // the age identity that opens an encrypted one
};

struct Archive {
  std::filesystem::path path;  // absolute
  Manifest manifest;
  // Without a manifest: what stands in `manifest` is what the archive says of itself (its listing, and the
  // rows that are counted in it), so that a restore is still compared with something.
  bool foreign = false;
  std::filesystem::path identity;             // opens an encrypted one
  std::shared_ptr<PlainArchive const> plain;  // of an encrypted one, once it was unsealed

  // What pg_restore reads.
  std::filesystem::path const& readable() const { return plain ? plain->path() : path; }
};

// The pg_restore that reads an archive of that pg_dump: of the server's own major version where it can, else
// of the archive's, else the newest. Error{tool} when none is new enough.
std::filesystem::path pg_restore_for(int archive_major, int server_major);

// "15.14 (Debian …)" and "pg_dump (PostgreSQL) 15.14 …" are 15; 0 when there is no number.
int major_version(std::string const& text);

// Looks at the manifest only, for a foreign archive at its listing (then there are no tables in `manifest`).
// Errors: not_found (no archive; no manifest and not `foreign`), failed (a manifest that is none), refused
// (encrypted and no identity given; of another tenant).
Archive open_archive(ArchiveChoice const& choice, Tenant const& source, DumpMeans const& means);

// Decrypts an encrypted archive, once, into a place that nobody else may open and that goes with the last
// copy of `archive`. Error{refused} for an identity that does not open it.
void unseal(Archive& archive, DumpMeans const& means);

// Reads all of it: size, SHA-256, listing, rows of every table, and whether manifest and archive speak of the
// same dump. Fills in the tables of a foreign one. Unseals it. Error{refused} with the first reason not
// to restore it.
void check_archive(Archive& archive, DumpMeans const& means);
// Size and SHA-256 once more: an archive may be exchanged between being checked and being restored.
void check_digest(Archive const& archive, DumpMeans const& means);
// Only the tables of a foreign archive: reads all of it.
void count_foreign(Archive& archive, DumpMeans const& means);

// The following read an archive that is unsealed, if it has to be.

// Roles other than PUBLIC that statements of the archive name: grantees, and those of default privileges and
// policies.
std::vector<std::string> roles_named(Archive const& archive, std::filesystem::path const& pg_restore,
                                     std::stop_token stop);
// Roles in one statement as pg_dump writes it, for roles_named.
std::vector<std::string> roles_in_statement(std::string_view statement);

// How many entries of each kind an archive has: "TABLE DATA" 34, "INDEX" 12, … For progress, and for what
// only a superuser can make.
std::map<std::string, int> entries_by_kind(Archive const& archive, std::filesystem::path const& pg_restore,
                                           std::stop_token stop);

}  // namespace fleet
