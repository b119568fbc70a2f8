#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "fleet/structure_difference.hpp"
#include "migrations/engine/migration_set.hpp"
#include "migrations/engine/reference_rows.hpp"

namespace migrations {

// The SQL that new tenants get at once, in place of all migrations so far. Like a migration it may say
// {schema_name}; it runs in one transaction.
struct Baseline {
  std::filesystem::path path;
  std::string sql;  // no byte-order mark, lines end in LF

  bool uses_schema_name() const;
};
// Error{not_found} when there is no such file, Error{io} when it cannot be read.
Baseline read_baseline(std::filesystem::path const& path);

// The schema of a scratch database that a set with {schema_name} is built in.
inline constexpr char const* scratch_schema = "tenantsh_scratch_schema";

// The schema that a set with {schema_name} is built in, made unless its own files make it; empty for other
// sets.
std::string make_scratch_schema(fleet::Session& session, MigrationSet const& set);

// Both fill an empty database, or its schema scratch_schema when {schema_name} is used. Errors as apply(); of
// a baseline sql and refused name the file and the line.
void build(fleet::Session& session, Baseline const& baseline, std::stop_token stop);
void build(fleet::Session& session, MigrationSet const& set, std::string const& applied_by,
           std::stop_token stop);

// The PLATFORM sections of a tenant set's files, which its TENANT sections may speak of, go first into the
// same database. Nothing for a set without such sections.
void build_platform(fleet::Session& session, MigrationSet const& set, fleet::Driver const& driver,
                    std::string const& applied_by, std::stop_token stop);

// What a build gave.
struct Build {
  fleet::Structure structure;
  fleet::StructureDigest digest;
  std::vector<ReferenceTable> rows;
};
// `schema_name` is scratch_schema or empty.
Build read_build(fleet::Session& session, std::string const& schema_name);

// What `found` lacks, has too much or has otherwise; rows as objects of the kind "rows".
std::vector<fleet::StructureDifference> compare_builds(Build const& expected, Build const& found);

// A scratch database for pg_dump.
struct DumpPlace {
  fleet::Endpoint endpoint;
  std::string schema_name;  // scratch_schema or empty
};

// A baseline's text from a scratch database that the migrations were applied to: plain SQL in one order,
// without owners, comments and settings, the schema as {schema_name}, and the rows that the set wrote. Uses
// pg_dump of the server's version. Errors: tool (pg_dump is missing or fails), interrupted.
std::string write_baseline(fleet::Session& session, fleet::Secrets& secrets, DumpPlace const& place,
                           std::stop_token stop);

}  // namespace migrations
