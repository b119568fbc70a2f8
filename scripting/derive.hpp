#pragma once

#include <string>
#include <vector>

#include "fleet/result.hpp"

// A result in another order, and as a picture.
namespace scripting {

enum class Order { ascending, descending };

// By several columns, the first of them first. A key is a column's name, or a name followed by " desc" or
// " asc" where no column is called so. By the columns' types: numbers by value, text by bytes; NULL last
// either way; rows that compare equal keep their order. `order` is that of keys which do not say.
// Error{usage} for an unknown column.
fleet::Result sorted(fleet::Result const& result, std::vector<std::string> const& keys, Order order);

// One line a row: label, bar, value. The longest bar has `width` characters; when there are negative values
// the bars start at a line in between. Labels are cut after 32 characters. Error{usage} for a column without
// numbers.
std::string charted(fleet::Result const& result, std::string const& column, std::string const& label,
                    int width);

}  // namespace scripting
