#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runbooks/engine/event.hpp"

namespace runbooks {

// Pieces of Markdown (CommonMark with GitHub's tables) around text from outside. A block ends with a line
// feed.

// `text` on one line that is shown as it stands, wherever it is put: in a paragraph, an item, a heading or a
// cell. A line feed becomes <br>.
std::string markdown_text(std::string_view text);
// A table of two columns; empty without rows.
std::string markdown_table(std::pair<std::string, std::string> const& names,
                           std::vector<std::pair<std::string, std::string>> const& rows);
// A step's outputs: an array of objects as a table, the fields of an object as items and tables.
std::string markdown_outputs(Json const& outputs);

}  // namespace runbooks
