#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shell {

// Columns that `text` takes on a terminal, by grapheme cluster: an accent takes none, a wide character two.
std::size_t display_width(std::string_view text);

// The grapheme cluster that begins at byte `at` of `text`: its bytes (1 at least) and its columns.
// Precondition: at < text.size().
struct Cluster {
  std::size_t bytes, width;
};
Cluster cluster_at(std::string_view text, std::size_t at);

// At most `width` columns of `text`; when something is left out the last column is "…".
std::string cut_to_width(std::string_view text, std::size_t width);

// Without the blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

// What may be kept as it is when text that came from somewhere else goes to a screen.
enum class LineBreaks { escape, keep };

// `text` with everything that would command a terminal or reorder its line made visible: control characters
// (\n, \t, \e, \x07), bidirectional overrides (\u{202e}) and bytes that are no UTF-8 (\xff).
std::string printable(std::string_view text, LineBreaks line_breaks = LineBreaks::escape);

}  // namespace shell
