#include <algorithm>
#include <utility>

#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

void append_csv(std::string& out, std::string_view text) {
  bool plain = !text.empty() && text.front() != ' ' && text.back() != ' ';
  for (char const c : text) plain = plain && c != ',' && c != '"' && c != '\r' && c != '\n';
  // A line of \. would end PostgreSQL's COPY.
  if (plain && text != "\\.") {
    out += text;
    return;
  }
  out += '"';
  for (char const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_tsv(std::string& out, std::string_view text) {
  for (char const c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
}

struct Delimited {
  char delimiter;
  std::string_view null;
  void (*append)(std::string&, std::string_view);
};
constexpr Delimited csv{',', "", append_csv}, tsv{'\t', "\\N", append_tsv};

// A file gets the value's own bytes, a terminal nothing that would command it.
void append_cell(std::string& line, std::optional<std::string_view> cell, Delimited const& form,
                 Screen screen) {
  if (!cell)
    line += form.null;
  else if (screen == Screen::yes)
    form.append(line, printable(*cell));
  else
    form.append(line, *cell);
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

std::string header_line(std::vector<std::string> const& names, Delimited const& form, Screen screen) {
  std::string line;
  for (std::string const& name : names) {
    if (!line.empty()) line += form.delimiter;
    append_cell(line, name, form, screen);
  }
  return line + "\n";
}

// CSV for a spreadsheet program (RenderOptions::spreadsheet).
void render_spreadsheet(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  std::string line = "\xef\xbb\xbf";
  bool first = true;
  for (std::string const& name : printed_names(result)) {
    if (!std::exchange(first, false)) line += ',';
    append_csv(line, spreadsheet_text(name, fleet::type_oid::text));
  }
  out += line += "\r\n";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    line.clear();
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      if (column > 0) line += ',';
      if (auto const cell = cell_text(result, row, column, options))
        append_csv(line, spreadsheet_text(*cell, result.columns()[column].type));
    }
    out += line += "\r\n";
  }
}

void render_delimited(Chunks& out, fleet::Result const& result, RenderOptions const& options,
                      Delimited const& form) {
  if (result.columns().empty()) return;
  if (options.spreadsheet == Spreadsheet::yes) return render_spreadsheet(out, result, options);
  std::string line = header_line(printed_names(result), form, options.screen);
  out += line;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    line.clear();
    for (std::size_t column = 0; column < result.columns().size(); ++column) {
      if (column > 0) line += form.delimiter;
      append_cell(line, cell_text(result, row, column, options), form, options.screen);
    }
    out += line += "\n";
  }
}

// The same a row at a time.
class DelimitedRows final : public fleet::RowFormat {
 public:
  DelimitedRows(Delimited const& form, Screen screen) : form_(form), screen_(screen) {}

  std::string header(std::vector<fleet::Column> const& columns) const override {
    std::vector<std::string> names;
    for (fleet::Column const& column : columns) names.push_back(column.name);
    return header_line(names, form_, screen_);
  }

  void append(std::string& text, std::vector<fleet::Column> const&, std::optional<std::string_view> tenant,
              std::vector<std::optional<std::string_view>> const& cells) const override {
    if (tenant) append_cell(text, tenant, form_, screen_);
    bool first = !tenant;
    for (auto const& cell : cells) {
      if (!std::exchange(first, false)) text += form_.delimiter;
      append_cell(text, cell, form_, screen_);
    }
    text += '\n';
  }

 private:
  Delimited const& form_;
  Screen screen_;
};

}  // namespace

void render_csv(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  render_delimited(out, result, options, csv);
}

void render_tsv(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  render_delimited(out, result, options, tsv);
}

std::unique_ptr<fleet::RowFormat> csv_rows(Screen screen) {
  return std::make_unique<DelimitedRows>(csv, screen);
}

std::unique_ptr<fleet::RowFormat> tsv_rows(Screen screen) {
  return std::make_unique<DelimitedRows>(tsv, screen);
}

}  // namespace shell
