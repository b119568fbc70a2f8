// Rows of `result` that make something else of its rows: column, sort, group, pivot, sum, decode, chart.

#include <fmt/format.h>

#include "scripting/cell.hpp"
#include "scripting/conversion.hpp"
#include "scripting/derive.hpp"
#include "scripting/result_decode.hpp"
#include "scripting/result_groups.hpp"
#include "scripting/result_rows.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// The same rows still answer for the same tenants, so that answers() may follow.
Answer sort(World&, Arguments const& arguments) {
  Order order = arguments.boolean("descending") ? Order::descending : Order::ascending;
  Answer answer = derived(arguments, sorted(table_of(arguments), arguments.list("columns"), order));
  std::get<Rows>(answer.value).answered = arguments.rows->answered;
  return answer;
}

Answer group(World&, Arguments const& arguments) {
  std::vector<Wanted> wanted;
  for (Aggregate aggregate : {Aggregate::sum, Aggregate::min, Aggregate::max, Aggregate::avg})
    for (std::string const& column : arguments.list(std::string{to_string(aggregate)}))
      wanted.push_back({aggregate, column});
  return derived(arguments, grouped(table_of(arguments), arguments.list("by"), wanted));
}

Answer pivot(World&, Arguments const& arguments) {
  Pivot wanted{
      .rows = arguments.list("rows"), .columns = arguments.text("columns"), .value = arguments.text("value")};
  if (arguments.has("with")) wanted.with = parse_aggregate(arguments.text("with"));
  if (wanted.with && wanted.value.empty())
    throw Error{ErrorKind::usage,
                "result.pivot: there is no value to put together with \"" + arguments.text("with") + "\""}
        .with_hint("name a column, value = \"…\"; without one the rows are counted");
  return derived(arguments, pivoted(table_of(arguments), wanted));
}

Answer chart(World&, Arguments const& arguments) {
  std::int64_t const width = arguments.integer("width", 40);
  if (width < 1 || width > 1000)
    throw Error{ErrorKind::usage, fmt::format("result.chart: width is 1 to 1000, not {}", width)};
  return {Json(charted(table_of(arguments), arguments.text("column"), arguments.text("label"),
                       static_cast<int>(width))),
          {},
          {}};
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

int decode(lua_State* lua, World&, Arguments const& arguments) {
  fleet::Result const& result = table_of(arguments);
  std::size_t index = column_index(result, arguments.text("column"));
  lua_createtable(lua, static_cast<int>(result.rows()), 1);
  for (std::size_t row = 0; row < result.rows(); ++row) {
    auto const cell = result.at(row, index);
    if (!cell) continue;
    try {
      push_decoded(lua, *cell, result.columns()[index].type);
    } catch (Error& error) {
      error.message = fmt::format("row {}: {}", row + 1, error.message);
      throw;
    }
    lua_rawseti(lua, -2, static_cast<lua_Integer>(row) + 1);
  }
  lua_pushinteger(lua, static_cast<lua_Integer>(result.rows()));
  lua_setfield(lua, -2, "n");
  return 1;
}

}  // namespace

void add_result_shapes(Registry& registry) {
  std::string const all = "tenants:list()";

  Method made = result_method("column", "list of the column's values; n is its length",
                              "One column as a list.", all + ":column(\"slug\")");
  made.parameters = {column_parameter("its name")};
  made.native = column;
  registry.add(made);

  made = result_method("sort", "result",
                       "The same rows in order: numbers by value, text by bytes, NULL last. Several keys may "
                       "be given, each with \" desc\" or \" asc\" after the column's name.",
                       all + ":sort{ \"server\", \"slug desc\" }");
  made.parameters = {{.name = "columns",
                      .type = Type::list,
                      .required = true,
                      .positional = true,
                      .brief = "one key or a list of them, the most important first"},
                     {.name = "descending",
                      .type = Type::boolean,
                      .default_text = "false",
                      .brief = "largest first, for keys that do not say"}};
  made.run = sort;
  registry.add(made);

  made = result_method("group",
                       "result: the columns, count, then sum_COLUMN, min_COLUMN, max_COLUMN, avg_COLUMN; "
                       "largest count first",
                       "How often each combination of values occurs, and what else there is in each group. "
                       "NULLs are left out; integers and numerics are calculated exactly, an average to 16 "
                       "decimals.",
                       all + ":group{ by = { \"server\", \"status\" }, min = \"slug\" }");
  made.parameters = {
      {.name = "by", .type = Type::list, .required = true, .positional = true, .brief = "one name or a list"},
      {.name = "sum", .type = Type::list, .brief = "columns of numbers to add up"},
      {.name = "min", .type = Type::list, .brief = "columns whose smallest value is shown"},
      {.name = "max", .type = Type::list, .brief = "columns whose largest value is shown"},
      {.name = "avg", .type = Type::list, .brief = "columns of numbers to average"}};
  made.run = group;
  registry.add(made);

  made = result_method("pivot", "result: the columns `rows`, then one column for each value of `columns`",
                       "Turns the values of one column into columns. Without `value` it counts the rows.",
                       all + ":pivot{ rows = \"server\", columns = \"status\" }");
  made.parameters = {
      {.name = "rows",
       .type = Type::list,
       .required = true,
       .brief = "columns that stay; one name or a list"},
      {.name = "columns", .required = true, .brief = "the column whose values become columns, 1000 at most"},
      {.name = "value", .brief = "the column that stands in the cells"},
      {.name = "with", .brief = "sum, min, max, avg or count: puts several rows for one cell together"}};
  made.errors = "usage for an unknown column, and for two rows in one cell without `with`";
  made.run = pivot;
  registry.add(made);

  made = result_method("sum", "integer, numeric or number: exact unless the column is floating point",
                       "Adds a column up; NULLs are left out.", "servers:list():sum(\"tenants\")");
  made.parameters = {column_parameter("a column of numbers")};
  made.native = sum;
  registry.add(made);

  made = result_method(
      "decode", "list of the decoded values; n is its length",
      "A json or array column as Lua values. Numbers that Lua cannot hold exactly are numerics; "
      "elements of an array have its type.",
      "sql(\"select '[1,2]'::json as j\"):decode(\"j\")[1][2]");
  made.parameters = {column_parameter("a column of JSON or an array")};
  made.errors = "usage for an unknown column, and for a cell that is neither";
  made.native = decode;
  registry.add(made);

  made = result_method("chart", "text", "A bar for each row's value; bars of negative values go to the left.",
                       "servers:list():chart(\"tenants\")");
  made.parameters = {column_parameter("a column of numbers"),
                     {.name = "label", .default_text = "the first column", .brief = "what names the bars"},
                     {.name = "width",
                      .type = Type::integer,
                      .default_text = "40",
                      .brief = "characters of the longest bar"}};
  made.run = chart;
  registry.add(made);
}

}  // namespace scripting
