#include "scripting/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "scripting/numeric.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

template <class Number>
Number parse(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int compare_floating(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) return int{std::isnan(left)} - int{std::isnan(right)};
  return left < right ? -1 : right < left ? 1 : 0;
}

bool same_name(std::string_view left, std::string_view right) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

bool is_integer_type(std::uint32_t type) {
  return type == oid::int2 || type == oid::int4 || type == oid::int8 || type == oid::oid;
}

bool is_floating_type(std::uint32_t type) { return type == oid::float4 || type == oid::float8; }

bool is_number_type(std::uint32_t type) {
  return is_integer_type(type) || is_floating_type(type) || type == oid::numeric;
}

int compare_cells(std::string_view left, std::string_view right, std::uint32_t type) {
  if (is_integer_type(type)) {
    auto const a = parse<std::int64_t>(left), b = parse<std::int64_t>(right);
    return a < b ? -1 : b < a ? 1 : 0;
  }
  if (is_floating_type(type)) return compare_floating(parse<double>(left), parse<double>(right));
  if (type == oid::numeric) {
    auto order = compare_decimals(left, right);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return left.compare(right);
}

std::size_t column_index(fleet::Result const& result, std::string const& name) {
  if (auto index = result.find_column(name)) return *index;
  std::vector<std::string> names;
  for (fleet::Column const& column : result.columns()) names.push_back(column.name);
  Error error{ErrorKind::usage, fmt::format("no column \"{}\"; there are: {}", name, fmt::join(names, " "))};
  std::string near = fleet::nearest(name, names);
  throw near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

std::vector<std::size_t> column_indexes(fleet::Result const& result, std::vector<std::string> const& names) {
  std::vector<std::size_t> indexes;
  for (std::string const& name : names) indexes.push_back(column_index(result, name));
  return indexes;
}

std::string free_name(std::vector<fleet::Column> const& columns, std::string const& name) {
  auto const taken = [&](std::string const& wanted) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](fleet::Column const& column) { return same_name(column.name, wanted); });
  };
  std::string free = name;
  for (int number = 2; taken(free); ++number) free = fmt::format("{}_{}", name, number);
  return free;
}

void append_row(fleet::Result& to, fleet::Result const& from, std::size_t row, std::size_t first_column) {
  for (std::size_t column = first_column; column < from.columns().size(); ++column)
    to.append(from.at(row, column));
}

std::string row_key(fleet::Result const& result, std::size_t row, std::vector<std::size_t> const& columns) {
  std::string key;
  for (std::size_t column : columns) {
    auto const cell = result.at(row, column);
    if (cell)
      key.append(std::to_string(cell->size())).append(":").append(*cell);
    else
      key += '-';
  }
  return key;
}

std::vector<std::size_t> all_rows(fleet::Result const& result) {
  std::vector<std::size_t> rows(result.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

}  // namespace scripting
