#include "migrations/engine/sql_text.hpp"

#include <doctest/doctest.h>

#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/statements.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;

namespace {

std::string heads(std::string_view sql) {
  std::string text;
  for (Head const& head : statement_heads(sql))
    text += std::to_string(head.offset) + " " + tests::listed(head.words) +
            (head.from_stdin ? " <stdin" : "") + "\n";
  return text;
}

std::string marked(std::string_view sql) {
  std::string text;
  for (Region const& region : regions(sql)) {
    text += "ctidq"[static_cast<int>(region.kind)];
    text += '[' + std::string{sql.substr(region.begin, region.end - region.begin)} + ']';
  }
  return text;
}

}  // namespace

TEST_CASE("regions of SQL text") {
  CHECK(marked("a 'b''c' \"d\"\"e\" $$f;$$ $x$ $$ $x$ -- g\nh") ==
        "c[a ]t['b''c']c[ ]i[\"d\"\"e\"]c[ ]d[$$f;$$]c[ ]d[$x$ $$ $x$]c[ ]q[-- g]c[\nh]");
  CHECK(marked("E'\\'' 'a\\' x /* b /* c */ d */ $1 a$b$") ==
        "c[E]t['\\'']c[ ]t['a\\']c[ x ]q[/* b /* c */ d */]c[ $1 a$b$]");
  // An identifier may hold dollar signs, a number may not; E alone is the mark of escapes, also on the next
  // line.
  CHECK(marked("a$$b$$c 1$$;$$ $1$$;$$") == "c[a$$b$$c 1]d[$$;$$]c[ $1]d[$$;$$]");
  CHECK(marked("a$e'\\' fe'\\'") == "c[a$e]t['\\']c[ fe]t['\\']");
  CHECK(marked("e'\\''\n -- it's\n'\\';'") == "c[e]t['\\'']c[\n ]q[-- it's]c[\n]t['\\';']");
  CHECK(marked("e'a' '\\'") == "c[e]t['a']c[ ]t['\\']");
  CHECK(marked("-- a\rb -- c\r\nd") == "q[-- a]c[\rb ]q[-- c]c[\r\nd]");
  CHECK(marked("'open") == "t['open]");
  CHECK(marked("/* open") == "q[/* open]");
  CHECK(marked("$$ open") == "d[$$ open]");
  CHECK(marked("") == "");
}

TEST_CASE("heads of statements") {
  CHECK(heads("select 1; ; -- x;\n insert into t values (1; 2);") == "0 SELECT 1\n19 INSERT INTO T VALUES\n");
  CHECK(heads("copy t (a) from stdin;\n1\tcommit;\n") == "0 COPY T FROM STDIN <stdin\n");
  CHECK(heads("select 1;\n\\i x.sql\nselect 2;") == "0 SELECT 1\n10 \\i\n");
  CHECK(heads("create function f() returns int begin atomic select 1; end; commit") ==
        "0 CREATE FUNCTION F RETURNS INT BEGIN\n60 COMMIT\n");
  CHECK(heads("(x from stdin); (begin atomic) a") == "31 A\n");
  CHECK(heads("") == "");
}

TEST_CASE("UTF-8 and positions in characters") {
  CHECK(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (char const* bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                          "\xF4\x90\x80\x80", "\xFF", "\xE2\x82"}) {
    CAPTURE(bad);
    CHECK(!is_utf8(bad));
  }
  CHECK(byte_offset("é\nx", 1) == 0);
  CHECK(byte_offset("é\nx", 3) == 3);
  CHECK(byte_offset("é", 99) == 2);
  CHECK(line_of("a\nb\nc", 2) == 2);
}

TEST_CASE("statements of a file") {
  std::string text;
  for (Piece const& piece :
       split_statements("-- one\nselect 1;\n/* two */ vacuum t ;\n;create function f() returns "
                        "int language sql begin atomic select 1; end"))
    text += std::to_string(piece.offset) + " " + piece.sql + "\n";
  CHECK(text ==
        "7 select 1\n27 vacuum t \n39 create function f() returns int language sql begin atomic select 1; "
        "end\n");
  CHECK(split_statements("-- nothing").empty());
  CHECK(split_statements("select 1; alter table t newer syntax; select 2").size() == 3);
}

TEST_CASE("CREATE INDEX CONCURRENTLY is taken apart") {
  auto index = concurrent_index("create unique index concurrently if not exists \"A b\" on s.\"T\" (id)");
  REQUIRE(index);
  CHECK(index->schema == "s");
  CHECK(index->table == "T");
  CHECK(index->name == "A b");
  CHECK(!concurrent_index("create index a on t (id)"));
  CHECK(!concurrent_index("drop index concurrently a"));
  CHECK(!concurrent_index("create index concurrently a on"));
}

TEST_CASE("{schema_name} becomes what its place needs") {
  CHECK(fill_schema("create table {schema_name}.t ();", "acme") == "create table \"acme\".t ();");
  CHECK(fill_schema("select '{schema_name}.t', \"{schema_name}\" -- {schema_name}\n", "o'B\"x") ==
        "select 'o''B\"x.t', \"o'B\"\"x\" -- schema\n");
  CHECK(fill_schema("table AUDIT_{schema_name}_Log, {schema_name}_{schema_name}.x", "O\"x") ==
        "table \"audit_O\"\"x_log\", \"O\"\"x_O\"\"x\".x");
  CHECK(fill_schema("E'{schema_name}' U&\"{schema_name}\" '{schema_name}'", "a\\b") ==
        "E'a\\\\b' U&\"a\\\\b\" 'a\\b'");
  CHECK(fill_schema("do $$ select {schema_name}.f() $$;", "a$$b") ==
        "do $tenantsh1$ select \"a$$b\".f() $tenantsh1$;");
  CHECK(fill_schema("$a$ '{schema_name}", "x") == "$a$ 'x");
  CHECK(fill_schema("do $x$ begin perform '{schema_name}', {schema_name}.f(); end $x$", "a") ==
        "do $x$ begin perform 'a', \"a\".f(); end $x$");
  CHECK(fill_schema("select {other}", "a") == "select {other}");
  CHECK(parseable("{schema_name}").size() == schema_placeholder.size());
}
