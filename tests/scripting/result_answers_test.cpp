#include <doctest/doctest.h>

#include "scripting/result_answers.hpp"
#include "scripting/result_difference.hpp"
#include "tests/scripting/bench.hpp"

using fleet::Column;
using scripting::Answer;
using scripting::Rows;
namespace oid = fleet::type_oid;

namespace {

using Cell = std::optional<std::string>;

// "tenant" and the given columns; one list of cells per row, the slug first.
Rows fan_out(std::vector<Column> columns, std::vector<std::vector<Cell>> const& cells,
             std::vector<std::string> answered) {
  columns.insert(columns.begin(), Column{"tenant"});
  Rows rows{fleet::Result{columns}, {}, answered.size(), std::move(answered)};
  for (auto const& row : cells)
    for (Cell const& cell : row)
      rows.result.append(cell ? std::optional<std::string_view>{*cell} : std::nullopt);
  return rows;
}

std::string text(Answer const& answer) {
  static tests::Bench bench;
  return tests::Bench::rendered(bench.world, answer);
}
std::string text(fleet::Result result) { return text(Answer{Rows{std::move(result), {}, 0}, {}, {}}); }

template <class Call>
std::string error(Call const& call) {
  try {
    call();
  } catch (fleet::Error const& error) {
    return error.message + (error.hint.empty() ? "" : "; " + error.hint);
  }
  return "no error";
}

Rows const versions = fan_out({{"name"}, {"n", oid::int4}},
                              {{"acme", "001", "1"},
                               {"acme", "002", "2"},
                               {"beta", "001", "1"},
                               {"beta", "002", "2"},
                               {"delta", "001", "1"},
                               {"delta", "002", "3"},
                               {"gamma", "001", "1"}},
                              {"acme", "beta", "delta", "gamma", "kilo", "lima"});

}  // namespace

TEST_CASE("equal answers are counted together, tenants without a row among them") {
  CHECK(text(distinct_answers(versions)) ==
        "answer,tenants,examples,rows,at_row,name,n\n"
        "1,2,\"acme, beta\",2,1,001,1\n"
        "2,2,\"kilo, lima\",0,1,,\n"
        "3,1,delta,2,2,002,3\n"
        "4,1,gamma,1,2,,\n");
  CHECK(answers_line(versions) ==
        "6 tenants: 4 different answers, the commonest from 2; :answers() lists them");
}

TEST_CASE("equal is: the same text, NULL and '' apart, in the same order") {
  auto const line = [](std::vector<Cell> const& values) {
    Rows rows = fan_out({{"x", oid::numeric}}, {}, {});
    for (std::size_t i = 0; i < values.size(); ++i) {
      rows.answered.push_back("t" + std::to_string(i));
      rows.result.append(rows.answered.back());
      rows.result.append(values[i] ? std::optional<std::string_view>{*values[i]} : std::nullopt);
    }
    return answers_line(rows);
  };
  CHECK(line({"1.0", "1.0", "1.0"}) == "3 tenants: all answers are equal");
  CHECK(line({"1.0", "1.0", "1.00"}) == "3 tenants: 2 equal, 1 differs (t2); :outliers() shows it");
  CHECK(line({"", std::nullopt, ""}) == "3 tenants: 2 equal, 1 differs (t1); :outliers() shows it");
  CHECK(line({"1", "1", "1", "1", "1", "2", "3", "4", "5"}) ==
        "9 tenants: 5 equal, 4 differ (t5, t6, t7, …); :outliers() shows them");
  CHECK(line({"1", "2"}) == "2 tenants: 2 different answers; :answers() lists them");
  CHECK(line({"1"}) == "");
  Rows const swapped = fan_out({{"x"}}, {{"a", "1"}, {"a", "2"}, {"b", "2"}, {"b", "1"}}, {"a", "b"});
  CHECK(answers_line(swapped) == "2 tenants: 2 different answers; :answers() lists them");
}

TEST_CASE("outliers by majority") {
  Rows rows = fan_out({{"v"}}, {{"a", "x"}, {"b", "x"}, {"c", "y"}, {"e", "x"}, {"f", "x"}},
                      {"a", "b", "c", "d", "e", "f"});
  CHECK(text(outlying_rows(rows, {})) == "(answered without a row: d) tenant,v\nc,y\n");
  Rows none = fan_out({{"v"}}, {{"a", "x"}, {"b", "y"}, {"c", "z"}}, {"a", "b", "c"});
  CHECK(text(outlying_rows(none, {})) ==
        "(all 3 answers differ: there is no rule to stand out from) tenant,v\n");
  Rows half = fan_out({{"v"}}, {{"a", "x"}, {"b", "x"}, {"c", "z"}, {"d", "w"}}, {"a", "b", "c", "d"});
  CHECK(text(outlying_rows(half, {})) ==
        "(the commonest answer is that of only 2 of 4 tenants; :answers() lists all) tenant,v\nc,z\nd,w\n");
}

TEST_CASE("outliers by distance from the median, exactly") {
  Rows rows = fan_out({{"n", oid::numeric}},
                      {{"a", "100000000000000000000000000000000000000010.1"},
                       {"b", "100000000000000000000000000000000000000010.2"},
                       {"c", "100000000000000000000000000000000000000010.3"},
                       {"d", "100000000000000000000000000000000000000010.4"},
                       {"e", "100000000000000000000000000000000000000011.0"},
                       {"f", std::nullopt}},
                      {"a", "b", "c", "d", "e", "f"});
  CHECK(
      text(outlying_rows(rows, {})) ==
      "(n: the median is 100000000000000000000000000000000000000010.3, half of the tenants lie within 0.1 of "
      "it; farther than 6 times that (0.6): 2 of 6) tenant,n\n"
      "e,100000000000000000000000000000000000000011.0\nf,\n");
  CHECK(text(outlying_rows(rows, {.column = "n", .times = 7})).ends_with("tenant,n\nf,\n"));
  // The commonest value is the median and its distances are 0: whoever differs stands out.
  Rows most = fan_out({{"n", oid::int8}}, {{"a", "5"}, {"b", "5"}, {"c", "6"}}, {"a", "b", "c"});
  CHECK(text(outlying_rows(most, {.column = "n"})).ends_with("tenant,n\nc,6\n"));
  Rows special =
      fan_out({{"n", oid::float8}},
              {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "NaN"}, {"e", "Infinity"}, {"f", "4"}, {"g", "0"}},
              {"a", "b", "c", "d", "e", "f", "g"});
  CHECK(text(outlying_rows(special, {})).ends_with("tenant,n\nd,NaN\ne,Infinity\n"));
}

TEST_CASE("outliers and answers say what they cannot compare") {
  Rows plain{fleet::Result{{{"a"}}}, {}, 0};
  CHECK(error([&] { distinct_answers(plain); }).starts_with("this result does not say which tenant"));
  CHECK(error([&] {
          outlying_rows(versions, {.column = "n"});
        }).starts_with("several rows of one tenant have no distance"));
  CHECK(error([&] {
          outlying_rows(versions, {.column = "name"});
        }).starts_with("column name holds no numbers"));
  CHECK(error([&] { outlying_rows(versions, {.column = "nam"}); }).ends_with("did you mean name?"));
}

TEST_CASE("the difference of two tenants, by whole rows and by key") {
  CHECK(text(difference(versions, {.left = "acme", .right = "delta", .keys = {}})) ==
        "tenant,name,n\nacme,002,2\ndelta,002,3\n");
  CHECK(text(difference(versions, {.left = "delta", .right = "gamma", .keys = {"name"}})) ==
        "tenant,differs,name,n\ndelta,,002,3\n");
  CHECK(text(difference(versions, {.left = "acme", .right = "delta", .keys = {"name"}})) ==
        "tenant,differs,name,n\nacme,n,002,2\ndelta,n,002,3\n");
  CHECK(text(difference(versions, {.left = "acme", .right = "beta", .keys = {}})) ==
        "(acme and beta have the same 2 rows) tenant,name,n\n");
  CHECK(text(difference(versions, {.left = "kilo", .right = "gamma", .keys = {}})) ==
        "tenant,name,n\ngamma,001,1\n");
  Rows const twice = fan_out({{"k"}, {"v"}}, {{"a", "1", "x"}, {"a", "1", "x"}, {"b", "1", "x"}}, {"a", "b"});
  CHECK(text(difference(twice, {.left = "a", .right = "b", .keys = {}})) == "tenant,k,v\na,1,x\n");
  CHECK(error([&] { difference(twice, {.left = "a", .right = "b", .keys = {"k"}}); }) ==
        "a has several rows with k = 1; name the columns that tell its rows apart, or no keys at all");
  CHECK(error([&] { difference(versions, {.left = "acme", .right = "btea", .keys = {}}); }) ==
        "no answer of a tenant \"btea\" in this result; did you mean beta?");
  Rows failed = versions;
  failed.failures.push_back(fleet::Error{fleet::ErrorKind::connect, "no route"});
  failed.failures.back().tenant = "mike";
  CHECK(error([&] { difference(failed, {.left = "acme", .right = "mike", .keys = {}}); }) ==
        "mike has no answer: it failed; no route");
}

TEST_CASE("a fan-out remembers who answered, also through sort, and not through group") {
  tests::Bench lua;
  lua.table = fleet::Result{{{"n", oid::int4}}};
  CHECK(lua("tenants:query('select 1', { tenants = { 'acme', 'beta', 'gamma' } }):answers()") ==
        "answer,tenants,examples,rows,n\n1,3,\"acme, beta, gamma\",0,\n");
  CHECK(lua("table.concat(tenants:query('select 1', { tenants = { 'acme', 'beta' } }).answered, ' ')") ==
        "acme beta");
  CHECK(lua("tenants:query('select 1', { tenants = { 'acme', 'beta', 'gamma' } }):sort('n'):answers()") ==
        "answer,tenants,examples,rows,n\n1,3,\"acme, beta, gamma\",0,\n");
  CHECK(
      lua("tenants:query('select 1', { tenants = { 'acme', 'beta', 'gamma' } }):group('tenant'):answers()") ==
      "answer,tenants,examples,rows,count\n");
  CHECK(lua("tenants:query('select 1', { tenants = { 'acme', 'beta', 'gamma' } }):outliers{ times = 0 }") ==
        "usage: result.outliers: times is 1 to 1000000");
  CHECK(lua("tenants:query('select 1', { tenants = { 'acme', 'beta', 'gamma' } }):diff(tenants.acme, "
            "'beta')") == "(acme and beta have the same 0 rows) tenant,n\n");
}
