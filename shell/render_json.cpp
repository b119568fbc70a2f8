#include <algorithm>
#include <cmath>

#include "shell/render_formats.hpp"

namespace shell {
namespace {

using fleet::type_oid::boolean;

// Characters of a JSON number; PostgreSQL's NaN and Infinity have others.
bool is_json_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
         text.front() != '.' && text.front() != '+';
}

std::string json_cell(std::string const& text, std::uint32_t type) {
  if (type == boolean) return text == "t" || text == "true" ? "true" : "false";
  if (is_number(type) && is_json_number(text)) return text;
  if (type == fleet::type_oid::json || type == fleet::type_oid::jsonb) {
    // Line breaks stand between tokens only: a string has them escaped.
    std::string one_line = text;
    std::replace_if(
        one_line.begin(), one_line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return one_line;
  }
  return json_string(text);
}

// A name or value of a row: `"name": value`.
void append_member(std::string& out, std::string const& name, std::uint32_t type,
                   std::optional<std::string_view> cell) {
  out += json_string(name) + ": ";
  out += cell ? json_cell(std::string{*cell}, type) : "null";
}

class JsonLines final : public fleet::RowFormat {
 public:
  std::string header(std::vector<fleet::Column> const&) const override { return {}; }

  void append(std::string& text, std::vector<fleet::Column> const& columns,
              std::optional<std::string_view> tenant,
              std::vector<std::optional<std::string_view>> const& cells) const override {
    std::size_t column = 0;
    text += "{";
    if (tenant) append_member(text, columns[column++].name, fleet::type_oid::text, tenant);
    for (auto const& cell : cells) {
      if (column > 0) text += ", ";
      append_member(text, columns[column].name, columns[column].type, cell);
      ++column;
    }
    text += "}\n";
  }
};

void append_json(std::string& out, scripting::Json const& value, int indent, int depth) {
  auto const new_line = [&](int level) {
    if (indent >= 0) {
      out += '\n';
      out.append(static_cast<std::size_t>(indent * level), ' ');
    }
  };
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    double const number = value.get<double>();
    out += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else if (value.is_structured() && !value.empty()) {
    bool const object = value.is_object();
    out += object ? '{' : '[';
    bool first = true;
    for (auto const& item : value.items()) {
      if (!first) out += ',';
      if (!first && indent < 0) out += ' ';
      first = false;
      new_line(depth + 1);
      if (object) out += json_string(item.key()) + ": ";
      append_json(out, item.value(), indent, depth + 1);
    }
    new_line(depth);
    out += object ? '}' : ']';
  } else {
    out += value.dump(-1, ' ', false, scripting::Json::error_handler_t::replace);
  }
}

}  // namespace

std::string json_string(std::string_view text) {
  return scripting::Json(text).dump(-1, ' ', false, scripting::Json::error_handler_t::replace);
}

std::string json_text(scripting::Json const& value, int indent) {
  std::string out;
  append_json(out, value, indent, 0);
  return out;
}

std::string json_row(fleet::Result const& result, std::size_t row, std::vector<std::string> const& names,
                     RenderOptions const& options) {
  std::string out = "{";
  for (std::size_t column = 0; column < names.size(); ++column) {
    if (column > 0) out += ", ";
    append_member(out, names[column], result.columns()[column].type, cell_text(result, row, column, options));
  }
  return out + "}";
}

void render_json(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  auto const names = printed_names(result);
  out += "[";
  for (std::size_t row = 0; row < result.rows(); ++row) {
    if (row > 0) out += ",\n ";
    out += json_row(result, row, names, options);
  }
  out += "]\n";
}

void render_jsonl(Chunks& out, fleet::Result const& result, RenderOptions const& options) {
  auto const names = printed_names(result);
  for (std::size_t row = 0; row < result.rows(); ++row) out += json_row(result, row, names, options) + "\n";
}

std::unique_ptr<fleet::RowFormat> jsonl_rows() { return std::make_unique<JsonLines>(); }

}  // namespace shell
