#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet/parity.hpp"

namespace fleet {

// A table that holds rows of its own: an ordinary one or a partition.
struct ParityTable {
  std::string label;   // what it is matched by: quoted, and without the schema where schemas have two names
  std::string quoted;  // for SQL: schema and name
  std::string schema, name;
  std::vector<std::string> names;    // what a glob may fit: of itself and of the tables that it is a part of
  std::vector<std::string> columns;  // in the order of a row's text
  std::vector<std::vector<std::string>> keys;  // the best first
  std::uint64_t pages = 0;                     // of the rows themselves
  std::uint64_t bytes = 0;                     // with what stands beside them, as long values do
  bool in_pages = false;                       // can be read by ranges of pages
  bool readable = true;
  bool unlogged = false;
};

// Rows that are not compared, by what holds them.
struct LeftOut {
  std::vector<std::string> structure, foreign, materialized, of_extensions;  // labels
};

struct ParityCatalog {
  std::vector<ParityTable> tables;  // that may be compared, by label
  LeftOut left_out;
  std::set<std::string> fitting;   // the globs that something fits
  std::vector<std::string> names;  // of everything that holds rows
};

// What of a side is read.
struct ParityScope {
  std::vector<std::string> tables, structure;  // as in the request
  bool relative = false;  // names without the schema: the other side's is called otherwise
};

// Facts about the database that texts and hashes depend on.
struct ParityFacts {
  std::string taken_at;  // of the snapshot, by the server's clock
  std::string encoding, collate, ctype, version;
};

// One side: the session that holds the snapshot, and more of them inside it.
class ParitySource {
 public:
  ParitySource(ParityPlace const& place, ParityScope scope, ParityMeans const& means);

  // Takes a snapshot with every table that is read locked against what it does not protect from (TRUNCATE,
  // DROP, ALTER). Error{failed} when the tables change faster than they can be locked, sql 55P03 after a
  // minute behind somebody who alters one.
  void open();
  // Another snapshot, without looking at what tables there are. True when nothing was committed on this
  // server since the one before.
  bool open_again();
  // Ends the snapshot: the server may clean up behind it.
  void close();

  ParityPlace const& place() const { return place_; }
  ParityCatalog const& catalog() const { return catalog_; }
  ParityFacts const& facts() const { return facts_; }
  // Inside the snapshot; for catalogs. A statement that fails ends it.
  Session& leader() { return *leader_; }
  // Another session in the same snapshot; `leader()` must live.
  std::unique_ptr<Session> worker(std::stop_token const& stop) const;
  // Puts a worker whose statement failed into the snapshot again.
  void enter(Session& session) const;
  // Rows written to this database since open(), as its statistics know it by now.
  std::int64_t written() const;

 private:
  std::string settings() const;
  std::unique_ptr<Session> connect(std::stop_token const& stop) const;
  ParityCatalog read_catalog();
  void lock(ParityCatalog const& catalog);
  bool take_snapshot();  // true: as open_again()

  ParityPlace place_;
  ParityScope scope_;
  ParityMeans means_;
  std::unique_ptr<Session> leader_;
  std::optional<Transaction> transaction_;
  std::string snapshot_, horizon_;
  ParityCatalog catalog_;
  ParityFacts facts_;
  std::int64_t written_before_ = 0;
};

// "a", 'b' in SQL.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);
// The namespaces of a side: name and oid. `alias` n.
std::string parity_namespaces(std::string const& schema);
std::int64_t to_number(std::optional<std::string_view> text);

}  // namespace fleet
