#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

// Whether two placements hold the same: their tables row by row, and what stands around the rows. Each side
// is read in one snapshot of its own, by several sessions at once; both go on serving. Only counts and hashes
// travel, and of the rows that differ those that are shown: memory does not grow with the tables.

// One side.
struct ParityPlace {
  std::string name;     // for messages: a slug
  Endpoint endpoint;    // the database, as somebody who may read all of it
  std::string schema;   // only this one; empty: the whole database
  bool fenced = false;  // writing is withdrawn there: what is not granted is not held against it
};

struct ParityRequest {
  ParityPlace here, there;
  std::vector<std::string> tables;               // globs over schema.table or table; empty: everything
  std::vector<std::string> structure{"pgboss"};  // globs over schemas whose rows are not compared
  bool digests = true;                           // false: only counts
  int jobs = 4;                                  // sessions a side that read at once
  std::int64_t drift = 0;                        // rows of a table that may differ
  std::size_t show = 10;                         // rows of a table that are shown when they differ
  int looks = 3;                                 // at rows that differ, while somebody writes
  std::chrono::milliseconds pause{1000};         // before another look
};

// How far it is; read by another thread.
struct ParityProgress {
  std::atomic<std::uint64_t> bytes{0}, bytes_in_all{0};  // of both sides together
  std::atomic<std::size_t> tables{0}, tables_in_all{0};  // read completely on both sides
  std::atomic<int> look{0};                              // above 1: looking again at what differs
};

struct ParityMeans {
  Driver& driver;
  Secrets& secrets;
  std::string application_name = "tenantsh";
  std::stop_token stop = {};
  ParityProgress* progress = nullptr;
  int timeout_ms = 0;  // of one statement, over a part of a table; 0: none
};

enum class ParityState {
  same,
  within_drift,  // differs by no more than was allowed
  different,
  missing_here,
  missing_there,
  failed,  // could not be read on one side
};
std::string_view to_string(ParityState state);
inline bool holds(ParityState state) {
  return state == ParityState::same || state == ParityState::within_drift;
}

struct ParityValue {
  std::string column;
  std::optional<std::string> here, there;  // as text, cut
};

// One row, or a row that is there more than once, that is not the same on both sides.
struct RowDifference {
  enum class What { missing_here, missing_there, different, more_here, more_there };
  What what = What::different;
  std::int64_t times_here = 0, times_there = 0;
  std::string key;                  // "id=42", "org=7, code=A"; empty for a table without a key
  std::vector<ParityValue> values;  // of `different` the columns that differ, else all of them
};
std::string_view to_string(RowDifference::What what);

// What there is to say of one table, sequence or other object.
struct ParityFinding {
  std::string name;  // "claims.claim"; of other kinds "sequence claims.claim_id_seq"
  std::string kind;  // table, sequence, structure, grant, setting, database, extension, large objects
  ParityState state = ParityState::same;
  std::optional<std::int64_t> rows_here, rows_there;
  std::optional<std::int64_t> differing;  // rows; of a row that differs one, not two
  std::vector<RowDifference> rows;        // the first of them
  std::string says;
};

struct ParityReport {
  std::vector<ParityFinding> findings;  // every table that was compared; of other kinds those that differ
  std::vector<std::string> notes;       // when and what, what was not compared, who is being written

  bool holds() const;
  std::size_t count(std::string_view kind, ParityState state) const;
};

// Errors: connect (a side is dead; the tenant tells which), usage (a glob that fits no table, one place given
// twice), refused (a database and a schema), interrupted. What one table or object says is its finding.
ParityReport compare(ParityRequest const& request, ParityMeans const& means);

// `request.here` with what the manifest of a backup says: counts, and digests where it has them. Errors as
// read_manifest().
ParityReport compare(ParityRequest const& request, std::filesystem::path const& manifest,
                     ParityMeans const& means);

}  // namespace fleet
