#pragma once

#include <string>
#include <vector>

#include "fleet/result.hpp"

// New results from old ones. Columns are named; an unknown name is Error{usage} that lists them.
namespace scripting {

enum class Order { ascending, descending };

// By the column's type: numbers by value, text by bytes; NULL last either way; rows that compare equal keep
// their order.
fleet::Result sorted(fleet::Result const& result, std::string const& column, Order order);
// One row per distinct combination: the columns, `count`, and sum_COLUMN when `sum` names one; largest count
// first.
fleet::Result grouped(fleet::Result const& result, std::vector<std::string> const& columns,
                      std::string const& sum);
// Exact for integers and numerics; NULLs left out; "0" without rows. Error{usage} for a column of another
// type.
std::string summed(fleet::Result const& result, std::string const& column);
// One line a row: label, bar, value; the bars fill `width` characters at the largest value.
std::string charted(fleet::Result const& result, std::string const& column, std::string const& label,
                    int width);

std::size_t column_index(fleet::Result const& result, std::string const& name);

}  // namespace scripting
