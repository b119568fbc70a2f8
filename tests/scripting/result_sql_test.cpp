#include <doctest/doctest.h>

#include "tests/scripting/bench.hpp"

using fleet::Column;
using tests::Bench;
namespace oid = fleet::type_oid;

namespace {

fleet::Result table(std::vector<Column> columns, std::vector<std::optional<std::string>> const& cells) {
  fleet::Result result{std::move(columns)};
  for (auto const& cell : cells) result.append(cell ? std::optional<std::string_view>{*cell} : std::nullopt);
  return result;
}

// `r` is the table; rows come back as JSON, which shows the types.
struct Sql {
  Bench lua;
  explicit Sql(fleet::Result result) {
    lua.table = std::move(result);
    lua("r = sql('select 1')");
  }
  std::string operator()(std::string const& sql) { return lua("r:sql([==[" + sql + "]==]):json()"); }
};

constexpr char const* forty = "1234567890123456789012345678901234567890.12";

}  // namespace

TEST_CASE("values come out of SQLite as they went in") {
  std::vector<Column> const columns{{"i", oid::int8},   {"x", oid::numeric}, {"b", oid::boolean},
                                    {"f", oid::float8}, {"t", oid::text},    {"d", 1114},
                                    {"j", oid::jsonb},  {"y", oid::bytea}};
  Sql sql{table(columns, {"9223372036854775807",
                          forty,
                          "t",
                          "0.1",
                          "",
                          "infinity",
                          "{\"a\": 1}",
                          "\\x00ff",
                          "-9007199254740993",
                          "NaN",
                          "f",
                          "NaN",
                          "a\nb",
                          "-infinity",
                          "[1]",
                          "\\x",
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt})};
  CHECK(sql("select * from result") == sql.lua("r:json()"));
  CHECK(sql.lua("#r:sql(\"select * from result where t = ''\")") == "1");
  CHECK(sql.lua("math.type(r:sql('select i from result')[1].i)") == "integer");
  CHECK(sql.lua("r:sql('select x from result')[1].x == r[1].x") == "true");
}

TEST_CASE("numerics compare, sort and add up exactly") {
  Sql sql{table({{"k"}, {"x", oid::numeric}, {"n", oid::int8}},
                {"a", forty, "9223372036854775807", "b", "10", "9223372036854775807", "c", "9.50", "1", "d",
                 "9.5", std::nullopt, "e", std::nullopt, "2"})};
  CHECK(sql("select k from result where x > 9.5 order by x desc") == "[{\"k\": \"a\"},\n {\"k\": \"b\"}]\n");
  CHECK(sql("select x, count(*) as c from result where x < 10 group by x") == "[{\"x\": 9.50, \"c\": 2}]\n");
  CHECK(sql("select sum(x) as s, max(x) as m, min(x) as l from result") ==
        "[{\"s\": 1234567890123456789012345678901234567919.12, \"m\": " + std::string{forty} +
            ", \"l\": 9.50}]\n");
  CHECK(sql("select sum(n) as s from result") == "[{\"s\": 18446744073709551617}]\n");
  CHECK(sql("select avg(n) as a, sum(n) as s from result where n < 3") == "[{\"a\": 1.5, \"s\": 3}]\n");
  CHECK(sql("select k, sum(x) over (order by k rows 1 preceding) as w from result where k > 'a'") ==
        "[{\"k\": \"b\", \"w\": 10},\n {\"k\": \"c\", \"w\": 19.50},\n {\"k\": \"d\", \"w\": 19.00},\n "
        "{\"k\": \"e\", \"w\": 9.50}]\n");
  CHECK(sql("select sum(x) as s from result where k > 'z'") == "[{\"s\": null}]\n");
  CHECK(sql.lua("r:sql('select x * 2 as y from result where k = \\'b\\'')") ==
        "(SQLite calculates + - * / and round() in floating point, 15 digits; sum, avg, min, max, comparison "
        "and "
        "order of numerics are exact) y\n20\n");
  CHECK(sql.lua("r:sql('select n + 1 as y from result where k = \\'c\\'')") == "y\n2\n");
  CHECK(sql("select sum(k) from result") == "sql: SQLite: \"a\" is no number to add");
  CHECK(sql("select total(x) from result").starts_with("sql: SQLite: total() is floating point"));
}

TEST_CASE("text of digits stays text, names that SQLite takes for one are told apart") {
  Sql sql{table({{"id"}, {"ID"}, {"a b\""}}, {"007", "1", "x"})};
  CHECK(sql("select upper(id) as u, id_2, \"a b\"\"\" from result") ==
        "[{\"u\": \"007\", \"ID_2\": \"1\", \"a b\\\"\": \"x\"}]\n");
}

TEST_CASE("a second result may take part") {
  Sql sql{table({{"k"}, {"v", oid::int4}}, {"a", "1", "b", "2"})};
  CHECK(sql.lua("r:sql('select k, other.count from result join other using (k) order by 1', { other = "
                "r:group('k') })") == "k,count\na,1\nb,1\n");
  CHECK(sql.lua("r:sql('select 1', { other = 5 })") == "usage: result.sql: other must be result, not 5");
  CHECK(sql.lua("r:sql('select 1', { others = r })").find("did you mean other?") != std::string::npos);
  CHECK(sql.lua("r:sql('select * from other')") == "sql: SQLite: no such table: other");
}

TEST_CASE("values may be given apart from the text") {
  Sql sql{table({{"k"}, {"x", oid::numeric}, {"n", oid::int8}}, {"it's", forty, "1", "b", "10.0", "2"})};
  CHECK(sql.lua("r:sql('select n from result where k = $1', { params = { \"it's\" } })") == "n\n1\n");
  CHECK(sql.lua("r:sql('select n from result where x = $2 or n = $1', { params = { 7, r[1].x } })") ==
        "n\n1\n");
  CHECK(sql.lua("r:sql('select n from result where x = $1', { params = { 10 } })") == "n\n2\n");
  CHECK(sql.lua("r:sql('select $1 is null as a, $2 as b', { params = { n = 2, [2] = true } })") ==
        "a,b\n1,1\n");
  CHECK(sql.lua("r:sql('select $2', { params = { 1 } })") ==
        "usage: $2 has no value: 1 given; params = { … } gives the values of $1, $2, …");
  CHECK(sql.lua("r:sql('select 1', { params = { 1 } })") ==
        "usage: 1 values are given, the statement takes 0");
  CHECK(sql.lua("r:sql('select ?')") == "usage: a parameter is written $1, $2, …, not ?");
  CHECK(sql.lua("r:sql('select :a')") == "usage: a parameter is written $1, $2, …, not :a");
}

TEST_CASE("only one select runs, and mistakes say where") {
  Sql sql{table({{"k"}}, {"a"})};
  for (char const* text : {"attach '/tmp/x.db' as x", "delete from result", "drop table result", "begin",
                           "pragma journal_mode = wal", "create table x (a)", "vacuum into '/tmp/x.db'",
                           "select load_extension('x')"}) {
    CAPTURE(text);
    CHECK(sql(text).starts_with("refused: this would "));
  }
  CHECK(sql("select 1; select 2").starts_with("refused: these are several statements"));
  CHECK(sql("  ") == "usage: there is no statement; select … from result");
  fleet::Error const error = sql.lua.error_of("r:sql('select é, nosuch from result')");
  CHECK(error.position == 8);
  CHECK(error.message == "SQLite: no such column: é");
  CHECK(sql("select \"text\" from result") == "sql: SQLite: no such column: text");
}

TEST_CASE("Ctrl-C ends a statement of SQLite") {
  Sql sql{table({{"k"}}, {"a"})};
  sql.lua.world.interrupt.request_stop();
  CHECK(sql("with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c") ==
        "interrupted: interrupted");
}
