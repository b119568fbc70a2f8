#include "scripting/derive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fleet/error.hpp"
#include "scripting/cell.hpp"

namespace scripting {

namespace {

struct SortKey {
  std::size_t column = 0;
  Order order = Order::ascending;
};

SortKey sort_key(fleet::Result const& result, std::string const& text, Order order) {
  if (auto column = result.find_column(text)) return {*column, order};
  for (auto const& [ending, said] :
       {std::pair{std::string_view{" desc"}, Order::descending}, {" asc", Order::ascending}})
    if (text.ends_with(ending))
      return {column_index(result, text.substr(0, text.size() - ending.size())), said};
  return {column_index(result, text), order};
}

// < 0: `left` stands before `right`.
int compare_rows(fleet::Result const& result, std::size_t left, std::size_t right, SortKey const& key) {
  auto const a = result.at(left, key.column), b = result.at(right, key.column);
  if (!a || !b) return int{!a} - int{!b};
  int const comparison = compare_cells(*a, *b, result.columns()[key.column].type);
  return key.order == Order::ascending ? comparison : -comparison;
}

// UTF-8 characters, which is near enough to columns for a label.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string label_text(std::string_view text) {
  constexpr std::size_t longest = 32;
  std::string label;
  std::size_t count = 0;
  for (char const c : text) {
    bool const starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts && count++ == longest) return label + "…";
    label += c == '\n' || c == '\t' || c == '\r' ? ' ' : c;
  }
  return label;
}

double value_of(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::isfinite(value) ? value : 0;
}

std::string repeated(std::string_view what, std::size_t times) {
  std::string text;
  while (times-- > 0) text += what;
  return text;
}

}  // namespace

fleet::Result sorted(fleet::Result const& result, std::vector<std::string> const& names, Order order) {
  std::vector<SortKey> keys;
  for (std::string const& name : names) keys.push_back(sort_key(result, name, order));
  std::vector<std::size_t> rows = all_rows(result);
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t left, std::size_t right) {
    for (SortKey const& key : keys)
      if (int const comparison = compare_rows(result, left, right, key); comparison != 0)
        return comparison < 0;
    return false;
  });
  fleet::Result made{result.columns()};
  for (std::size_t row : rows) append_row(made, result, row);
  return made;
}

std::string charted(fleet::Result const& result, std::string const& name, std::string const& label,
                    int width) {
  std::size_t const column = column_index(result, name);
  std::size_t const label_column = label.empty() ? 0 : column_index(result, label);
  if (!is_number_type(result.columns()[column].type))
    throw fleet::Error{fleet::ErrorKind::usage, "column " + name + " holds no numbers to draw"};
  double largest = 0, smallest = 0;
  std::size_t label_width = 0;
  std::vector<std::string> labels;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    double const value = value_of(result.at(row, column).value_or(""));
    largest = std::max(largest, value);
    smallest = std::min(smallest, value);
    labels.push_back(label_text(result.at(row, label_column).value_or("NULL")));
    label_width = std::max(label_width, characters(labels.back()));
  }
  double const span = std::max(largest - smallest, 0.0);
  auto const length = [&](double value) {
    return span > 0 ? static_cast<std::size_t>(std::lround(std::abs(value) / span * width)) : 0;
  };
  std::size_t const left = length(smallest);
  std::string text;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::string_view const shown = result.at(row, column).value_or("NULL");
    double const value = value_of(shown);
    std::size_t const bar = length(value);
    text += labels[row] + std::string(label_width - characters(labels[row]) + 2, ' ');
    if (smallest < 0) {
      std::size_t const below = value < 0 ? std::min(bar, left) : 0;
      text += std::string(left - below, ' ') + repeated("█", below) + "│";
    }
    if (value >= 0) text += repeated("█", bar);
    text += " " + std::string{shown} + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace scripting
