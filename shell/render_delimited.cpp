#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

std::string csv_field(std::string const& text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos && text.front() != ' ' &&
      text.back() != ' ')
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

template <typename Field>
void render_delimited(Chunks& out, fleet::Result const& result, RenderOptions const& options, char delimiter,
                      std::string_view null, Field const& field) {
  if (result.columns().empty()) return;
  std::string line;
  for (std::string const& name : printed_names(result)) {
    if (!line.empty()) line += delimiter;
    line += field(for_screen(name, options));
  }
  out += line + "\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    line.clear();
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      if (column > 0) line += delimiter;
      auto const cell = cell_text(result, row, column, options);
      if (cell)
        line += field(for_screen(*cell, options));
      else
        line += null;
    }
    out += line + "\n";
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
