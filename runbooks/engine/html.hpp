#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runbooks/engine/event.hpp"

namespace runbooks {

// Pieces of HTML around text from outside.

// As text and inside of a quoted attribute.
std::string html_text(std::string_view text);
// A value in a cell or an item; one that is long is folded.
std::string html_value(Json const& value);
// A table with a row per object of `rows`; `caption` may be empty.
std::string html_table(Json const& rows, std::string const& caption);
// Names and values side by side; empty without rows.
std::string html_pairs(Json const& object, std::string const& name, std::string const& value);
// A step's outputs: tables where they are tables. Empty when there are none.
std::string html_outputs(Json const& outputs);

}  // namespace runbooks
