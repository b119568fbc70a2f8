#include <doctest/doctest.h>

#include "fleet/fleet.hpp"

using fleet::Column;
using fleet::Outcome;
using fleet::Result;

namespace {

Outcome answered(std::string const& slug, std::vector<Column> columns,
                 std::vector<char const*> const& cells) {
  Outcome outcome;
  outcome.tenant.slug = slug;
  outcome.result.emplace(std::move(columns));
  for (char const* cell : cells)
    outcome.result->append(cell ? std::optional<std::string_view>{cell} : std::nullopt);
  return outcome;
}

std::string rendered(fleet::Merged const& merged) {
  std::string text;
  for (Column const& column : merged.rows.columns())
    text += (text.empty() ? "" : "|") + column.name + ":" + std::to_string(column.type);
  text += "\n";
  for (std::size_t row = 0; row < merged.rows.rows(); ++row) {
    for (std::size_t i = 0; i < merged.rows.columns().size(); ++i)
      text += (i ? "|" : "") + std::string{merged.rows.at(row, i).value_or("NULL")};
    text += "\n";
  }
  for (fleet::Error const& error : merged.failures) text += "! " + error.tenant + ": " + error.message + "\n";
  return text;
}

}  // namespace

TEST_CASE("merged rows begin with the tenant, in order, NULLs kept") {
  Outcome failed;
  failed.tenant.slug = "b";
  failed.error.emplace(fleet::ErrorKind::sql, "no such table");
  failed.error->tenant = "b";
  CHECK(rendered(fleet::merge({answered("a", {{"n", 23}}, {"1", nullptr}), failed,
                               answered("c", {{"n", 23}}, {}), answered("d", {{"n", 23}}, {"4"})})) ==
        "tenant:25|n:23\n"
        "a|1\n"
        "a|NULL\n"
        "d|4\n"
        "! b: no such table\n");
}

TEST_CASE("repeated names get a number, a tenant's own column too") {
  CHECK(rendered(fleet::merge(
            {answered("a", {{"n"}, {"tenant"}, {"n"}, {"n_2"}, {"n"}}, {"1", "2", "3", "4", "5"})})) ==
        "tenant:25|n:25|tenant_2:25|n_3:25|n_2:25|n_4:25\n"
        "a|1|2|3|4|5\n");
}

TEST_CASE("tenants with other columns or types than most become failures") {
  CHECK(rendered(fleet::merge({answered("odd", {{"x"}}, {"0"}), answered("a", {{"n", 23}}, {"1"}),
                               answered("b", {{"n", 20}}, {"2"}), answered("c", {{"n", 23}}, {"3"})})) ==
        "tenant:25|n:23\n"
        "a|1\n"
        "c|3\n"
        "! odd: its columns are x, those of the other tenants n\n"
        "! b: its columns have other types than those of the other tenants\n");
}

TEST_CASE("types made in a database are text when merged") {
  CHECK(rendered(fleet::merge(
            {answered("a", {{"mood", 16500}}, {"sad"}), answered("b", {{"mood", 17001}}, {"ok"})})) ==
        "tenant:25|mood:25\n"
        "a|sad\n"
        "b|ok\n");
}

TEST_CASE("nothing merged is the tenant column alone") { CHECK(rendered(fleet::merge({})) == "tenant:25\n"); }
