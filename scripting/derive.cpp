#include "scripting/derive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "scripting/numeric.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

bool is_integer_type(std::uint32_t type) {
  return type == oid::int2 || type == oid::int4 || type == oid::int8 || type == oid::oid;
}

bool is_number_type(std::uint32_t type) {
  return is_integer_type(type) || type == oid::float4 || type == oid::float8 || type == oid::numeric;
}

template <class Number>
Number parse(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Order of two cells that are not NULL.
int compare_cells(std::string_view left, std::string_view right, std::uint32_t type) {
  auto sign = [](auto const& a, auto const& b) { return a < b ? -1 : b < a ? 1 : 0; };
  if (is_integer_type(type)) return sign(parse<std::int64_t>(left), parse<std::int64_t>(right));
  if (type == oid::float4 || type == oid::float8) return sign(parse<double>(left), parse<double>(right));
  if (type == oid::numeric) {
    auto order = compare_decimals(left, right);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return left.compare(right);
}

void append_row(fleet::Result& to, fleet::Result const& from, std::size_t row) {
  for (std::size_t column = 0; column < from.columns().size(); ++column) to.append(from.at(row, column));
}

std::uint32_t sum_type(std::uint32_t type) {
  return type == oid::float4 || type == oid::float8 ? oid::float8 : oid::numeric;
}

std::string sum_rows(fleet::Result const& result, std::size_t column, std::vector<std::size_t> const& rows) {
  std::uint32_t type = result.columns()[column].type;
  if (!is_number_type(type))
    throw Error{ErrorKind::usage, "column " + result.columns()[column].name + " holds no numbers to add"};
  double floating = 0;
  std::int64_t small = 0;  // integers as long as they fit
  std::string exact = "0";
  for (std::size_t row : rows) {
    auto cell = result.at(row, column);
    if (!cell) continue;
    if (sum_type(type) == oid::float8) {
      floating += parse<double>(*cell);
    } else if (!is_integer_type(type) || __builtin_add_overflow(small, parse<std::int64_t>(*cell), &small)) {
      exact = add_decimals(exact, *cell);
    }
  }
  if (sum_type(type) == oid::float8) return fmt::format("{}", floating);
  return is_integer_type(type) ? add_decimals(exact, std::to_string(small)) : exact;
}

std::vector<std::size_t> all_rows(fleet::Result const& result) {
  std::vector<std::size_t> rows(result.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

// Leading part of `text`, cut between UTF-8 characters.
std::string cut(std::string const& text, std::size_t length) {
  if (text.size() <= length) return text;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  return text.substr(0, length) + "…";
}

}  // namespace

std::size_t column_index(fleet::Result const& result, std::string const& name) {
  if (auto index = result.find_column(name)) return *index;
  std::vector<std::string> names;
  for (fleet::Column const& column : result.columns()) names.push_back(column.name);
  Error error{ErrorKind::usage, fmt::format("no column \"{}\"; there are: {}", name, fmt::join(names, " "))};
  std::string near = fleet::nearest(name, names);
  throw near.empty() ? error : std::move(error).with_hint("did you mean " + near + "?");
}

fleet::Result sorted(fleet::Result const& result, std::string const& name, Order order) {
  std::size_t column = column_index(result, name);
  std::uint32_t type = result.columns()[column].type;
  std::vector<std::size_t> rows = all_rows(result);
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t left, std::size_t right) {
    auto a = result.at(left, column), b = result.at(right, column);
    if (!a || !b) return a.has_value() && !b.has_value();
    int comparison = compare_cells(*a, *b, type);
    return order == Order::ascending ? comparison < 0 : comparison > 0;
  });
  fleet::Result made{result.columns()};
  for (std::size_t row : rows) append_row(made, result, row);
  return made;
}

fleet::Result grouped(fleet::Result const& result, std::vector<std::string> const& names,
                      std::string const& sum) {
  std::vector<std::size_t> columns;
  std::vector<fleet::Column> made_columns;
  for (std::string const& name : names) {
    columns.push_back(column_index(result, name));
    made_columns.push_back(result.columns()[columns.back()]);
  }
  made_columns.push_back({"count", oid::int8});
  std::size_t sum_column = 0;
  if (!sum.empty()) {
    sum_column = column_index(result, sum);
    made_columns.push_back({"sum_" + sum, sum_type(result.columns()[sum_column].type)});
  }
  std::map<std::vector<std::optional<std::string_view>>, std::vector<std::size_t>> groups;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::vector<std::optional<std::string_view>> key;
    for (std::size_t column : columns) key.push_back(result.at(row, column));
    groups[key].push_back(row);
  }
  std::vector<std::vector<std::size_t> const*> order;
  for (auto const& [key, rows] : groups) order.push_back(&rows);
  std::sort(order.begin(), order.end(), [](auto const* left, auto const* right) {
    return left->size() != right->size() ? left->size() > right->size() : left->front() < right->front();
  });
  fleet::Result made{made_columns};
  for (auto const* rows : order) {
    for (std::size_t column : columns) made.append(result.at(rows->front(), column));
    made.append(std::to_string(rows->size()));
    if (!sum.empty()) made.append(sum_rows(result, sum_column, *rows));
  }
  return made;
}

std::string summed(fleet::Result const& result, std::string const& column) {
  return sum_rows(result, column_index(result, column), all_rows(result));
}

std::string charted(fleet::Result const& result, std::string const& name, std::string const& label,
                    int width) {
  std::size_t column = column_index(result, name),
              label_column = label.empty() ? 0 : column_index(result, label);
  constexpr std::size_t longest_label = 32;
  double largest = 0;
  std::size_t label_width = 0;
  std::vector<std::string> labels;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    largest = std::max(largest, parse<double>(result.at(row, column).value_or("0")));
    labels.push_back(cut(std::string{result.at(row, label_column).value_or("")}, longest_label));
    label_width = std::max(label_width, labels.back().size());
  }
  std::string text;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::string_view value = result.at(row, column).value_or("");
    double share = largest > 0 ? std::max(0.0, parse<double>(value)) / largest : 0;
    std::string bar;
    for (int i = 0; i < static_cast<int>(share * width + 0.5); ++i) bar += "█";
    text += fmt::format("{:<{}}  {} {}\n", labels[row], label_width, bar, value);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace scripting
