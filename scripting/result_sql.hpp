#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "fleet/result.hpp"
#include "scripting/value.hpp"

namespace scripting {

struct NamedResult {
  std::string name;  // of the table
  fleet::Result const& rows;
};
struct SqlQuestion {
  std::string sql;
  std::vector<NamedResult> tables;
  Json params = Json::array();  // $1, $2, …: null, boolean, numbers, text (an exact numeric is its text)
  std::stop_token stop = {};
};
struct SqlAnswer {
  fleet::Result rows;
  std::vector<std::string> notes;
};

// One SELECT by SQLite over copies of results; the results themselves do not change. The copies stand in a
// private database that keeps 64 MiB in memory and the rest in an unlinked file in $TMPDIR.
//
// Types: integers are INTEGER, boolean is 0 or 1 and comes back as boolean, float4 and float8 are REAL (NaN
// the text 'NaN', -0 is 0), numeric is its own text under a collation that compares by value, everything else
// its text (bytea as \x…). sum(), avg(), min() and max() are exact for integers and numerics; sum() and avg()
// of other text are errors. SQLite's operators and round() turn numerics into floating point: a note says so
// when they are used in a statement that reads one. Columns of the answer keep their PostgreSQL type where
// they are columns of a table; others are int8, float8, numeric or text by their values.
//
// Column names that SQLite takes for the same (id, ID) get _2, _3.
// Errors: sql with SQLite's message and the position; usage for a parameter that was not given, or one that
// the statement does not have; refused for anything but one SELECT, and for an answer over 1 GiB; interrupted
// when `stop` is requested.
SqlAnswer query_results(SqlQuestion const& question);

}  // namespace scripting
