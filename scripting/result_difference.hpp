#pragma once

#include <string>
#include <vector>

#include "scripting/value.hpp"

namespace scripting {

struct Difference {
  std::string left, right;        // slugs
  std::vector<std::string> keys;  // columns that say which row of the one is which of the other
};
// The rows of two tenants' answers that the other does not have as often, with `tenant` saying whose they
// are; those of `left` first. With keys, rows of the same key stand together, and a column `differs` after
// `tenant` names the columns that differ (NULL: the other has no such row). Cells are compared as text, NULL
// and "" apart; the order of rows does not matter. Empty with a note when there is no difference. Errors:
// not_found for a slug without an answer; usage for unknown columns and for a key that one tenant has twice.
Answer difference(Rows const& rows, Difference const& wanted);

}  // namespace scripting
