#include "scripting/result_groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "scripting/cell.hpp"
#include "scripting/numeric.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;
using Indexes = std::vector<std::size_t>;

constexpr std::array<std::pair<std::string_view, Aggregate>, 5> aggregates{{{"count", Aggregate::count},
                                                                            {"sum", Aggregate::sum},
                                                                            {"min", Aggregate::min},
                                                                            {"max", Aggregate::max},
                                                                            {"avg", Aggregate::avg}}};
constexpr int average_decimals = 16;

void check_numbers(fleet::Column const& column) {
  if (!is_number_type(column.type))
    throw Error{ErrorKind::usage, "column " + column.name + " holds no numbers to add"};
}

std::uint32_t aggregate_type(Aggregate aggregate, fleet::Column const& column) {
  if (aggregate == Aggregate::count) return oid::int8;
  if (aggregate == Aggregate::min || aggregate == Aggregate::max) return column.type;
  check_numbers(column);
  return is_floating_type(column.type) ? oid::float8 : oid::numeric;
}

double floating_sum(fleet::Result const& result, std::size_t column, Indexes const& rows) {
  double sum = 0;
  for (std::size_t row : rows) {
    double value = 0;
    auto const cell = result.at(row, column).value_or("0");
    std::from_chars(cell.data(), cell.data() + cell.size(), value);
    sum += value;
  }
  return sum;
}

std::string exact_sum(fleet::Result const& result, std::size_t column, Indexes const& rows) {
  bool const integers = is_integer_type(result.columns()[column].type);
  std::int64_t small = 0;  // integers as long as they fit
  std::string exact = "0";
  for (std::size_t row : rows) {
    auto const cell = result.at(row, column);
    if (!cell) continue;
    std::int64_t value = 0;
    if (integers) std::from_chars(cell->data(), cell->data() + cell->size(), value);
    if (!integers || __builtin_add_overflow(small, value, &small)) exact = add_decimals(exact, *cell);
  }
  return integers ? add_decimals(exact, std::to_string(small)) : exact;
}

// PostgreSQL's spelling of a double.
std::string floating_text(double value) {
  if (std::isfinite(value)) return fmt::format("{}", value);
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

std::string sum_of(fleet::Result const& result, std::size_t column, Indexes const& rows) {
  check_numbers(result.columns()[column]);
  return is_floating_type(result.columns()[column].type) ? floating_text(floating_sum(result, column, rows))
                                                         : exact_sum(result, column, rows);
}

std::optional<std::string> aggregated(fleet::Result const& result, std::size_t column, Indexes const& rows,
                                      Aggregate aggregate) {
  if (aggregate == Aggregate::sum) return sum_of(result, column, rows);
  std::size_t count = 0;
  std::optional<std::string_view> best;
  for (std::size_t row : rows) {
    auto const cell = result.at(row, column);
    if (!cell) continue;
    ++count;
    int const order = best ? compare_cells(*cell, *best, result.columns()[column].type) : 0;
    if (!best || (aggregate == Aggregate::min ? order < 0 : order > 0)) best = cell;
  }
  if (aggregate == Aggregate::count) return std::to_string(count);
  if (!best) return std::nullopt;
  if (aggregate != Aggregate::avg) return std::string{*best};
  if (is_floating_type(result.columns()[column].type))
    return floating_text(floating_sum(result, column, rows) / static_cast<double>(count));
  return divide_decimal(sum_of(result, column, rows), count, average_decimals);
}

// The rows of each distinct combination, in order of appearance.
std::vector<Indexes> gathered(fleet::Result const& result, Indexes const& columns) {
  std::vector<Indexes> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    auto const [position, added] = known.emplace(row_key(result, row, columns), groups.size());
    if (added) groups.emplace_back();
    groups[position->second].push_back(row);
  }
  return groups;
}

// The values that become columns, in their order, each with its name.
struct Crosswise {
  std::vector<fleet::Column> columns;               // of the whole answer
  std::unordered_map<std::string, std::size_t> at;  // key of a value → which of them
};

Crosswise crosswise(fleet::Result const& result, Indexes const& row_columns, std::size_t across,
                    std::uint32_t cell_type) {
  constexpr std::size_t most = 1000;
  std::vector<Indexes> values = gathered(result, {across});
  if (values.size() > most)
    throw Error{ErrorKind::usage,
                fmt::format("column {} has {} different values; a pivot makes at most {} columns",
                            result.columns()[across].name, values.size(), most)};
  std::sort(values.begin(), values.end(), [&](Indexes const& left, Indexes const& right) {
    auto const a = result.at(left.front(), across), b = result.at(right.front(), across);
    if (!a || !b) return a.has_value() && !b.has_value();
    return compare_cells(*a, *b, result.columns()[across].type) < 0;
  });
  Crosswise made;
  for (std::size_t column : row_columns) made.columns.push_back(result.columns()[column]);
  for (Indexes const& rows : values) {
    std::string const name{result.at(rows.front(), across).value_or("NULL")};
    made.at.emplace(row_key(result, rows.front(), {across}), made.at.size());
    made.columns.push_back({free_name(made.columns, name), cell_type});
  }
  return made;
}

std::string place_of(fleet::Result const& result, std::size_t row, Indexes const& columns) {
  std::string text;
  for (std::size_t column : columns)
    text += (text.empty() ? "" : ", ") + std::string{result.at(row, column).value_or("NULL")};
  return text;
}

}  // namespace

std::string_view to_string(Aggregate aggregate) {
  return std::find_if(aggregates.begin(), aggregates.end(),
                      [&](auto const& one) { return one.second == aggregate; })
      ->first;
}

Aggregate parse_aggregate(std::string const& name) {
  std::vector<std::string> known;
  for (auto const& [word, aggregate] : aggregates) {
    if (word == name) return aggregate;
    known.emplace_back(word);
  }
  std::string const near = fleet::nearest(name, known);
  throw Error{ErrorKind::usage, "no aggregate \"" + name + "\""}.with_hint(
      (near.empty() ? "" : "did you mean " + near + "? ") +
      fmt::format("there are {}", fmt::join(known, " ")));
}

fleet::Result grouped(fleet::Result const& result, std::vector<std::string> const& by,
                      std::vector<Wanted> const& wanted) {
  Indexes const columns = column_indexes(result, by);
  std::vector<fleet::Column> made_columns;
  for (std::size_t column : columns) made_columns.push_back(result.columns()[column]);
  made_columns.push_back({free_name(made_columns, "count"), oid::int8});
  Indexes wanted_columns;
  for (Wanted const& one : wanted) {
    wanted_columns.push_back(column_index(result, one.column));
    made_columns.push_back(
        {free_name(made_columns, fmt::format("{}_{}", to_string(one.aggregate), one.column)),
         aggregate_type(one.aggregate, result.columns()[wanted_columns.back()])});
  }
  std::vector<Indexes> groups = gathered(result, columns);
  std::stable_sort(groups.begin(), groups.end(),
                   [](Indexes const& left, Indexes const& right) { return left.size() > right.size(); });
  fleet::Result made{made_columns};
  for (Indexes const& rows : groups) {
    for (std::size_t column : columns) made.append(result.at(rows.front(), column));
    made.append(std::to_string(rows.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i)
      made.append(aggregated(result, wanted_columns[i], rows, wanted[i].aggregate));
  }
  return made;
}

std::string summed(fleet::Result const& result, std::string const& column) {
  return sum_of(result, column_index(result, column), all_rows(result));
}

fleet::Result pivoted(fleet::Result const& result, Pivot const& pivot) {
  Indexes const row_columns = column_indexes(result, pivot.rows);
  std::size_t const across = column_index(result, pivot.columns);
  bool const counting = pivot.value.empty();
  std::size_t const value = counting ? across : column_index(result, pivot.value);
  std::uint32_t const type = counting     ? oid::int8
                             : pivot.with ? aggregate_type(*pivot.with, result.columns()[value])
                                          : result.columns()[value].type;
  Crosswise const shape = crosswise(result, row_columns, across, type);
  fleet::Result made{shape.columns};
  for (Indexes const& rows : gathered(result, row_columns)) {
    std::vector<Indexes> cells(shape.at.size());
    for (std::size_t row : rows) cells[shape.at.at(row_key(result, row, {across}))].push_back(row);
    for (std::size_t column : row_columns) made.append(result.at(rows.front(), column));
    for (Indexes const& cell : cells) {
      if (counting) {
        made.append(std::to_string(cell.size()));
      } else if (cell.empty()) {
        made.append(std::nullopt);
      } else if (pivot.with) {
        made.append(aggregated(result, value, cell, *pivot.with));
      } else if (cell.size() == 1) {
        made.append(result.at(cell.front(), value));
      } else {
        throw Error{ErrorKind::usage,
                    fmt::format("{} rows fall together at {} = {}, {} = {}", cell.size(),
                                fmt::join(pivot.rows, ", "), place_of(result, cell.front(), row_columns),
                                pivot.columns, place_of(result, cell.front(), {across}))}
            .with_hint("say how to put them together: with = \"sum\" (or min, max, avg, count)");
      }
    }
  }
  return made;
}

}  // namespace scripting
