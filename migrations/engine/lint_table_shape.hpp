#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

class LintPass;

// A new table as the house rules see it, in either dialect. Names compare without case.
struct TableShape {
  struct Column {
    std::string name, type;
    bool not_null = false;
    std::size_t offset = 0;
  };
  std::string name;
  std::size_t offset = 0;
  bool tenant = true;  // a table of the tenant's scope
  std::vector<Column> columns;
  std::vector<std::string> primary_key;
};

// Rules primary-key-name, audit-columns and tenant-column, by the set's settings. Whether the tenant's column
// has an index is asked once all files are read.
void lint_table_shape(LintPass& pass, TableShape const& table);

// Whether a name is snake case of `naming` ("lower", "upper"; any name is when it is empty), and the name
// that would be.
bool has_case(std::string_view naming, std::string_view name);
std::string in_case(std::string_view naming, std::string_view name);

}  // namespace migrations
