#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fleet/result.hpp"
#include "shell/line_editor.hpp"

namespace shell {

// A table, view or the like that SQL can name.
struct TableName {
  std::string schema, name;
  std::vector<std::string> columns;
  bool visible = false;  // found without its schema
};

// The query that gives them, and its rows read.
extern char const* const table_names_sql;
std::vector<TableName> table_names_of(fleet::Result const& result);

// What fits the word before `cursor` of a statement: behind FROM and its like tables, behind "alias." that
// table's columns, else columns of the tables that the statement names, tables and SQL's own words. `begin`:
// byte in `sql`.
Candidates sql_candidates(std::string_view sql, std::size_t cursor, std::vector<TableName> const& tables);

}  // namespace shell
