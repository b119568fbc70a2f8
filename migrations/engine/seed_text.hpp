#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// What the statements of a file do to one table, as they are written: also in WITH, not in DO bodies or
// functions.
struct TableWrite {
  std::string schema, table;           // schema is empty where the text leaves it out
  bool every_column = false;           // an INSERT without a column list
  std::vector<std::string> inserts;    // columns that an INSERT names
  std::vector<std::string> conflicts;  // columns of the first ON CONFLICT (…)
  std::vector<std::string> sets;       // columns of UPDATE … SET and of ON CONFLICT DO UPDATE SET
};

// The tables in the order of their first mention. Statements that PostgreSQL's parser does not know, and
// texts of more than 1 MiB in one statement, are left out.
std::vector<TableWrite> table_writes(std::string_view sql);

}  // namespace migrations
