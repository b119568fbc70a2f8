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

}  // namespace

TEST_CASE("a row knows its columns") {
  Bench lua;
  lua.table = table({{"name"}, {"n", oid::int8}, {"ok", oid::boolean}, {"f", oid::float8}},
                    {"a", "9007199254740993", "t", "1.5", "", std::nullopt, "f", "NaN"});
  CHECK(lua("r = sql('select 1')") == "nothing");
  CHECK(lua("#r, #r[1]") == "4");
  CHECK(lua("r[1].n") == "9007199254740993");
  CHECK(lua("math.type(r[1].n)") == "integer");
  CHECK(lua("r[1][1] .. tostring(r[1].ok) .. r[1].f") == "atrue1.5");
  CHECK(lua("r[2].n == nil and r[2].name == ''") == "true");
  CHECK(lua("r[3]") == "nothing");
  CHECK(lua("r[1].nam") == "usage: no column \"nam\"; there are: name n ok f; did you mean name?");
  CHECK(lua("r.name").ends_with("; a column is asked of a row: result[1].name"));
  CHECK(lua("r.sorrt").ends_with("; did you mean sort?"));
  CHECK(lua("r[2]") == R"({"name":"","n":null,"ok":false,"f":"NaN"})");
  lua.console.said.clear();
  lua("for row in r do for k, v in pairs(row) do print(k, v) end end");
  CHECK(lua.console.said ==
        "name\ta\nn\t9007199254740993\nok\ttrue\nf\t1.5\nname\t\nn\tnil\nok\tfalse\nf\tnan\n");
}

TEST_CASE("numerics keep their text and compare exactly") {
  Bench lua;
  lua.table = table({{"x", oid::numeric}}, {"0.10", "0.1", "12345678901234567890.12", "42", "NaN"});
  lua("r = sql('select 1')");
  CHECK(lua("tostring(r[1].x)") == "0.10");
  CHECK(lua("r[1].x == r[2].x") == "true");
  CHECK(lua("r[3].x > r[1].x and r[1].x < 1 and 0.05 < r[1].x and not (r[1].x >= 1)") == "true");
  CHECK(lua("r[4].x == 42") == "true");
  CHECK(lua("r[1].x + 1").starts_with("usage: the numeric 0.10 is exact"));
  CHECK(lua("tonumber(r[1].x) + 1") == "1.1");
  CHECK(lua("r[1].x < 'a'").starts_with("usage: a numeric cannot be compared with text"));
}

TEST_CASE("results are made from results") {
  Bench lua;
  lua.table = table({{"city"}, {"n", oid::int4}, {"x", oid::numeric}},
                    {"b", "10", "1.25", "a", "9", "-0.50", "b", std::nullopt, "100"});
  lua("r = sql('select 1')");
  CHECK(lua("r:sort('n')") == "city,n,x\na,9,-0.50\nb,10,1.25\nb,,100\n");
  CHECK(lua("r:sort('x', { descending = true })") == "city,n,x\nb,,100\nb,10,1.25\na,9,-0.50\n");
  CHECK(lua("r:group('city', { sum = 'x' })") == "city,count,sum_x\nb,2,101.25\na,1,-0.50\n");
  CHECK(lua("r:sum('n')") == "19");
  CHECK(lua("tostring(r:sum('x'))") == "100.75");
  CHECK(lua("r:sum('city')") == "usage: column city holds no numbers to add");
  CHECK(lua("r:column('n').n, r:column('n')[3], r:column('city')") == R"(["b","a","b"])");
  CHECK(lua("r:sort('m')") == "usage: no column \"m\"; there are: city n x");
  CHECK(lua("r:json()").starts_with("["));
  CHECK(lua("r:sort{ 'city desc', 'n' }") == "city,n,x\nb,10,1.25\nb,,100\na,9,-0.50\n");
  CHECK(lua("r:sort('city desk')") == "usage: no column \"city desk\"; there are: city n x");
  CHECK(
      lua("r:group{ by = 'city', sum = { 'n', 'x' }, min = 'x', max = 'n', avg = 'x' }") ==
      "city,count,sum_n,sum_x,min_x,max_n,avg_x\nb,2,10,101.25,1.25,10,50.625\na,1,9,-0.50,-0.50,9,-0.50\n");
  CHECK(lua("r:group{ by = 'city', avg = 'city' }") == "usage: column city holds no numbers to add");
}

TEST_CASE("pivot turns values into columns") {
  Bench lua;
  lua.table = table({{"region"}, {"plan"}, {"n", oid::int4}},
                    {"east", "pro", "10", "east", "free", "9", "west", "free", "2", "west", std::nullopt, "3",
                     "east", "free", "1"});
  lua("r = sql('select 1')");
  CHECK(lua("r:pivot{ rows = 'region', columns = 'plan' }") ==
        "region,free,pro,NULL\neast,2,1,0\nwest,1,0,1\n");
  CHECK(lua("r:pivot{ rows = 'region', columns = 'plan', value = 'n', with = 'sum' }") ==
        "region,free,pro,NULL\neast,10,10,\nwest,2,,3\n");
  CHECK(lua("r:pivot{ rows = 'region', columns = 'plan', value = 'n' }") ==
        "usage: 2 rows fall together at region = east, plan = free; say how to put them together: with = "
        "\"sum\" (or "
        "min, max, avg, count)");
  CHECK(lua("r:pivot{ rows = 'region', columns = 'plan', value = 'n', with = 'sun' }") ==
        "usage: no aggregate \"sun\"; did you mean sum? there are count sum min max avg");
  CHECK(lua("r:pivot{ rows = 'region', columns = 'plan', with = 'sum' }")
            .starts_with("usage: result.pivot: there is no value to put together"));
}

TEST_CASE("a chart has a bar for each row, negative ones to the left") {
  Bench lua;
  lua.table = table({{"city"}, {"n", oid::int4}}, {"ab", "4", "é", "-2", std::nullopt, std::nullopt});
  lua("r = sql('select 1')");
  CHECK(lua("r:chart('n', { width = 6 })") == "ab      │████ 4\né     ██│ -2\nNULL    │ NULL");
  CHECK(lua("r:chart('city')") == "usage: column city holds no numbers to draw");
  CHECK(lua("r:chart('n', { width = 0 })") == "usage: result.chart: width is 1 to 1000, not 0");
}

TEST_CASE("json and arrays decode on request") {
  Bench lua;
  lua.table = table({{"j", oid::jsonb}, {"a", 1009}},
                    {R"({"k": [1, null]})", R"({one,"two, three",NULL,4,"a:\"b\\",""})", std::nullopt, "{}"});
  lua("r = sql('select 1')");
  CHECK(lua("r:decode('j')[1].k[1]") == "1");
  CHECK(lua("r:decode('j')[1].k.n") == "2");
  CHECK(lua("r:decode('j').n") == "2");
  CHECK(lua("r:decode('a')[1]") == R"(["one","two, three",null,"4","a:\"b\\",""])");
  CHECK(lua("#r:decode('a')[2]") == "0");
}

TEST_CASE("what is decoded keeps its digits and its dimensions") {
  Bench lua;
  lua.table = table({{"j", oid::jsonb}, {"m", 1016}, {"x", 1231}, {"t", oid::text}},
                    {R"([9007199254740993, 18446744073709551615, 0.5, 1.10, 12345678901234567890.123456789])",
                     "{{9007199254740993,2},{3,NULL}}", "{1.10,NaN}", "{a:b}",  //
                     "1", "[0:1]={5,6}", "{}", R"({"a": [true]})"});
  lua("r = sql('select 1')");
  lua("j = r:decode('j')[1]");
  CHECK(lua("j[1] == 9007199254740993 and math.type(j[1]) == 'integer'") == "true");
  CHECK(lua("tostring(j[2]) .. ' ' .. j[3] .. ' ' .. j[4] .. ' ' .. tostring(j[5])") ==
        "18446744073709551615 0.5 1.1 12345678901234567890.123456789");
  CHECK(lua("r:decode('m')[1]") == "[[9007199254740993,2],[3,null]]");
  CHECK(lua("r:decode('m')[2]") == "[5,6]");
  CHECK(lua("tostring(r:decode('x')[1][1])") == "1.10");
  CHECK(lua("r:decode('t')") == R"([["a:b"],{"a":[true]}])");
  lua.table = table({{"j", oid::jsonb}, {"t", oid::text}, {"a", 1009}}, {"1e400", "plain", "{a,{b}"});
  lua("r = sql('select 1')");
  CHECK(lua("r:decode('j')") == "usage: row 1: 1e400 holds a number beyond 1e308");
  CHECK(lua("r:decode('t')") == "usage: row 1: plain is neither JSON nor an array");
  CHECK(lua("r:decode('a')") == "usage: row 1: {a,{b} is neither JSON nor an array");
}

TEST_CASE("save writes whole files and says a format it does not know") {
  Bench lua;
  lua.table = table({{"a"}}, {"1"});
  lua("r = sql('select 1')");
  CHECK(lua("r:save('/tmp/x.doc')") ==
        "usage: the name of /tmp/x.doc does not say a format; end it in .csv .tsv .json .jsonl .md or .html");
  CHECK(lua("r:save('/nowhere/x.csv')") == "io: cannot write /nowhere/x.csv: No such file or directory");
  CHECK(lua("r:save('/tmp/x.json', { excel = true })") ==
        "usage: excel = true is for files that end in .csv, not /tmp/x.json");
  CHECK(lua("r:save('/nowhere/x.csv', { plan = true })") ==
        "statement\nwrite 1 rows to /nowhere/x.csv\n [pending]");
}
