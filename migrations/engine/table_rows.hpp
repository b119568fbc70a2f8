#pragma once

#include <map>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace migrations {

struct ColumnShape {
  std::string name;
  std::string quoted;
  std::string type;        // "character varying(40)"
  char category = 'U';     // pg_type.typcategory
  bool made = false;       // by the server: generated, identity or with a default
  bool computed = false;   // GENERATED ALWAYS AS (…) STORED or AS IDENTITY: not to be written
  bool in_unique = false;  // part of a unique index
};

// A table as far as rows are compared.
struct TableShape {
  std::string name;    // "schema.table"
  std::string quoted;  // for SQL
  std::vector<ColumnShape> columns;
  std::vector<std::vector<std::string>>
      keys;  // columns of each unique index over plain columns, primary key first

  ColumnShape const* find(std::string const& column) const;
};

// Tables by name ("schema.table", unquoted); names that mean no table are left out.
std::vector<TableShape> read_shapes(fleet::Session& session, std::vector<std::string> const& names);

// Tables and how many rows of them the open transaction has inserted, updated or deleted so far; partitions
// under their table's name; without temporary ones and our own. Counts what rolled-back savepoints wrote as
// well.
std::map<std::string, long long> rows_written(fleet::Session& session);

// All rows of a table in text form. Memory is the table's size: it is for reference data.
fleet::Result read_rows(fleet::Session& session, TableShape const& table);

// One difference between two readings of a table.
struct RowDifference {
  enum class Kind { added, removed, changed } kind;
  std::string key;     // "code=AETNA"; the whole row where it has no key
  std::string column;  // of a changed one
  std::string before, after;
};

// Rows are matched by `key` (columns); an empty one compares whole rows, so that a change is a removal and an
// addition. Only `columns` are compared; all when empty. NULL reads "null".
std::vector<RowDifference> compare_rows(fleet::Result const& before, fleet::Result const& after,
                                        std::vector<std::string> const& key,
                                        std::vector<std::string> const& columns);

}  // namespace migrations
