#pragma once

#include <string>

#include "scripting/objects.hpp"

// What the files with registry rows of `result` share; included by scripting/lua_result*.cpp only.
namespace scripting {

void add_result_shapes(Registry& registry);   // column, sort, group, pivot, sum, decode, chart
void add_result_answers(Registry& registry);  // answers, outliers, diff
void add_result_sql(Registry& registry);      // sql
void add_result_files(Registry& registry);    // csv, json, markdown, vertical, save

// A row of `result` that reads and asks nobody.
Method result_method(std::string name, std::string returns, std::string brief, std::string example);
Parameter column_parameter(char const* brief);

inline fleet::Result const& table_of(Arguments const& arguments) { return arguments.rows->result; }
// Other rows with the same failures; no answers of tenants any more.
inline Answer derived(Arguments const& arguments, fleet::Result result) {
  return {Rows{std::move(result), arguments.rows->failures, arguments.rows->asked}, {}, {}};
}

}  // namespace scripting
