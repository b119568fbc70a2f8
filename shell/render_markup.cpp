#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

std::string markdown_text(std::string const& text) {
  std::string out;
  for (char const c : printable(text, LineBreaks::keep)) {
    if (c == '\n')
      out += "<br>";
    else if (c == '\t')
      out += ' ';
    else if (c == '|' || c == '\\' || c == '*' || c == '_' || c == '`' || c == '<')
      out += std::string{'\\', c};
    else
      out += c;
  }
  return out;
}

std::string html_text(std::string const& text) {
  std::string out;
  for (char const c : printable(text, LineBreaks::keep)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

void render_markdown(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  if (result.columns().empty()) return;
  std::string head = "|", rule = "|";
  auto const names = printed_names(result);
  for (std::size_t column = 0; column < names.size(); ++column) {
    head += " " + markdown_text(names[column]) + " |";
    rule += is_number(result.columns()[column].type) ? " ---: |" : " --- |";
  }
  out += head + "\n" + rule + "\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::string line = "|";
    for (std::size_t column = 0; column < names.size(); ++column) {
      auto const cell = cell_text(result, row, column, options);
      line += " " + (cell ? markdown_text(*cell) : options.null) + " |";
    }
    out += line + "\n";
  }
}

void render_html(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  if (result.columns().empty()) return;
  out += "<table>\n<tr>";
  for (std::string const& name : printed_names(result)) out += "<th>" + html_text(name) + "</th>";
  out += "</tr>\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    out += "<tr>";
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      auto const cell = cell_text(result, row, column, options);
      if (!cell)
        out += "<td class=\"null\"></td>";
      else if (is_number(result.columns()[column].type))
        out += "<td align=\"right\">" + html_text(*cell) + "</td>";
      else
        out += "<td>" + html_text(*cell) + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</table>\n";
}

}  // namespace shell
