#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fleet/backup_manifest.hpp"
#include "fleet/session.hpp"

namespace fleet {

// The database that is dumped, seen through one session: what travels, whether we may read it, how many rows
// there are.
struct SourceScope {
  std::string schema;                  // only this one; empty: every schema that is not PostgreSQL's own
  std::vector<std::string> structure;  // globs over schema names: their rows do not travel
  DumpMode mode = DumpMode::full;
};

// The `structure` patterns that no schema fits.
std::vector<std::string> unfitting_structure(Session& session, SourceScope const& scope);
// Error{usage} for the first of them, listing the schemas.
void check_structure(Session& session, SourceScope const& scope);

// Error{refused} naming the first schema, table, sequence or large object that this login may not read, with
// the statement that would let it; the application's own role is refused schemas.
void check_readable(Session& session, SourceScope const& scope);

// Bytes of the tables whose rows travel, without their indexes: about what an archive needs at most.
std::uint64_t bytes_to_travel(Session& session, SourceScope const& scope);

// A read-only transaction whose snapshot others can use, with every table locked against what a snapshot does
// not protect from (TRUNCATE, DROP, ALTER). Ends with this object.
class SourceSnapshot {
 public:
  // Error{failed} when the tables change faster than they can be locked.
  SourceSnapshot(Session& session, SourceScope const& scope);

  // What is found out about the rows of each table.
  enum class Rows { counted, counted_and_digested };

  std::string const& id() const { return id_; }              // for pg_dump --snapshot
  std::string const& taken_at() const { return taken_at_; }  // the server's clock
  // The tables, with the rows of those that travel with them.
  std::vector<DumpedTable> count(Rows rows) const;
  // What the manifest says of the database.
  void describe(Manifest& manifest) const;

 private:
  Session& session_;
  std::unique_ptr<Transaction> transaction_;
  std::string id_, taken_at_;
  std::vector<DumpedTable> tables_;
};

// A schema glob as a pattern of pg_dump: pgboss, "my queue", queue_*.
std::string pg_dump_pattern(std::string const& glob);

}  // namespace fleet
