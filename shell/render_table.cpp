#include <algorithm>

#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

constexpr std::size_t narrowest = 8;  // a column is not cut below this; then columns are left out
// The first column says what a row is about (a slug, say): it keeps this part of the line.
constexpr std::size_t part_of_first = 3;

std::string spaces(std::size_t count) { return std::string(count, ' '); }

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

std::size_t shown_rows(fleet::Result const& result, RenderOptions const& options) {
  if (options.screen == Screen::no || options.rows == 0) return result.rows();
  return std::min(result.rows(), options.rows);
}

// How many rows there are, and how to get those that were not shown.
std::string row_count(std::size_t rows, std::size_t shown) {
  if (shown == rows) return "(" + std::to_string(rows) + (rows == 1 ? " row)\n" : " rows)\n");
  return "… " + grouped_digits(rows - shown) + (rows - shown == 1 ? " more row" : " more rows") +
         ": :save(\"rows.csv\") or a pipe gets all " + grouped_digits(rows) +
         ", shell:set{ display_rows = 0 } shows them\n";
}

// "3 columns did not fit: a, b, c", as many names as a line of `width` has room for.
std::string left_out_columns(std::vector<std::string> const& names, std::size_t shown, std::size_t width) {
  std::size_t const count = names.size() - shown;
  std::string const head =
      "(" + std::to_string(count) + (count == 1 ? " column" : " columns") + " did not fit: ";
  std::string const tail = "; :vertical() or --format vertical shows all)";
  std::size_t const room = width > head.size() + tail.size() ? width - head.size() - tail.size() : 0;
  std::string listed;
  for (std::size_t column = shown; column < names.size(); ++column) {
    std::string const next = (listed.empty() ? "" : ", ") + names[column];
    bool const last = column + 1 == names.size();
    if (!listed.empty() && display_width(listed + next) + (last ? 0 : 3) > room)
      return head + listed + ", …" + tail;
    listed += next;
  }
  return head + listed + tail;
}

std::string table_cell(fleet::Result const& result, std::size_t row, std::size_t column,
                       RenderOptions const& options) {
  auto const cell = cell_text(result, row, column, options);
  if (!cell) return options.null;
  if (result.columns()[column].type == fleet::type_oid::boolean)
    return *cell == "t" ? "true" : *cell == "f" ? "false" : *cell;
  return printable(*cell);
}

// How wide each column may be, and how many of the last ones do not fit at all.
struct Layout {
  std::vector<std::size_t> widths;
  std::size_t shown = 0;
  bool cut = false;
};

std::size_t line_width(std::vector<std::size_t> const& widths, std::size_t shown) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < shown; ++i) total += widths[i] + 3;
  return total == 0 ? 0 : total - 1;
}

// Takes from the widest column first; a number is never cut, it would be another number.
Layout fit(std::vector<std::size_t> widths, std::vector<bool> const& whole, std::size_t limit) {
  Layout layout{std::move(widths), 0, false};
  layout.shown = layout.widths.size();
  auto const least = [&](std::size_t column) {
    return column == 0 ? std::max(narrowest, limit / part_of_first) : narrowest;
  };
  while (limit > 0 && line_width(layout.widths, layout.shown) > limit) {
    std::size_t widest = layout.shown;
    for (std::size_t i = 0; i < layout.shown; ++i)
      if (!whole[i] && layout.widths[i] > least(i) &&
          (widest == layout.shown || layout.widths[i] > layout.widths[widest]))
        widest = i;
    if (widest == layout.shown) {
      if (layout.shown <= 1) break;
      --layout.shown;
    } else {
      std::size_t const excess = line_width(layout.widths, layout.shown) - limit;
      std::size_t second = least(widest);
      for (std::size_t i = 0; i < layout.shown; ++i)
        if (i != widest && !whole[i] && layout.widths[i] < layout.widths[widest])
          second = std::max(second, layout.widths[i]);
      std::size_t const room = std::max<std::size_t>(1, layout.widths[widest] - second);
      layout.widths[widest] -= std::min(excess, room);
      layout.cut = true;
    }
  }
  return layout;
}

}  // namespace

void render_table(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  auto const& columns = result.columns();
  if (columns.empty()) return;
  std::vector<std::string> names;
  for (std::string const& name : printed_names(result)) names.push_back(printable(name));
  std::size_t const rows = shown_rows(result, options);
  std::vector<std::size_t> widths(columns.size());
  std::vector<bool> whole(columns.size());
  for (std::size_t column = 0; column < columns.size(); ++column) {
    widths[column] = display_width(names[column]);
    whole[column] = is_number(columns[column].type);
    for (std::size_t row = 0; row < rows; ++row)
      widths[column] = std::max(widths[column], display_width(table_cell(result, row, column, options)));
  }
  Layout const layout = fit(widths, whole, options.width);

  std::string line, rule;
  for (std::size_t column = 0; column < layout.shown; ++column) {
    std::size_t const width = layout.widths[column];
    std::string const name = cut_to_width(names[column], width);
    std::size_t const room = width - display_width(name);
    bool const last = column + 1 == layout.shown;
    line += (column > 0 ? " | " : " ") +
            (whole[column] ? spaces(room) + name : name + (last ? "" : spaces(room)));
    rule += (column > 0 ? "+-" : "-") + repeated("-", width) + (last ? "" : "-");
  }
  out += line + "\n" + rule + "-\n";
  for (std::size_t row = 0; row < rows; ++row) {
    line.clear();
    for (std::size_t column = 0; column < layout.shown; ++column) {
      std::size_t const width = layout.widths[column];
      std::string const cell = cut_to_width(table_cell(result, row, column, options), width);
      std::size_t const room = width - display_width(cell);
      bool const last = column + 1 == layout.shown;
      line += (column > 0 ? " | " : " ") +
              (whole[column] ? spaces(room) + cell : cell + (last ? "" : spaces(room)));
    }
    out += line + "\n";
  }
  if (options.screen == Screen::no) return;
  out += row_count(result.rows(), rows);
  if (layout.shown < columns.size())
    out += left_out_columns(names, layout.shown, options.width) + "\n";
  else if (layout.cut)
    out += "(values cut to fit the screen; :vertical() or --format vertical shows them whole)\n";
}

void render_vertical(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  std::vector<std::string> names;
  std::size_t width = 0;
  for (std::string const& name : printed_names(result)) {
    names.push_back(printable(name));
    width = std::max(width, display_width(names.back()));
  }
  std::size_t const rows = shown_rows(result, options);
  for (std::size_t row = 0; row < rows; ++row) {
    std::string const title = "-[ row " + std::to_string(row + 1) + " ]";
    out += title + repeated("-", width + 3 > title.size() ? width + 3 - title.size() : 1) + "\n";
    for (std::size_t column = 0; column < names.size(); ++column)
      out += names[column] + spaces(width - display_width(names[column])) + " | " +
             table_cell(result, row, column, options) + "\n";
  }
  if (options.screen == Screen::yes) out += row_count(result.rows(), rows);
}

}  // namespace shell
