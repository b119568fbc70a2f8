#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "fleet/session.hpp"

namespace migrations {

struct RowCounts {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
};

// What a transaction writes, from PostgreSQL's own statistics of this session: cheap, whatever the size. Rows
// that a rolled-back savepoint wrote are counted too; nothing is counted when the server has track_counts
// off.
class RowCounter {
 public:
  // Counts from here. Precondition: a transaction is open, and the same one when by_table() is asked.
  explicit RowCounter(fleet::Session& session);
  // "schema.table" → rows since then, partitions under their table's name; without tables that got none,
  // temporary ones and our own.
  std::map<std::string, RowCounts> by_table() const;
  RowCounts total() const;

 private:
  fleet::Session& session_;
  std::map<std::string, RowCounts> before_;
};

}  // namespace migrations
