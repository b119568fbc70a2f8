#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shell {

enum class Style { plain, keyword, text, number, comment, known, unknown };

// Bytes [begin, end) of an entry look like that. Spans do not overlap and stand in order.
struct Span {
  std::size_t begin, end;
  Style style;
};

// An entry while it is edited.
struct EntryView {
  std::string prompt;  // one line; may hold SGR sequences
  std::string_view text;
  std::size_t cursor = 0;  // byte of `text`
  std::vector<Span> spans = {};
  std::size_t columns = 80, rows = 24;  // of the terminal
};

// How it stands on a terminal. `rows` are to be written one below the other, each from column 0; no line of
// them is longer than the terminal is wide. When the entry is taller than the terminal, they are the part
// around the cursor. Control characters show as ^X, a tab as blanks up to the next eighth column.
struct Painted {
  std::vector<std::string> rows;
  std::size_t cursor_row = 0, cursor_column = 0;
};
Painted paint(EntryView const& view);

// Columns of `text`, SGR sequences aside.
std::size_t prompt_width(std::string_view text);

}  // namespace shell
