#include "fleet/shape.hpp"

#include <algorithm>
#include <set>

namespace fleet {
namespace {

constexpr std::uint32_t first_own_type = 16384;  // OIDs from here on differ between databases

std::string listed(Shape const& shape) {
  std::string text;
  for (auto const& [name, type] : shape) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool same_names(Shape const& left, Shape const& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](auto const& one, auto const& other) { return one.first == other.first; });
}

std::vector<Column> numbered(std::vector<Column> columns, Shape const& shape) {
  std::set<std::string> given;  // names as the SQL gave them, which a number must not hit
  for (auto const& [name, type] : shape) given.insert(name);
  std::set<std::string> used;
  for (Column const& column : columns) used.insert(column.name);
  for (auto const& [name, type] : shape) {
    std::string unique = name;
    for (int n = 2; used.contains(unique) || (unique != name && given.contains(unique)); ++n)
      unique = name + "_" + std::to_string(n);
    used.insert(unique);
    columns.push_back({unique, type});
  }
  return columns;
}

}  // namespace

Shape shape_of(std::vector<Column> const& columns) {
  Shape shape;
  for (Column const& column : columns)
    shape.emplace_back(column.name, column.type < first_own_type ? column.type : type_oid::text);
  return shape;
}

std::vector<Column> printed_columns(Shape const& shape) { return numbered({}, shape); }

std::vector<Column> merged_columns(Shape const& shape) {
  return numbered({{"tenant", type_oid::text}}, shape);
}

Error differing(Tenant const& tenant, Shape const& own, Shape const& expected) {
  Error error{ErrorKind::failed,
              same_names(own, expected)
                  ? "its columns have other types than those of the other tenants"
                  : "its columns are " + listed(own) + ", those of the other tenants " + listed(expected)};
  error.hint = "name the columns and cast them in the statement";
  error.tenant = tenant.slug;
  error.server = tenant.server;
  return error;
}

}  // namespace fleet
