#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fleet/parity_scan.hpp"

namespace fleet {

// How the rows of one table are told apart and compared on both sides.
struct RowShape {
  ParityTable const* here = nullptr;
  ParityTable const* there = nullptr;
  std::vector<std::string> columns;                // that both have, in the order of `here`
  std::vector<std::string> key;                    // empty: rows are told apart by all of their text
  std::vector<std::string> only_here, only_there;  // columns
  bool whole = true;  // the same columns in the same order: the row's own text is compared

  std::string row_text() const;  // SQL, of a row t
  std::string key_text() const;
};
RowShape shape_of_rows(ParityTable const& here, ParityTable const& there);

// A key whose rows are not the same, as hashes: which one, and how it differs.
using DifferingKeys = std::unordered_map<std::int64_t, std::uint64_t>;

struct RowsCompared {
  std::int64_t differing = 0;
  std::vector<RowDifference> shown;
  DifferingKeys keys;  // of all that differ, unless they are too many to be kept
  bool all_kept = true;
};

// Most keys that are kept, so that a table that differs in everything costs no memory.
inline constexpr std::size_t kept_keys = 100'000;

// Which buckets of keys differ. A bucket is the low bits of the key's hash.
struct Buckets {
  std::int64_t count = 0;  // a power of two; 0: there are none
  std::vector<std::int64_t> differing;
};
// For so many rows; 0: all of them are looked at.
std::int64_t buckets_for(std::int64_t rows);
// A statement for pieces_of(): columns bucket, rows, sum.
std::string bucket_select(RowShape const& shape, std::int64_t buckets);
extern char const* const bucket_rest;

// Reads the hashes of all rows in those buckets from both sides, ordered, and merges them as they come:
// nothing but `show` rows and the differing keys is kept. `only`: of no other keys.
RowsCompared compare_rows(RowShape const& shape, Buckets const& buckets, Session& here, Session& there,
                          std::size_t show, DifferingKeys const* only, std::stop_token const& stop);

// The same over any two statements with columns key, hash (both bigint) and place (tid or null); `show` is
// called for the first differing keys with their places.
struct RowRun {
  std::int64_t key = 0, hash = 0, times = 0;
  std::string place;  // of the first of them
};
struct DifferingRow {
  RowDifference::What what;
  std::int64_t times_here, times_there;
  RowRun here, there;  // times 0: none
};
struct MergedRows {
  std::int64_t differing = 0;
  std::vector<DifferingRow> first;
  DifferingKeys keys;
  bool all_kept = true;
};
MergedRows merge_rows(std::string const& sql_here, Session& here, std::string const& sql_there,
                      Session& there, std::size_t first, DifferingKeys const* only,
                      std::stop_token const& stop);

}  // namespace fleet
