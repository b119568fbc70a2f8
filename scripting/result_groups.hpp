#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/result.hpp"

// Rows put together: by the values they share, or crosswise. Unknown columns are Error{usage}.
namespace scripting {

// NULLs are left out. Integers and numerics are added and divided exactly (an average is rounded half away
// from zero to 16 decimals, or to as many as its values have), floating point as doubles.
enum class Aggregate { count, sum, min, max, avg };
// Error{usage} lists the known ones.
Aggregate parse_aggregate(std::string const& name);
std::string_view to_string(Aggregate aggregate);

struct Wanted {
  Aggregate aggregate;
  std::string column;
};

// One row per distinct combination of `by`: these columns, `count`, and AGGREGATE_COLUMN for each of
// `wanted`; largest count first, then in order of appearance.
fleet::Result grouped(fleet::Result const& result, std::vector<std::string> const& by,
                      std::vector<Wanted> const& wanted);

// Exact for integers and numerics; NULLs left out; "0" without rows. Error{usage} for a column of another
// type.
std::string summed(fleet::Result const& result, std::string const& column);

struct Pivot {
  std::vector<std::string> rows;
  std::string columns;  // each of its values becomes a column, in their order; NULL's is called "NULL"
  std::string value;    // what stands in the cells; empty: how many rows there are
  // What several rows for one cell are put together with.
  std::optional<Aggregate> with = {};
};
// One row per distinct combination of `rows`, in order of appearance; NULL where there is no row.
// Error{usage} for more than 1000 columns, and for two rows in one cell without `with`.
fleet::Result pivoted(fleet::Result const& result, Pivot const& pivot);

}  // namespace scripting
