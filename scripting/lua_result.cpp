// What a query gives: rows by position, cells by name or position, and what can be made of them.

#include <fmt/format.h>

#include <fstream>

#include "scripting/conversion.hpp"
#include "scripting/derive.hpp"
#include "scripting/objects.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

fleet::Result const& table_of(Arguments const& arguments) { return arguments.rows->result; }

// Same failures, other rows.
Answer derived(Arguments const& arguments, fleet::Result result) {
  return {Rows{std::move(result), arguments.rows->failures, arguments.rows->asked}, {}, {}};
}

Answer sort(World&, Arguments const& arguments) {
  Order order = arguments.boolean("descending") ? Order::descending : Order::ascending;
  return derived(arguments, sorted(table_of(arguments), arguments.text("column"), order));
}

Answer group(World&, Arguments const& arguments) {
  return derived(arguments, grouped(table_of(arguments), arguments.list("columns"), arguments.text("sum")));
}

class TextSink final : public fleet::CopySink {
 public:
  void write(std::string_view bytes) override { text.append(bytes); }
  std::string text;
};

void render(World& world, fleet::CopySink& sink, fleet::Result const& result, std::string_view format) {
  if (!world.render) throw Error{ErrorKind::failed, "this program cannot write " + std::string{format}};
  world.render(sink, result, format);
}

Answer rendered(World& world, Arguments const& arguments, std::string_view format) {
  TextSink sink;
  render(world, sink, table_of(arguments), format);
  return {Json(std::move(sink.text)), {}, {}};
}

Answer csv(World& world, Arguments const& arguments) { return rendered(world, arguments, "csv"); }
Answer json(World& world, Arguments const& arguments) { return rendered(world, arguments, "json"); }
Answer markdown(World& world, Arguments const& arguments) { return rendered(world, arguments, "markdown"); }

Answer chart(World&, Arguments const& arguments) {
  return {Json(charted(table_of(arguments), arguments.text("column"), arguments.text("label"), 40)), {}, {}};
}

void push_number_text(lua_State* lua, std::string const& text, std::uint32_t type) {
  fleet::Result cell{{{"sum", type}}};
  cell.append(text);
  push_cell(lua, cell, 0, 0);
}

int sum(lua_State* lua, World&, Arguments const& arguments) {
  fleet::Result const& result = table_of(arguments);
  std::string text = summed(result, arguments.text("column"));
  std::uint32_t type = result.columns()[column_index(result, arguments.text("column"))].type;
  bool floating = type == fleet::type_oid::float4 || type == fleet::type_oid::float8;
  push_number_text(lua, text, floating ? fleet::type_oid::float8 : fleet::type_oid::numeric);
  return 1;
}

int column(lua_State* lua, World&, Arguments const& arguments) {
  fleet::Result const& result = table_of(arguments);
  std::size_t index = column_index(result, arguments.text("column"));
  lua_createtable(lua, static_cast<int>(result.rows()), 1);
  for (std::size_t row = 0; row < result.rows(); ++row) {
    push_cell(lua, result, row, index);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(row) + 1);
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(result.rows()));
  lua_setfield(lua, -2, "n");
  return 1;
}

// An array literal of PostgreSQL, one level: {1,NULL,"a,b"}.
Json array_of(std::string_view text) {
  Json list = Json::array();
  if (text.size() < 2) return list;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    std::string item;
    bool quoted = text.front() == '"';
    std::size_t at = quoted ? 1 : 0;
    for (; at < text.size() && (quoted ? text[at] != '"' : text[at] != ','); ++at) {
      if (quoted && text[at] == '\\' && at + 1 < text.size()) ++at;
      item += text[at];
    }
    text.remove_prefix(std::min(text.size(), at + (quoted ? 2 : 1)));
    Json number = quoted ? Json() : Json::parse(item, nullptr, false);
    if (!quoted && item == "NULL")
      list.push_back(nullptr);
    else if (number.is_number_integer())
      list.push_back(std::move(number));
    else
      list.push_back(std::move(item));
  }
  return list;
}

int decode(lua_State* lua, World&, Arguments const& arguments) {
  fleet::Result const& result = table_of(arguments);
  std::size_t index = column_index(result, arguments.text("column"));
  std::uint32_t type = result.columns()[index].type;
  bool is_json = type == fleet::type_oid::json || type == fleet::type_oid::jsonb;
  Json list = Json::array();
  for (std::size_t row = 0; row < result.rows(); ++row) {
    auto cell = result.at(row, index);
    if (!cell) {
      list.push_back(nullptr);
    } else if (!is_json && !cell->empty() && cell->front() == '{' &&
               cell->find(':') == std::string_view::npos) {
      list.push_back(array_of(*cell));
    } else {
      Json value = Json::parse(*cell, nullptr, false);
      if (value.is_discarded())
        throw Error{ErrorKind::usage, fmt::format("row {}: {} is neither JSON nor an array", row + 1, *cell)};
      list.push_back(std::move(value));
    }
  }
  push_json(lua, list);
  return 1;
}

std::string format_for(std::string const& path) {
  std::string extension = std::filesystem::path{path}.extension();
  if (extension == ".md") return "markdown";
  for (char const* format : {"csv", "tsv", "json", "jsonl", "html"})
    if (extension == "." + std::string{format}) return format;
  throw Error{ErrorKind::usage, "the name of " + path + " does not say a format"}.with_hint(
      "end it in .csv .tsv .json .jsonl .md or .html");
}

class FileSink final : public fleet::CopySink {
 public:
  explicit FileSink(std::string const& path) : file_(path, std::ios::binary | std::ios::trunc) {}
  void write(std::string_view bytes) override {
    file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  bool close() {
    file_.close();
    return static_cast<bool>(file_);
  }

 private:
  std::ofstream file_;
};

// Whole or not at all: written beside the target, then renamed.
Answer save(World& world, Arguments const& arguments) {
  std::string path = arguments.text("path"), unfinished = path + ".part";
  std::string format = format_for(path);
  FileSink file{unfinished};
  render(world, file, table_of(arguments), format);
  std::error_code problem;
  bool written = file.close();
  if (written) std::filesystem::rename(unfinished, path, problem);
  if (!written || problem) throw Error{ErrorKind::io, "cannot write " + path};
  return {Json(path), {}, {}};
}

std::vector<std::string> describe_save(World&, Arguments const& arguments) {
  return {fmt::format("write {} rows to {}", table_of(arguments).rows(), arguments.text("path"))};
}

int push_errors(lua_State* lua, Rows const& rows) {
  lua_createtable(lua, static_cast<int>(rows.failures.size()), 0);
  for (std::size_t i = 0; i < rows.failures.size(); ++i) {
    push_error(lua, rows.failures[i]);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

int push_columns(lua_State* lua, fleet::Result const& result) {
  lua_createtable(lua, static_cast<int>(result.columns().size()), 0);
  for (std::size_t i = 0; i < result.columns().size(); ++i) {
    push_text(lua, result.columns()[i].name);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

int result_index(lua_State* lua) {
  ResultHandle handle = *test_object<ResultHandle>(lua, 1);
  if (lua_isinteger(lua, 2)) {
    lua_Integer row = lua_tointeger(lua, 2);
    if (row < 1 || static_cast<std::size_t>(row) > handle.rows->result.rows()) return 0;
    push_object(lua, RowHandle{handle.rows, static_cast<std::size_t>(row) - 1});
    return 1;
  }
  std::string_view key = to_text(lua, 2, "what is asked of a result");
  if (push_method_named(lua, "result", key, Receiver::collection)) return 1;
  if (key == "errors") return push_errors(lua, *handle.rows);
  if (key == "columns") return push_columns(lua, handle.rows->result);
  if (key == "asked") {
    lua_pushinteger(lua, static_cast<lua_Integer>(handle.rows->asked));
    return 1;
  }
  if (key == "affected") {
    lua_pushinteger(lua, static_cast<lua_Integer>(handle.rows->result.affected));
    return 1;
  }
  Error error =
      no_such_member(state_of(lua).registry, "result", key, {"errors", "columns", "asked", "affected"});
  if (handle.rows->result.find_column(key))
    error.hint = "a column is asked of a row: result[1]." + std::string{key};
  throw error;
}

int result_length(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(test_object<ResultHandle>(lua, 1)->rows->result.rows()));
  return 1;
}

int result_text(lua_State* lua) {
  auto const& rows = *test_object<ResultHandle>(lua, 1)->rows;
  std::size_t count = rows.result.rows(), failed = rows.failures.size();
  std::string text = fmt::format("<result {} {}", count, count == 1 ? "row" : "rows");
  if (failed > 0) text += fmt::format(", {} failed", failed);
  push_text(lua, text + ">");
  return 1;
}

// `for row in result do`.
int result_next(lua_State* lua) {
  ResultHandle handle = *test_object<ResultHandle>(lua, 1);
  if (!lua_isnoneornil(lua, 2)) throw Error{ErrorKind::usage, "a result is no function"};
  auto* before = test_object<RowHandle>(lua, 3);
  std::size_t row = before ? before->row + 1 : 0;
  if (row >= handle.rows->result.rows()) return 0;
  push_object(lua, RowHandle{handle.rows, row});
  return 1;
}

int row_index(lua_State* lua) {
  RowHandle handle = *test_object<RowHandle>(lua, 1);
  fleet::Result const& result = handle.rows->result;
  std::size_t column = 0;
  if (lua_isinteger(lua, 2)) {
    lua_Integer position = lua_tointeger(lua, 2);
    if (position < 1 || static_cast<std::size_t>(position) > result.columns().size()) return 0;
    column = static_cast<std::size_t>(position) - 1;
  } else {
    column = column_index(result, std::string{to_text(lua, 2, "a row's column")});
  }
  push_cell(lua, result, handle.row, column);
  return 1;
}

int row_length(lua_State* lua) {
  lua_pushinteger(lua,
                  static_cast<lua_Integer>(test_object<RowHandle>(lua, 1)->rows->result.columns().size()));
  return 1;
}

// Columns in their order, NULL ones included.
int row_next(lua_State* lua) {
  RowHandle handle = *test_object<RowHandle>(lua, 1);
  fleet::Result const& result = handle.rows->result;
  std::size_t column = 0;
  if (!lua_isnoneornil(lua, 2))
    column = column_index(result, std::string{to_text(lua, 2, "a row's column")}) + 1;
  if (column >= result.columns().size()) return 0;
  push_text(lua, result.columns()[column].name);
  push_cell(lua, result, handle.row, column);
  return 2;
}

int row_pairs(lua_State* lua) {
  lua_pushcfunction(lua, guarded<row_next>);
  lua_pushvalue(lua, 1);
  return 2;
}

int row_text(lua_State* lua) {
  RowHandle handle = *test_object<RowHandle>(lua, 1);
  fleet::Result const& result = handle.rows->result;
  std::string text = "<row";
  for (std::size_t column = 0; column < result.columns().size(); ++column)
    text +=
        fmt::format(" {}={}", result.columns()[column].name, result.at(handle.row, column).value_or("NULL"));
  push_text(lua, text + ">");
  return 1;
}

Method row_of(std::string name, std::string returns, std::string brief, std::string example) {
  return Method{.object = "result",
                .name = std::move(name),
                .returns = std::move(returns),
                .errors = "usage for an unknown column, listing the columns",
                .brief = std::move(brief),
                .example = std::move(example),
                .command_line = false,
                .io = false};
}

Parameter column_parameter(char const* brief) {
  return {.name = "column", .required = true, .positional = true, .brief = brief};
}

}  // namespace

void new_result_types(lua_State* lua) {
  constexpr luaL_Reg result[] = {{"__index", guarded<result_index>},
                                 {"__len", guarded<result_length>},
                                 {"__tostring", guarded<result_text>},
                                 {"__call", guarded<result_next>},
                                 {nullptr, nullptr}};
  new_type<ResultHandle>(lua, result);
  constexpr luaL_Reg row[] = {{"__index", guarded<row_index>},
                              {"__len", guarded<row_length>},
                              {"__tostring", guarded<row_text>},
                              {"__pairs", guarded<row_pairs>},
                              {nullptr, nullptr}};
  new_type<RowHandle>(lua, row);
}

void add_result(Registry& registry) {
  registry.add(
      Object{.name = "result",
             .brief = "what a query gives: #r, r[1].column, r[1][1], for row in r do, r.errors, r.columns",
             .global = false});
  std::string const all = "tenants:list()";

  Method made = row_of("column", "list of the column's values; n is its length", "One column as a list.",
                       all + ":column(\"slug\")");
  made.parameters = {column_parameter("its name")};
  made.native = column;
  registry.add(made);

  made = row_of("sort", "result", "The same rows in order: numbers by value, text by bytes, NULL last.",
                all + ":sort(\"server\")");
  made.parameters = {
      column_parameter("sorted by"),
      {.name = "descending", .type = Type::boolean, .default_text = "false", .brief = "largest first"}};
  made.run = sort;
  registry.add(made);

  made = row_of("group", "result: the columns, count, sum_COLUMN; largest count first",
                "How often each combination of values occurs.", all + ":group(\"status\")");
  made.parameters = {{.name = "columns",
                      .type = Type::list,
                      .required = true,
                      .positional = true,
                      .brief = "one name or a list of them"},
                     {.name = "sum", .brief = "a column of numbers to add up in each group"}};
  made.run = group;
  registry.add(made);

  made = row_of("sum", "integer, numeric or number: exact unless the column is floating point",
                "Adds a column up; NULLs are left out.", "servers:list():sum(\"tenants\")");
  made.parameters = {column_parameter("a column of numbers")};
  made.native = sum;
  registry.add(made);

  made = row_of("decode", "list of tables; n is its length", "A json or array column as Lua values.",
                "sql(\"select '[1,2]'::json as j\"):decode(\"j\")[1][2]");
  made.parameters = {column_parameter("a column of JSON or an array")};
  made.native = decode;
  registry.add(made);

  made = row_of("chart", "text", "A bar for each row's value.", "servers:list():chart(\"tenants\")");
  made.parameters = {column_parameter("a column of numbers"),
                     {.name = "label", .default_text = "the first column", .brief = "what names the bars"}};
  made.run = chart;
  registry.add(made);

  made = row_of("csv", "text", "Comma-separated with a header; NULL is empty, the empty text is \"\".",
                all + ":csv()");
  made.run = csv;
  registry.add(made);
  made = row_of("json", "text", "An array of objects; numbers as numbers, NULL as null.", all + ":json()");
  made.run = json;
  registry.add(made);
  made = row_of("markdown", "text", "A table in Markdown.", all + ":markdown()");
  made.run = markdown;
  registry.add(made);

  made = row_of("save", "text: the path", "Writes the rows to a file; its ending says the format.",
                all + ":save(\"/tmp/tenants.csv\")");
  made.effect = Effect::write;
  made.parameters = {{.name = "path",
                      .type = Type::path,
                      .required = true,
                      .positional = true,
                      .brief = "ends in .csv .tsv .json .jsonl .md or .html"}};
  made.errors = "usage for another ending; io when it cannot be written";
  made.io = true;
  made.asks = false;
  made.run = save;
  made.describe = describe_save;
  registry.add(made);
}

}  // namespace scripting
