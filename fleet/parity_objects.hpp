#pragma once

#include <vector>

#include "fleet/parity_scan.hpp"

namespace fleet {

// The two sides inside their snapshots.
struct ParityPair {
  ParityReaders& here;
  ParityReaders& there;
  bool relative = false;  // schemas that are called otherwise
};

// What stands around the rows. Each gives what differs; `notes` gets what is not held against a side.

// Where each sequence stands. A sequence obeys no snapshot: it is read when it is asked. One that is up to
// `drift` apart is within it. Those of schemas that travel as structure only (globs) are not compared: a dump
// leaves their values out with the rows.
std::vector<ParityFinding> compare_sequences(ParityPair const& pair,
                                             std::vector<std::string> const& structure, std::int64_t drift,
                                             std::stop_token const& stop);
// Tables, columns, constraints, indexes, views, functions, grants, extensions, … (fleet/structure.hpp), and
// of whole databases what is granted on them and set for them.
std::vector<ParityFinding> compare_structures(ParityPair const& pair, std::vector<std::string>& notes,
                                              std::stop_token const& stop);
// Every large object by its content, of whole databases.
std::vector<ParityFinding> compare_large_objects(ParityPair const& pair, std::size_t show,
                                                 std::stop_token const& stop);

// "1 row", "2 rows".
std::string counted(std::int64_t count, std::string const& one);

}  // namespace fleet
