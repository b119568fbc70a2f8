#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

enum class DumpFormat { custom, directory };
std::string_view to_string(DumpFormat format);
DumpFormat parse_dump_format(std::string_view text);  // Error{usage} naming the two

enum class DumpMode { full, schema_only, data_only };
std::string_view to_string(DumpMode mode);
DumpMode parse_dump_mode(std::string_view text);  // Error{usage} naming the three

// An ordinary table or a partition that holds rows.
struct DumpedTable {
  std::string schema, name;
  std::optional<std::int64_t> rows;  // at the dump's own snapshot; nullopt: its rows do not travel
  // Of all rows at that snapshot, in no order: see fleet/table_digest.hpp. Only when
  // the dump was asked for digests.
  std::optional<std::string> digest;

  std::string full_name() const { return schema + "." + name; }
};

struct DumpedExtension {
  std::string name, version;
};

// What stands in STEM.manifest.json beside an archive: one JSON object with the names below; schema is null
// for a tenant that has a database of its own, rows is null for a table that travels without them, extensions
// map a name to its version; digest is there only for tables that have one. Unknown keys are passed over, and
// what older manifests lack (digest, age_recipients, compress, verified) may be missing.
struct Manifest {
  static constexpr int layout = 1;  // written as "tenantsh_manifest"

  std::string tenant, tenant_id, server;        // slug, id, the server's name
  std::string database, schema;                 // schema: of a tenant placed in one, else empty
  std::string owner, encoding, collate, ctype;  // of the database, for whoever restores it
  std::vector<DumpedExtension> extensions;

  std::string archive;  // file or folder name, beside the manifest
  DumpFormat format = DumpFormat::custom;
  DumpMode mode = DumpMode::full;
  std::uint64_t bytes = 0;                  // all files of a folder together
  int compress = 1;                         // gzip level; 0: none
  std::vector<std::string> age_recipients;  // whose keys open it; empty: it is not encrypted
  // Of the file, as it lies there. Of a folder: of what `sha256sum *` prints there in byte order of the
  // names.
  std::string sha256;

  std::string taken_at;        // the server's clock when the snapshot was taken: 2026-04-27T15:00:00.123Z
  std::string server_version;  // "15.14 (Debian …)"
  std::string pg_dump;         // "pg_dump (PostgreSQL) 15.14 …"
  std::vector<std::string> structure;  // schemas that travelled without their rows
  std::vector<DumpedTable> tables;     // by schema and name
  std::int64_t large_objects = 0;      // in the database
  std::vector<std::string> warnings;   // what pg_dump said though it succeeded
  std::int64_t duration_ms = 0;
  std::string run_id;
  std::vector<std::string> verified;  // levels (fleet/backup.hpp) that held while it was made

  std::int64_t rows() const;  // of all tables
  bool encrypted() const { return !age_recipients.empty(); }
};

std::string manifest_text(Manifest const& manifest);
// `source` names the text in messages. Error{failed} says what is missing or of the wrong kind.
Manifest parse_manifest(std::string_view text, std::string const& source);
// Error{not_found} when there is none, Error{io}.
Manifest read_manifest(std::filesystem::path const& path);

}  // namespace fleet
