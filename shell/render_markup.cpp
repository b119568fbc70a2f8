#include <cctype>

#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

// A terminal gets nothing that would command it; a file gets the value itself but for the control characters
// that HTML has no spelling for.
std::string allowed(std::string const& text, RenderOptions const& options) {
  if (options.screen == Screen::yes) return printable(text, LineBreaks::keep);
  std::string out;
  for (char const c : text) {
    bool const control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control && c != '\n' && c != '\t' && c != '\r' ? printable(std::string{c}) : std::string{c};
  }
  return out;
}

bool may_begin_entity(std::string_view rest) {
  return rest.size() > 1 && (rest[1] == '#' || std::isalpha(static_cast<unsigned char>(rest[1])) != 0);
}

bool inside_word(std::string_view text, std::size_t at) {
  auto const is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return at > 0 && at + 1 < text.size() && is_letter(text[at - 1]) && is_letter(text[at + 1]);
}

// One cell of a table in GitHub's Markdown; what Markdown would trim, join or read as markup is escaped.
std::string markdown_text(std::string const& value, RenderOptions const& options) {
  constexpr std::string_view markup = "|\\*_`<~";
  std::string const text = allowed(value, options);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char const c = text[at];
    bool const edge = at == 0 || at + 1 == text.size();
    if (c == '\n')
      out += "<br>";
    else if (c == '\t')
      out += "&#9;";
    else if (c == '\r')
      out += "&#13;";
    else if (c == ' ' && edge)
      out += "&#32;";
    else if (c == ']' && at + 1 < text.size() && text[at + 1] == '(')
      out += "\\]";  // a link
    else if (c == '&' && may_begin_entity(std::string_view{text}.substr(at)))
      out += "&amp;";
    else if (c == '_' && inside_word(text, at))
      out += c;
    else if (markup.find(c) != std::string_view::npos)
      out += std::string{'\\', c};
    else
      out += c;
  }
  return out;
}

// A value that looks like our word for NULL is written another way.
std::string markdown_cell(std::string const& value, RenderOptions const& options) {
  return value == options.null ? "<!---->" + markdown_text(value, options) : markdown_text(value, options);
}

std::string html_text(std::string const& text, RenderOptions const& options) {
  std::string out;
  for (char const c : allowed(text, options)) {
    switch (c) {
      case '\r': out += "&#13;"; break;
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
    head += " " + markdown_text(names[column], options) + " |";
    rule += is_number(result.columns()[column].type) ? " ---: |" : " --- |";
  }
  out += head + "\n" + rule + "\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::string line = "|";
    for (std::size_t column = 0; column < names.size(); ++column) {
      auto const cell = cell_text(result, row, column, options);
      line += " " + (cell ? markdown_cell(*cell, options) : options.null) + " |";
    }
    out += line + "\n";
  }
}

void render_html(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  if (result.columns().empty()) return;
  out += "<table>\n<tr>";
  for (std::string const& name : printed_names(result)) out += "<th>" + html_text(name, options) + "</th>";
  out += "</tr>\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    out += "<tr>";
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      auto const cell = cell_text(result, row, column, options);
      if (!cell)
        out += "<td class=\"null\"></td>";
      else if (is_number(result.columns()[column].type))
        out += "<td align=\"right\">" + html_text(*cell, options) + "</td>";
      else
        out += "<td>" + html_text(*cell, options) + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</table>\n";
}

}  // namespace shell
