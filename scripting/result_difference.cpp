#include "scripting/result_difference.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "scripting/cell.hpp"
#include "scripting/result_answers.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using Indexes = std::vector<std::size_t>;

Indexes value_columns(fleet::Result const& result) {
  Indexes columns;
  for (std::size_t column = 1; column < result.columns().size(); ++column) columns.push_back(column);
  return columns;
}

// Rows of `these` that `others` does not have as often.
Indexes without(fleet::Result const& result, Indexes const& these, Indexes const& others) {
  Indexes const columns = value_columns(result);
  std::unordered_map<std::string, std::size_t> count;
  for (std::size_t row : others) ++count[row_key(result, row, columns)];
  Indexes left;
  for (std::size_t row : these) {
    auto const found = count.find(row_key(result, row, columns));
    if (found == count.end() || found->second == 0)
      left.push_back(row);
    else
      --found->second;
  }
  return left;
}

fleet::Result by_rows(fleet::Result const& result, TenantAnswer const& left, TenantAnswer const& right) {
  fleet::Result made{result.columns()};
  for (std::size_t row : without(result, left.rows, right.rows)) append_row(made, result, row);
  for (std::size_t row : without(result, right.rows, left.rows)) append_row(made, result, row);
  return made;
}

using Keyed = std::unordered_map<std::string, std::size_t>;

Keyed keyed(fleet::Result const& result, TenantAnswer const& answer, Indexes const& keys,
            std::vector<std::string> const& names) {
  Keyed rows;
  for (std::size_t row : answer.rows)
    if (!rows.emplace(row_key(result, row, keys), row).second) {
      std::string values;
      for (std::size_t column : keys)
        values += (values.empty() ? "" : ", ") + std::string{result.at(row, column).value_or("NULL")};
      throw Error{ErrorKind::usage, fmt::format("{} has several rows with {} = {}", answer.slug,
                                                fmt::join(names, ", "), values)}
          .with_hint("name the columns that tell its rows apart, or no keys at all");
    }
  return rows;
}

std::string differing_columns(fleet::Result const& result, std::size_t left, std::size_t right) {
  std::string names;
  for (std::size_t column = 1; column < result.columns().size(); ++column)
    if (result.at(left, column) != result.at(right, column))
      names += (names.empty() ? "" : ", ") + result.columns()[column].name;
  return names;
}

fleet::Result by_keys(fleet::Result const& result, TenantAnswer const& left, TenantAnswer const& right,
                      std::vector<std::string> const& names) {
  Indexes const keys = column_indexes(result, names);
  Keyed const of_left = keyed(result, left, keys, names), of_right = keyed(result, right, keys, names);
  std::vector<fleet::Column> columns{result.columns().front(), {free_name(result.columns(), "differs")}};
  columns.insert(columns.end(), result.columns().begin() + 1, result.columns().end());
  fleet::Result made{columns};
  auto const add = [&](std::size_t row, std::optional<std::string_view> differs) {
    made.append(result.at(row, 0));
    made.append(differs);
    append_row(made, result, row, 1);
  };
  for (std::size_t row : left.rows) {
    auto const other = of_right.find(row_key(result, row, keys));
    if (other == of_right.end()) {
      add(row, std::nullopt);
    } else if (std::string const names_of = differing_columns(result, row, other->second);
               !names_of.empty()) {
      add(row, names_of);
      add(other->second, names_of);
    }
  }
  for (std::size_t row : right.rows)
    if (!of_left.contains(row_key(result, row, keys))) add(row, std::nullopt);
  return made;
}

}  // namespace

Answer difference(Rows const& rows, Difference const& wanted) {
  std::vector<TenantAnswer> const answers = answers_by_tenant(rows);
  TenantAnswer const& left = answer_of_tenant(answers, rows, wanted.left);
  TenantAnswer const& right = answer_of_tenant(answers, rows, wanted.right);
  Rows made{wanted.keys.empty() ? by_rows(rows.result, left, right)
                                : by_keys(rows.result, left, right, wanted.keys),
            {},
            0};
  Answer answer{std::move(made), {}, {}};
  if (std::get<Rows>(answer.value).result.empty())
    answer.notes.push_back(
        fmt::format("{} and {} have the same {} rows", left.slug, right.slug, left.rows.size()));
  return answer;
}

}  // namespace scripting
