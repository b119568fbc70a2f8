#include <algorithm>

#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

std::string csv_field(std::string const& text) {
  // A line of \. would end PostgreSQL's COPY.
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos && text.front() != ' ' &&
      text.back() != ' ' && text != "\\.")
    return text;
  std::string out = "\"";
  for (char const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string tsv_field(std::string const& text) {
  std::string out;
  for (char const c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
  return out;
}

// A file gets the value's own bytes, a terminal nothing that would command it.
std::string for_screen(std::string text, RenderOptions const& options) {
  return options.screen == Screen::yes ? printable(text) : text;
}

// Is it digits that a spreadsheet program would read as a number?
bool looks_like_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  bool digit = false;
  for (char const c : text) {
    bool const is_digit = c >= '0' && c <= '9';
    if (!is_digit && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-') return false;
    digit = digit || is_digit;
  }
  return digit && text.front() >= '0' && text.front() <= '9';
}

std::string spreadsheet_text(std::string const& text, std::uint32_t type) {
  constexpr std::size_t exact_digits = 15;
  if (text.empty()) return text;
  auto const digits = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
  if (looks_like_number(text)) return is_number(type) && digits <= exact_digits ? text : "=\"" + text + "\"";
  return std::string_view{"=+-@\t\r"}.find(text.front()) == std::string_view::npos ? text : "'" + text;
}

template <typename Field>
void render_delimited(Chunks& out, fleet::Result const& result, RenderOptions const& options, char delimiter,
                      std::string_view null, Field const& field) {
  std::string const line_end = options.spreadsheet == Spreadsheet::yes ? "\r\n" : "\n";
  if (result.columns().empty()) return;
  std::string line;
  bool const spreadsheet = options.spreadsheet == Spreadsheet::yes;
  if (spreadsheet) out += "\xef\xbb\xbf";
  for (std::string const& name : printed_names(result)) {
    if (!line.empty()) line += delimiter;
    line += field(spreadsheet ? spreadsheet_text(name, fleet::type_oid::text) : for_screen(name, options));
  }
  out += line + line_end;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    line.clear();
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      if (column > 0) line += delimiter;
      auto const cell = cell_text(result, row, column, options);
      if (!cell)
        line += null;
      else if (spreadsheet)
        line += field(spreadsheet_text(*cell, result.columns()[column].type));
      else
        line += field(for_screen(*cell, options));
    }
    out += line + line_end;
  }
}

}  // namespace

void render_csv(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  render_delimited(out, result, options, ',', "", csv_field);
}

void render_tsv(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  render_delimited(out, result, options, '\t', "\\N", tsv_field);
}

}  // namespace shell
