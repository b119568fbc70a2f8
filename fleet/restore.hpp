#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fleet/restore_archive.hpp"
#include "fleet/session.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// One archive into a new place. An archive is never restored into the place that a tenant has: it goes into a
// copy, whose name is the sibling's with the id of the run behind it, and which gets the sibling's name last
// of all. No registry row can name a copy, so that no argument can make a living tenant the target.

// A tenant beside the one that the archive was taken from.
struct Sibling {
  std::string slug, display_name;
  std::string database, schema;  // schema: of a tenant placed in one, else empty
  std::string taken_at;          // as in the manifest
};

// acme and 2026-04-27T15:00:00.123Z: acme-restore-20260427t1500z in tenant_acme_restore_20260427t1500z; the
// slug is cut to 15 characters, so that it fits 38. Error{failed} for a time of another form.
Sibling sibling_of(Tenant const& source, std::string const& taken_at);

// NAME__RUN. Error{usage} for a run's id that is none.
std::string copy_name(std::string const& name, std::string const& run_id);

struct RestoreRequest {
  Archive archive;
  Sibling sibling;
  Endpoint server;     // its database `postgres`, as the server's admin
  std::string shared;  // the database that holds a tenant placed in a schema
  std::string owner;   // owns what is restored; empty: as the archive's database was owned
  std::string run_id;
  int jobs = 1;
  // Of other tenants, in `shared`: they do not travel with what the restored schema refers to.
  std::vector<std::string> other_schemas;
  std::uint64_t bytes_expected = 0;  // for progress; 0: not known

  bool in_schema() const { return !sibling.schema.empty(); }
  // What is made, the copy and the place under its own name.
  std::string place() const { return in_schema() ? sibling.schema : sibling.database; }
  std::string copy() const { return copy_name(place(), run_id); }
};

// How far it is; told by another thread.
class RestoreProgress {
 public:
  void begin(std::map<std::string, int> const& entries, std::uint64_t bytes_expected);
  void phase(std::string name);  // "restoring", "analyzing"
  // A line of `pg_restore --verbose`.
  void read(std::string_view line);
  void bytes(std::uint64_t now);
  // "restoring acme: tables 12/34, indexes 3/20, 410 of about 900 MiB, about 12 s left"
  std::string line(std::string const& what, double seconds) const;

 private:
  mutable std::mutex mutex_;
  std::string phase_ = "reading the archive";
  int tables_ = 0, all_tables_ = 0, indexes_ = 0, all_indexes_ = 0;
  bool alone_ = true;  // pg_restore without workers
  std::uint64_t bytes_ = 0, bytes_expected_ = 0;
};

// --- Before anything is created

struct TargetFacts {
  std::string owner;                       // whose everything will be
  std::vector<std::string> missing_roles;  // that the archive names and the server lacks; the owner first
  bool owner_to_be_granted = false;        // the admin cannot act for the owner yet
  std::vector<std::string> grantees;       // whom the archive grants something, without the owner
  std::vector<std::string> notes;
};

// Whether the archive can be restored there: versions, rights of the login, roles, extensions, encoding and
// collation, room, and that the place is free. `bytes_needed`: about what it will fill, 0 when nobody knows.
// Error{refused} with the first reason and what to do about it; tool, connect.
TargetFacts can_be_restored(RestoreRequest const& request, std::uint64_t bytes_needed,
                            DumpMeans const& means);

// What is in a database (schema empty) or in one of its schemas: "34 tables, 2 sequences:
// identity.organization, …", or "" when there is nothing.
std::string contents(Session& session, std::string const& schema);

// --- Doing it

struct RestoreEvidence {
  enum class State { done, not_done, broken } state = State::not_done;
  std::string seen;
};
// Looks at the server: is the place, or the run's copy, there and whole?
RestoreEvidence restore_state(RestoreRequest const& request, DumpMeans const& means);

struct Restored {
  std::string name;                // the copy
  std::vector<std::string> notes;  // what nobody could carry over, references to the old schema
};

// Fills the copy: makes it when it is not there, and again when an earlier attempt of this run left something
// in it. Errors: refused (something else is in it, with what), tool (pg_restore, naming the object),
// interrupted.
Restored restore_archive(RestoreRequest const& request, DumpMeans const& means, RestoreProgress& progress);

// Drops the copy and the place of the sibling, in that order, where they are a restore's. For undo.
void drop_restored(RestoreRequest const& request, DumpMeans const& means);

// The command line as an operator would type it, for plans; asks no server.
std::string restore_command(RestoreRequest const& request);

// --- Afterwards

struct ComparedTable {
  std::string table;  // schema.name, as restored
  std::optional<std::int64_t> in_manifest, restored, source;
  // equal (counted), same content or other content (by digest), differs, missing, structure only, not in the
  // manifest
  std::string state;
};

struct Comparison {
  std::vector<ComparedTable> tables;
  std::vector<std::string> problems;  // manifest and restored do not agree
  std::vector<std::string> notes;     // drift of the source since the dump, what was not compared
};

struct ComparisonRequest {
  Archive archive;              // with its tables
  Endpoint restored;            // the database
  std::string restored_schema;  // of a tenant placed in a schema
  std::optional<Endpoint> source;
  std::string source_schema;
  std::vector<std::string> source_tables;  // globs over schema.name: counted in the source too
};
Comparison compare_restored(ComparisonRequest const& request, DumpMeans const& means);

}  // namespace fleet
