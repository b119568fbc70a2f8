#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/result.hpp"

// Cells of a result by their column's type: what everything that derives results from results shares.
namespace scripting {

bool is_integer_type(std::uint32_t type);
bool is_floating_type(std::uint32_t type);
bool is_number_type(std::uint32_t type);  // integers, floating point, numeric

// Order of two cells that are not NULL, < 0, 0 or > 0: numbers by value (NaN above everything, as in
// PostgreSQL), everything else by its bytes.
int compare_cells(std::string_view left, std::string_view right, std::uint32_t type);

// Columns by name. Error{usage} lists the columns and suggests the nearest.
std::size_t column_index(fleet::Result const& result, std::string const& name);
std::vector<std::size_t> column_indexes(fleet::Result const& result, std::vector<std::string> const& names);

// `name`, or with _2, _3, … when a column has that name already (ASCII letters of either case are the same).
std::string free_name(std::vector<fleet::Column> const& columns, std::string const& name);

// All cells of one row, or those from `first_column` on.
void append_row(fleet::Result& to, fleet::Result const& from, std::size_t row, std::size_t first_column = 0);

// The same text for the same cells, NULL and "" apart, and only then.
std::string row_key(fleet::Result const& result, std::size_t row, std::vector<std::size_t> const& columns);

// 0, 1, … rows - 1.
std::vector<std::size_t> all_rows(fleet::Result const& result);

}  // namespace scripting
