#include "runbooks/engine/markdown.hpp"

#include <fmt/format.h>

#include <cctype>

#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

bool is_letter(std::string_view text, std::size_t at) {
  return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 ||
                              static_cast<unsigned char>(text[at]) >= 0x80);
}

// Characters that mean something at the beginning of a block only: "# x", "- x", "+ x", "= x".
bool opens_block(char c) { return c == '#' || c == '-' || c == '+' || c == '='; }

// "1. x" and "1) x" begin a list: where its dot or bracket stands, npos when the line begins otherwise.
std::size_t list_mark(std::string_view line) {
  std::size_t const end = line.find_first_not_of("0123456789");
  bool const marks = end != line.npos && end > 0 && (line[end] == '.' || line[end] == ')');
  return marks ? end : line.npos;
}

std::string one_line(std::string_view line) {
  std::string out;
  std::size_t const mark = list_mark(line);
  for (std::size_t at = 0; at < line.size(); ++at) {
    char const c = line[at];
    bool const inside_word = c == '_' && at > 0 && is_letter(line, at - 1) && is_letter(line, at + 1);
    if ((c == ' ' || c == '\t') && at == 0)
      out += c == ' ' ? "&#32;" : "&#9;";  // four blanks would begin a block of code
    else if (at == mark || (at == 0 && opens_block(c)) || (c == '#' && line[at - 1] == ' '))
      out += std::string{"\\"} + c;
    else if (c == '<' || c == '&')
      out += c == '<' ? "&lt;" : "&amp;";  // readers differ about a backslash before a tag
    else if (std::string_view{"\\`*_[]>|~"}.find(c) != std::string_view::npos && !inside_word)
      out += std::string{"\\"} + c;
    else
      out += c;
  }
  return out;
}

std::string row_text(std::vector<std::string> const& cells) {
  std::string row = "|";
  for (std::string const& cell : cells) row += " " + markdown_text(cell) + " |";
  return row + "\n";
}

std::string table_text(std::vector<std::string> const& names,
                       std::vector<std::vector<std::string>> const& rows) {
  std::string text = row_text(names) + "|";
  for (std::size_t i = 0; i < names.size(); ++i) text += " --- |";
  text += "\n";
  for (auto const& row : rows) text += row_text(row);
  return text;
}

std::string table_of(Json const& rows) {
  auto const names = column_names(rows);
  std::vector<std::vector<std::string>> cells;
  for (Json const& row : rows) {
    cells.emplace_back();
    for (std::string const& name : names)
      cells.back().push_back(row.contains(name) ? plain_text(row[name]) : std::string{});
  }
  return table_text(names, cells);
}

}  // namespace

std::string markdown_text(std::string_view text) {
  std::string const clean = clean_text(text);
  std::string out;
  for (std::size_t begin = 0; begin <= clean.size();) {
    std::size_t const end = std::min(clean.find('\n', begin), clean.size());
    out += (begin > 0 ? "<br>" : "") + one_line(std::string_view{clean}.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string markdown_table(std::pair<std::string, std::string> const& names,
                           std::vector<std::pair<std::string, std::string>> const& rows) {
  if (rows.empty()) return {};
  std::vector<std::vector<std::string>> cells;
  for (auto const& [name, value] : rows) cells.push_back({name, value});
  return table_text({names.first, names.second}, cells);
}

std::string markdown_outputs(Json const& outputs) {
  if (outputs.is_null() || (outputs.is_structured() && outputs.empty())) return {};
  if (is_table(outputs)) return "\n" + table_of(outputs) + "\n";
  if (!outputs.is_object()) return "- output: " + markdown_text(plain_text(outputs)) + "\n";
  std::string items, tables;
  for (auto const& item : outputs.items()) {
    std::string const name = markdown_text(item.key());
    if (is_table(item.value()))
      tables += fmt::format("\n{}:\n\n{}\n", name, table_of(item.value()));
    else
      items += fmt::format("- {}: {}\n", name, markdown_text(plain_text(item.value())));
  }
  return items + tables;
}

}  // namespace runbooks
