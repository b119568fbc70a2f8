#include "shell/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

using scripting::Json;

struct FormatRow {
  Format format;
  std::string_view name;
  void (*render)(Chunks&, fleet::Result const&, RenderOptions const&);
};

constexpr std::array<FormatRow, 8> formats{{
    {Format::table, "table", render_table},
    {Format::vertical, "vertical", render_vertical},
    {Format::csv, "csv", render_csv},
    {Format::tsv, "tsv", render_tsv},
    {Format::json, "json", render_json},
    {Format::jsonl, "jsonl", render_jsonl},
    {Format::markdown, "markdown", render_markdown},
    {Format::html, "html", render_html},
}};

FormatRow const& row_of(Format format) {
  return *std::find_if(formats.begin(), formats.end(),
                       [&](FormatRow const& row) { return row.format == format; });
}

bool is_json(Format format) { return format == Format::json || format == Format::jsonl; }

// A scalar as text without quotes; structures as JSON.
std::string scalar_text(Json const& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "nil";
  std::string text = json_text(value);
  if (value.is_number() && text.front() == '"') text = text.substr(1, text.size() - 2);  // NaN, Infinity
  return text;
}

std::uint32_t type_of(Json const& value) {
  if (value.is_boolean()) return fleet::type_oid::boolean;
  if (value.is_number_integer()) return fleet::type_oid::int8;
  if (value.is_number_float()) return fleet::type_oid::float8;
  return value.is_structured() ? fleet::type_oid::jsonb : fleet::type_oid::text;
}

bool is_list_of_rows(Json const& value) {
  return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), [](Json const& item) {
           return item.is_object() && !item.empty();
         });
}

// A list of objects as rows: every key a column in order of first appearance, typed by its first value that
// is not null; a column of mixed types is text.
fleet::Result rows_of(Json const& list) {
  std::vector<fleet::Column> columns;
  std::map<std::string, std::size_t> index;
  std::vector<bool> typed;
  for (Json const& item : list)
    for (auto const& entry : item.items()) {
      auto const [position, added] = index.emplace(entry.key(), columns.size());
      if (added) {
        columns.push_back({entry.key(), fleet::type_oid::text});
        typed.push_back(false);
      }
      if (entry.value().is_null()) continue;
      std::size_t const column = position->second;
      std::uint32_t const type = type_of(entry.value());
      if (!typed[column])
        columns[column].type = type;
      else if (is_number(columns[column].type) && is_number(type))
        columns[column].type = columns[column].type == type ? type : fleet::type_oid::float8;
      else if (columns[column].type != type)
        columns[column].type = fleet::type_oid::text;
      typed[column] = true;
    }
  fleet::Result result{columns};
  for (Json const& item : list)
    for (fleet::Column const& column : columns) {
      auto const found = item.find(column.name);
      if (found == item.end() || found->is_null())
        result.append(std::nullopt);
      else if (found->is_boolean() && column.type == fleet::type_oid::boolean)
        result.append(found->get<bool>() ? "t" : "f");
      else
        result.append(scalar_text(*found));
    }
  return result;
}

fleet::Result one_cell(Json const& value) {
  fleet::Result result{std::vector<fleet::Column>{{"value", type_of(value)}}};
  if (value.is_null())
    result.append(std::nullopt);
  else if (value.is_boolean())
    result.append(value.get<bool>() ? "t" : "f");
  else
    result.append(scalar_text(value));
  return result;
}

std::string redacted(std::string text, RenderOptions const& options) {
  return options.redact ? options.redact(std::move(text)) : text;
}

void render_json_value(fleet::CopySink& out, Json const& value, RenderOptions const& options) {
  if (options.format == Format::json) {
    out.write(redacted(json_text(value), options) + "\n");
  } else if (options.format == Format::jsonl) {
    if (!value.is_array()) return out.write(redacted(json_text(value), options) + "\n");
    for (Json const& item : value) out.write(redacted(json_text(item), options) + "\n");
  } else if (is_list_of_rows(value)) {
    render(out, rows_of(value), options);
  } else if (value.is_structured()) {
    constexpr std::size_t one_line = 100;
    std::string text = json_text(value);
    int const indent = text.size() > one_line ? 2 : -1;
    if (indent > 0) text = json_text(value, indent);
    // What a terminal must not get is escaped the way JSON does it: a program may read this too.
    if (printable(text, LineBreaks::keep) != text)
      text = value.dump(indent, ' ', true, Json::error_handler_t::replace);
    out.write(redacted(std::move(text), options) + "\n");
  } else if (options.format == Format::table || options.format == Format::vertical) {
    out.write(printable(redacted(scalar_text(value), options), LineBreaks::keep) + "\n");
  } else {
    render(out, one_cell(value), options);
  }
}

void render_card(fleet::CopySink& out, scripting::Card const& card, RenderOptions const& options) {
  if (options.format != Format::table && options.format != Format::vertical) {
    Json const object = json_of(card);
    if (is_json(options.format)) return out.write(redacted(json_text(object), options) + "\n");
    return render(out, rows_of(Json::array({object})), options);
  }
  std::size_t width = 0;
  for (auto const& [key, text] : card.lines) width = std::max(width, display_width(key));
  std::string page = printable(redacted(card.title, options)) + "\n";
  for (auto const& [key, text] : card.lines)
    page += "  " + key + ":" + std::string(width - display_width(key) + 1, ' ') +
            printable(redacted(text, options)) + "\n";
  out.write(page);
}

// A handle that nobody turned into a card: its name.
std::string handle_text(scripting::Value const& value) {
  if (auto const* tenant = std::get_if<scripting::TenantRef>(&value)) return "<tenant " + tenant->slug + ">";
  if (auto const* server = std::get_if<scripting::ServerRef>(&value)) return "<server " + server->name + ">";
  if (auto const* tenants = std::get_if<scripting::TenantsRef>(&value))
    return "<tenants " + tenants->selection.text() + ">";
  if (auto const* unknown = std::get_if<scripting::Unknown>(&value))
    return "<unknown: " + unknown->what + ">";
  std::string text = "<servers";
  for (auto const& [key, wanted] : std::get<scripting::ServersRef>(value).conditions)
    text += " " + key + "=" + wanted;
  return text + ">";
}

}  // namespace

Json json_of(scripting::Value const& value) {
  if (auto const* json = std::get_if<Json>(&value)) return *json;
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (auto const* card = std::get_if<scripting::Card>(&value)) {
    Json object = Json::object();
    for (auto const& [key, text] : card->lines) object[key] = text;
    return object;
  }
  return handle_text(value);
}

Format parse_format(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (FormatRow const& row : formats) {
    if (row.name == name) return row.format;
    known.emplace_back(row.name);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  std::string const near = fleet::nearest(name, known);
  throw fleet::Error{fleet::ErrorKind::usage, fmt::format("unknown format \"{}\"", name)}.with_hint(
      (near.empty() ? "" : "did you mean " + near + "? ") + "the formats are " + list);
}

std::unique_ptr<fleet::RowFormat> row_format(Format format, Screen screen) {
  switch (format) {
    case Format::csv: return csv_rows(screen);
    case Format::tsv: return tsv_rows(screen);
    case Format::jsonl: return jsonl_rows();
    default: return nullptr;
  }
}

std::string_view to_string(Format format) { return row_of(format).name; }

std::vector<std::string> printed_names(fleet::Result const& result) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (fleet::Column const& column : result.columns()) taken.insert(column.name);
  std::set<std::string> used;
  for (fleet::Column const& column : result.columns()) {
    std::string name = column.name;
    for (int number = 2; used.count(name) > 0 || (name != column.name && taken.count(name) > 0); ++number)
      name = fmt::format("{}_{}", column.name, number);
    used.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

std::string grouped_digits(std::size_t number) {
  std::string const digits = std::to_string(number);
  std::string text;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    if (at > 0 && (digits.size() - at) % 3 == 0) text += ',';
    text += digits[at];
  }
  return text;
}

bool is_number(std::uint32_t type) {
  using namespace fleet::type_oid;
  return type == int2 || type == int4 || type == int8 || type == oid || type == float4 || type == float8 ||
         type == numeric;
}

std::optional<std::string> cell_text(fleet::Result const& result, std::size_t row, std::size_t column,
                                     RenderOptions const& options) {
  auto const cell = result.at(row, column);
  if (!cell) return std::nullopt;
  return redacted(std::string{*cell}, options);
}

void render(fleet::CopySink& out, fleet::Result const& result, RenderOptions const& options) {
  Chunks chunks{out};
  row_of(options.format).render(chunks, result, options);
  chunks.finish();
}

void render(fleet::CopySink& out, scripting::Value const& value, RenderOptions const& options) {
  if (std::holds_alternative<std::monostate>(value)) return;
  if (auto const* rows = std::get_if<scripting::Rows>(&value)) {
    if (!rows->lines || options.format != Format::table) return render(out, rows->result, options);
    Chunks chunks{out};
    chunks += printable(redacted(*rows->lines, options), LineBreaks::keep);
    return chunks.finish();
  }
  if (auto const* card = std::get_if<scripting::Card>(&value)) return render_card(out, *card, options);
  render_json_value(out, json_of(value), options);
}

}  // namespace shell
