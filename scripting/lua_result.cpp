// What a query gives: rows by position, cells by name or position. Its methods stand in lua_result_*.cpp.

#include <fmt/format.h>

#include "scripting/cell.hpp"
#include "scripting/conversion.hpp"
#include "scripting/result_rows.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

int push_errors(lua_State* lua, Rows const& rows) {
  lua_createtable(lua, static_cast<int>(rows.failures.size()), 0);
  for (std::size_t i = 0; i < rows.failures.size(); ++i) {
    push_error(lua, rows.failures[i]);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

int push_texts(lua_State* lua, std::vector<std::string> const& texts) {
  lua_createtable(lua, static_cast<int>(texts.size()), 0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    push_text(lua, texts[i]);
    lua_rawseti(lua, -2, static_cast<lua_Integer>(i) + 1);
  }
  return 1;
}

int push_columns(lua_State* lua, fleet::Result const& result) {
  std::vector<std::string> names;
  for (fleet::Column const& column : result.columns()) names.push_back(column.name);
  return push_texts(lua, names);
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
  if (key == "answered") return push_texts(lua, handle.rows->answered);
  if (key == "asked") {
    lua_pushinteger(lua, static_cast<lua_Integer>(handle.rows->asked));
    return 1;
  }
  if (key == "affected") {
    lua_pushinteger(lua, static_cast<lua_Integer>(handle.rows->result.affected));
    return 1;
  }
  Error error = no_such_member(state_of(lua).registry, "result", key,
                               {"errors", "columns", "asked", "answered", "affected"});
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

Method result_method(std::string name, std::string returns, std::string brief, std::string example) {
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

void add_result(Registry& registry) {
  registry.add(
      Object{.name = "result",
             .brief = "what a query gives: #r, r[1].column, r[1][1], for row in r do, r.errors, r.columns, "
                      "r.answered (slugs)",
             .global = false});
  add_result_shapes(registry);
  add_result_answers(registry);
  add_result_sql(registry);
  add_result_files(registry);
}

}  // namespace scripting
