#include "shell/render.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "fleet/error.hpp"
#include "shell/text_width.hpp"

namespace {

using fleet::Column;
using fleet::Result;
using scripting::Json;
using shell::Format;
namespace oid = fleet::type_oid;

class Text final : public fleet::CopySink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

std::string rendered(scripting::Value const& value, shell::RenderOptions const& options) {
  Text out;
  shell::render(out, value, options);
  return out.text;
}

std::string rendered(scripting::Value const& value, Format format) {
  shell::RenderOptions options;
  options.format = format;
  return rendered(value, options);
}

scripting::Value rows(Result result) { return scripting::Rows{std::move(result), {}, 0}; }

// A row of every kind that one format or another must treat in its own way, and a row of NULLs.
Result mixed() {
  Result result{{{"name", oid::text},
                 {"n", oid::int8},
                 {"rate", oid::numeric},
                 {"ok", oid::boolean},
                 {"doc", oid::jsonb}}};
  for (auto const* cell : {"a,\"b\"", "12", "1.50", "t", "{\"k\": [1, null]}"}) result.append(cell);
  for (auto const* cell : {"", "-3", "NaN", "f", "\"x\""}) result.append(cell);
  for (int i = 0; i < 5; ++i) result.append(std::nullopt);
  return result;
}

Result one_column(std::initializer_list<char const*> cells, std::uint32_t type = oid::text) {
  Result result{std::vector<Column>{{"c", type}}};
  for (auto const* cell : cells) result.append(cell);
  return result;
}

}  // namespace

TEST_CASE("render: every format of one table") {
  CHECK(rendered(rows(mixed()), Format::table) ==
        " name  |  n | rate | ok    | doc\n"
        "-------+----+------+-------+------------------\n"
        " a,\"b\" | 12 | 1.50 | true  | {\"k\": [1, null]}\n"
        "       | -3 |  NaN | false | \"x\"\n"
        " ∅     |  ∅ |    ∅ | ∅     | ∅\n");
  CHECK(rendered(rows(mixed()), Format::csv) ==
        "name,n,rate,ok,doc\n"
        "\"a,\"\"b\"\"\",12,1.50,t,\"{\"\"k\"\": [1, null]}\"\n"
        "\"\",-3,NaN,f,\"\"\"x\"\"\"\n"
        ",,,,\n");
  CHECK(rendered(rows(mixed()), Format::tsv) ==
        "name\tn\trate\tok\tdoc\n"
        "a,\"b\"\t12\t1.50\tt\t{\"k\": [1, null]}\n"
        "\t-3\tNaN\tf\t\"x\"\n"
        "\\N\t\\N\t\\N\t\\N\t\\N\n");
  CHECK(
      rendered(rows(mixed()), Format::json) ==
      "[{\"name\": \"a,\\\"b\\\"\", \"n\": 12, \"rate\": 1.50, \"ok\": true, \"doc\": {\"k\": [1, null]}},\n"
      " {\"name\": \"\", \"n\": -3, \"rate\": \"NaN\", \"ok\": false, \"doc\": \"x\"},\n"
      " {\"name\": null, \"n\": null, \"rate\": null, \"ok\": null, \"doc\": null}]\n");
  CHECK(rendered(rows(mixed()), Format::jsonl) ==
        "{\"name\": \"a,\\\"b\\\"\", \"n\": 12, \"rate\": 1.50, \"ok\": true, \"doc\": {\"k\": [1, null]}}\n"
        "{\"name\": \"\", \"n\": -3, \"rate\": \"NaN\", \"ok\": false, \"doc\": \"x\"}\n"
        "{\"name\": null, \"n\": null, \"rate\": null, \"ok\": null, \"doc\": null}\n");
  CHECK(rendered(rows(mixed()), Format::markdown) ==
        "| name | n | rate | ok | doc |\n"
        "| --- | ---: | ---: | --- | --- |\n"
        "| a,\"b\" | 12 | 1.50 | t | {\"k\": [1, null]} |\n"
        "|  | -3 | NaN | f | \"x\" |\n"
        "| ∅ | ∅ | ∅ | ∅ | ∅ |\n");
  CHECK(rendered(rows(mixed()), Format::html) ==
        "<table>\n"
        "<tr><th>name</th><th>n</th><th>rate</th><th>ok</th><th>doc</th></tr>\n"
        "<tr><td>a,&quot;b&quot;</td><td align=\"right\">12</td><td align=\"right\">1.50</td><td>t</td>"
        "<td>{&quot;k&quot;: [1, null]}</td></tr>\n"
        "<tr><td></td><td align=\"right\">-3</td><td "
        "align=\"right\">NaN</td><td>f</td><td>&quot;x&quot;</td></tr>\n"
        "<tr><td class=\"null\"></td><td class=\"null\"></td><td class=\"null\"></td><td class=\"null\"></td>"
        "<td class=\"null\"></td></tr>\n"
        "</table>\n");
  CHECK(rendered(rows(one_column({"x", "y"})), Format::vertical) ==
        "-[ row 1 ]-\nc | x\n-[ row 2 ]-\nc | y\n");
}

TEST_CASE("render: no rows") {
  CHECK(rendered(rows(one_column({})), Format::table) == " c\n---\n");
  CHECK(rendered(rows(one_column({})), Format::json) == "[]\n");
  CHECK(rendered(rows(one_column({})), Format::jsonl) == "");
  CHECK(rendered(rows(one_column({})), Format::csv) == "c\n");
  CHECK(rendered(rows(Result{}), Format::table) == "");
  CHECK(rendered(rows(Result{}), Format::json) == "[]\n");
}

TEST_CASE("render: a repeated column name gets a number") {
  Result result{std::vector<Column>{Column{"a"}, Column{"a_2"}, Column{"a"}, Column{"a"}}};
  for (auto const* cell : {"1", "2", "3", "4"}) result.append(cell);
  CHECK(rendered(rows(result), Format::csv) == "a,a_2,a_3,a_4\n1,2,3,4\n");
}

TEST_CASE("render: JSON of numbers that JSON lacks, of json with line breaks, of bytes that are no UTF-8") {
  CHECK(rendered(rows(one_column({"Infinity", "-Infinity", "1e+20", "NaN"}, oid::float8)), Format::json) ==
        "[{\"c\": \"Infinity\"},\n {\"c\": \"-Infinity\"},\n {\"c\": 1e+20},\n {\"c\": \"NaN\"}]\n");
  CHECK(rendered(rows(one_column({"{\n \"a\" : \"x\\ny\"\r\n}"}, oid::json)), Format::jsonl) ==
        "{\"c\": {  \"a\" : \"x\\ny\"  }}\n");
  CHECK(rendered(rows(one_column({"a\xff", "tab\tend"})), Format::jsonl) ==
        "{\"c\": \"a\xef\xbf\xbd\"}\n{\"c\": \"tab\\tend\"}\n");
}

TEST_CASE("render: CSV quotes what would be read differently, and line breaks stay") {
  CHECK(rendered(rows(one_column({"two\nlines", " lead", "plain", "q\"q", "\r"})), Format::csv) ==
        "c\n\"two\nlines\"\n\" lead\"\nplain\n\"q\"\"q\"\n\"\r\"\n");
}

TEST_CASE("render: nothing in a table commands the terminal") {
  CHECK(rendered(rows(one_column({"\x1b[31mred\x07", "a\nb\tc",
                                  "\xe2\x80\xae"
                                  "evil",
                                  "bad\xff"})),
                 Format::table) ==
        " c\n---------------\n \\e[31mred\\x07\n a\\nb\\tc\n \\u{202e}evil\n bad\\xff\n");
  shell::RenderOptions screen;
  screen.format = Format::csv;
  screen.screen = shell::Screen::yes;
  CHECK(rendered(rows(one_column({"\x1b]0;title\x07"})), screen) == "c\n\\e]0;title\\x07\n");
}

TEST_CASE("render: wide characters and accents keep the columns straight") {
  Result result{std::vector<Column>{{"name", oid::text}, {"n", oid::int4}}};
  for (auto const* cell : {"日本", "1", "e\xcc\x81t\xc3\xa9", "22", "👩‍🔬", "3"}) result.append(cell);
  CHECK(rendered(rows(result), Format::table) ==
        " name |  n\n"
        "------+----\n"
        " 日本 |  1\n"
        " e\xcc\x81t\xc3\xa9  | 22\n"
        " 👩‍🔬   |  3\n");
  CHECK(shell::display_width("日本") == 4);
  CHECK(shell::cut_to_width("日本語", 4) == "日…");
  CHECK(shell::cut_to_width("abc", 3) == "abc");
}

TEST_CASE("render: a screen gets a row count and lines that fit, and is told what was cut") {
  Result result{std::vector<Column>{{"id", oid::int4}, {"note", oid::text}, {"last", oid::text}}};
  for (auto const* cell : {"1", "a note that is much too long for this screen", "x"}) result.append(cell);
  shell::RenderOptions options;
  options.screen = shell::Screen::yes;
  options.width = 30;
  CHECK(rendered(rows(result), options) ==
        " id | note             | last\n"
        "----+------------------+------\n"
        "  1 | a note that is … | x\n"
        "(1 row)\n"
        "(values cut to fit the screen; :vertical() or --format vertical shows them whole)\n");
  options.width = 16;
  CHECK(rendered(rows(result), options) ==
        " id | note\n"
        "----+----------\n"
        "  1 | a note …\n"
        "(1 row)\n"
        "(1 column did not fit: last; :vertical() or --format vertical shows all)\n");
}

TEST_CASE("render: a screen is shown so many rows and told of the rest; a pipe gets all") {
  Result result{std::vector<Column>{{"n", oid::int4}}};
  for (int n = 0; n < 12345; ++n) result.append(std::to_string(n));
  shell::RenderOptions options;
  options.rows = 2;
  CHECK(rendered(rows(result), options).size() > 60000);
  options.screen = shell::Screen::yes;
  CHECK(rendered(rows(result), options) ==
        " n\n---\n 0\n 1\n"
        "… 12,343 more rows: :save(\"rows.csv\") or a pipe gets all 12,345, shell:set{ display_rows = 0 } "
        "shows "
        "them\n");
  options.format = Format::vertical;
  CHECK(rendered(rows(result), options).starts_with("-[ row 1 ]-\nn | 0\n-[ row 2 ]-\nn | 1\n… 12,343 more"));
  options.format = Format::csv;
  CHECK(rendered(rows(result), options).ends_with("\n12344\n"));
  options.format = Format::table;
  options.rows = 0;
  CHECK(rendered(rows(result), options).ends_with("12344\n(12345 rows)\n"));
}

TEST_CASE("render: many columns that do not fit are named as far as a line goes") {
  std::vector<Column> columns;
  for (int n = 0; n < 100; ++n) columns.push_back({"column_" + std::to_string(n), oid::int4});
  Result result{columns};
  for (int n = 0; n < 100; ++n) result.append(std::to_string(n));
  shell::RenderOptions options;
  options.screen = shell::Screen::yes;
  options.width = 100;
  std::string const text = rendered(rows(result), options);
  CHECK(text.substr(text.find("(1 row)")) ==
        "(1 row)\n(91 columns did not fit: column_9, column_10, …; :vertical() or --format vertical shows "
        "all)\n");
}

TEST_CASE("render: CSV for a spreadsheet program runs no formula and loses no digit") {
  Result result{std::vector<Column>{{"=name", oid::text}, {"n", oid::numeric}}};
  for (auto const* cell : {"=1+1", "1.50", "+49 30", "-9007199254740993", "-x", "123456789012345", "@SUM(A1)",
                           "1234567890123456", "\t=1", "-3", "00431", "0.1", "1E5", "NaN", "a\nb", "12"})
    result.append(cell);
  result.append(std::nullopt);
  result.append(std::nullopt);
  shell::RenderOptions options;
  options.format = Format::csv;
  options.spreadsheet = shell::Spreadsheet::yes;
  CHECK(rendered(rows(result), options) ==
        "\xef\xbb\xbf'=name,n\r\n"
        "'=1+1,1.50\r\n"
        "'+49 30,\"=\"\"-9007199254740993\"\"\"\r\n"
        "'-x,123456789012345\r\n"
        "'@SUM(A1),\"=\"\"1234567890123456\"\"\"\r\n"
        "'\t=1,-3\r\n"
        "\"=\"\"00431\"\"\",0.1\r\n"
        "\"=\"\"1E5\"\"\",NaN\r\n"
        "\"a\nb\",12\r\n"
        ",\r\n");
}

TEST_CASE("render: Markdown keeps what it would trim or read as markup; HTML keeps carriage returns") {
  CHECK(rendered(rows(one_column({" a ", "&lt; & [x](y) [z]", "a\tb\rc", "∅", "~~x~~"})), Format::markdown) ==
        "| c |\n| --- |\n"
        "| &#32;a&#32; |\n"
        "| &amp;lt; & [x\\](y) [z] |\n"
        "| a&#9;b&#13;c |\n"
        "| <!---->∅ |\n"
        "| \\~\\~x\\~\\~ |\n");
  CHECK(rendered(rows(one_column({"a\r\x01<"})), Format::html) ==
        "<table>\n<tr><th>c</th></tr>\n<tr><td>a&#13;\\x01&lt;</td></tr>\n</table>\n");
  CHECK(rendered(rows(one_column({"\\."})), Format::csv) == "c\n\"\\.\"\n");
}

TEST_CASE("render: Lua values") {
  CHECK(rendered(std::monostate{}, Format::table) == "");
  CHECK(rendered(Json(1), Format::table) == "1\n");
  CHECK(rendered(Json(nullptr), Format::table) == "nil\n");
  CHECK(rendered(Json(nullptr), Format::json) == "null\n");
  CHECK(rendered(Json(true), Format::table) == "true\n");
  CHECK(rendered(Json(2.5), Format::json) == "2.5\n");
  CHECK(rendered(Json(std::numeric_limits<double>::infinity()), Format::table) == "Infinity\n");
  CHECK(rendered(Json(std::nan("")), Format::json) == "\"NaN\"\n");
  CHECK(rendered(Json("two\nlines\x1b"), Format::table) == "two\nlines\\e\n");
  // Still JSON when it holds what a terminal must not get.
  CHECK(rendered(Json{{"a", "\xe2\x80\xae\x7f"}}, Format::table) == R"({"a":"\u202e\u007f"})"
                                                                    "\n");
  CHECK(rendered(Json("text"), Format::json) == "\"text\"\n");
  CHECK(rendered(Json::parse("[1,2,{\"a\":[]}]"), Format::table) == "[1, 2, {\"a\": []}]\n");
  CHECK(rendered(Json::parse("[1,2]"), Format::jsonl) == "1\n2\n");
  CHECK(rendered(Json(7), Format::csv) == "value\n7\n");
}

TEST_CASE("render: a list of objects is a table") {
  Json const list =
      Json::parse(R"([{"slug":"acme","n":1},{"n":2.5,"slug":null,"tags":["x"]},{"slug":true}])");
  CHECK(rendered(list, Format::table) ==
        " slug |   n | tags\n"
        "------+-----+-------\n"
        " acme |   1 | ∅\n"
        " ∅    | 2.5 | [\"x\"]\n"
        " true |   ∅ | ∅\n");
  CHECK(rendered(list, Format::csv) == "slug,n,tags\nacme,1,\n,2.5,\"[\"\"x\"\"]\"\ntrue,,\n");
}

TEST_CASE("render: cards and handles") {
  scripting::Card const card{"tenant acme", {{"status", "active"}, {"display name", "Acme \x1b"}}};
  CHECK(rendered(card, Format::table) == "tenant acme\n  status:       active\n  display name: Acme \\e\n");
  CHECK(rendered(card, Format::json) == "{\"status\": \"active\", \"display name\": \"Acme \\u001b\"}\n");
  CHECK(rendered(card, Format::csv) == "status,display name\nactive,Acme \x1b\n");
  CHECK(rendered(scripting::TenantRef{"acme"}, Format::table) == "<tenant acme>\n");
  CHECK(rendered(scripting::TenantRef{"acme"}, Format::json) == "\"<tenant acme>\"\n");
  CHECK(rendered(scripting::Unknown{"id of the new tenant"}, Format::table) ==
        "<unknown: id of the new tenant>\n");
}

TEST_CASE("render: a secret is replaced before its cell is cut") {
  shell::RenderOptions options;
  options.redact = [](std::string text) {
    return text.find("hunter2") == 0 ? std::string{"env:PASSWORD"} : text;
  };
  options.width = 12;
  options.screen = shell::Screen::yes;
  CHECK(rendered(rows(one_column({"hunter2"})), options).find("hunter") == std::string::npos);
}

TEST_CASE("render: an unknown format names the near and the known ones") {
  try {
    (void)shell::parse_format("jason");
    CHECK(false);
  } catch (fleet::Error const& error) {
    CHECK(error.describe() ==
          "unknown format \"jason\"\n  hint: did you mean json? the formats are table, vertical, csv, tsv, "
          "json, "
          "jsonl, markdown, html");
  }
}
