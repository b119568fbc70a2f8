#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fleet/fleet.hpp"

namespace fleet {
namespace {

constexpr std::uint32_t first_own_type = 16384;  // OIDs from here on differ between databases

std::vector<std::string> names_of(Result const& rows) {
  std::vector<std::string> names;
  for (Column const& column : rows.columns()) names.push_back(column.name);
  return names;
}

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (std::string const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Types made in a database (an enum, an extension's type) are compared and printed as text.
std::uint32_t common_type(std::uint32_t type) { return type < first_own_type ? type : type_oid::text; }

using Shape = std::vector<std::pair<std::string, std::uint32_t>>;
Shape shape_of(Result const& rows) {
  Shape shape;
  for (Column const& column : rows.columns()) shape.emplace_back(column.name, common_type(column.type));
  return shape;
}

// `tenant` stands first; each further use of a name gets the next free number.
std::vector<Column> merged_columns(Shape const& shape) {
  std::set<std::string> given;  // names as the SQL gave them, which a number must not hit
  for (auto const& [name, type] : shape) given.insert(name);
  std::vector<Column> columns{{"tenant", type_oid::text}};
  std::set<std::string> used{"tenant"};
  for (auto const& [name, type] : shape) {
    std::string unique = name;
    for (int n = 2; used.contains(unique) || (unique != name && given.contains(unique)); ++n)
      unique = name + "_" + std::to_string(n);
    used.insert(unique);
    columns.push_back({unique, type});
  }
  return columns;
}

Error differing(Outcome const& outcome, Shape const& expected) {
  std::vector<std::string> names;
  for (auto const& [name, type] : expected) names.push_back(name);
  auto const own = names_of(*outcome.result);
  Error error{ErrorKind::failed, own == names ? "its columns have other types than those of the other tenants"
                                              : "its columns are " + listed(own) +
                                                    ", those of the other tenants " + listed(names)};
  error.hint = "name the columns and cast them in the statement";
  error.tenant = outcome.tenant.slug;
  error.server = outcome.tenant.server;
  return error;
}

}  // namespace

Merged merge(std::vector<Outcome> outcomes) {
  Merged merged;
  // The shape that most tenants have; among equals that of the first tenant.
  std::map<Shape, int> votes;
  Shape expected;
  int most = 0;
  for (Outcome const& outcome : outcomes)
    if (outcome.result && !outcome.result->columns().empty()) ++votes[shape_of(*outcome.result)];
  for (Outcome const& outcome : outcomes) {
    if (!outcome.result || outcome.result->columns().empty()) continue;
    Shape shape = shape_of(*outcome.result);
    if (votes[shape] > most) {
      most = votes[shape];
      expected = std::move(shape);
    }
  }

  merged.rows = Result{merged_columns(expected)};
  for (Outcome& outcome : outcomes) {
    if (outcome.error) {
      merged.failures.push_back(std::move(*outcome.error));
      continue;
    }
    if (!outcome.result || outcome.result->columns().empty()) continue;
    Result const& rows = *outcome.result;
    if (shape_of(rows) != expected) {
      merged.failures.push_back(differing(outcome, expected));
      continue;
    }
    merged.rows.affected += rows.affected;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      merged.rows.append(outcome.tenant.slug);
      for (std::size_t column = 0; column < rows.columns().size(); ++column)
        merged.rows.append(rows.at(row, column));
    }
    outcome.result.reset();  // one copy in memory at a time
  }
  merged.rows.command = "SELECT " + std::to_string(merged.rows.rows());
  return merged;
}

}  // namespace fleet
