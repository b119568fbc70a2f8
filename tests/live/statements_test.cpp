// One text by psql, by the engine in one transaction and by the engine statement after statement: the
// databases are alike afterwards, and errors name the line that an editor shows.

#include <doctest/doctest.h>

#include "fleet/process.hpp"
#include "migrations/engine/sql_text.hpp"
#include "tests/live/fresh_database.hpp"
#include "tests/live/migration_answers.hpp"

using namespace migrations;
using tests::applied;
using tests::error_of;
using tests::FreshDatabase;
using tests::SetFolder;

namespace {

char const* const everything = R"file(-- Ends of statements that are none: ; ' " $$ /* in a line
create table "t;able" (id int, "näme;" text, note text default 'a;b');  /* a; /* nested; */ still; */
insert into "t;able" values (1, 'it''s; -- no comment', E'it\'s; \\'), (2, '/* no comment; */', $$dollar; '$$);
insert into "t;able" values (3, 'one;'
  ';two', $a$ $b$ ; $b$ $$ ; $$ $a$);
insert into "t;able" (id, "näme;") values (4, U&'d\0061t\+000061;'), (5, U&'d!0061t' UESCAPE '!'), (6, B'01'::text)
  on conflict do nothing;
;; ;
create function plain(a int) returns int language plpgsql as $body$
begin
  -- a comment; with 'quotes
  if a > 1 then raise notice '%;', $1; end if;
  execute $x$ insert into "t;able" (id) values ($1) $x$ using a;
  return a$$b(a);
end;
$body$;
create function a$$b(int) returns int language sql return $1 + 1;
select plain(7);
do $$ begin perform plain(8); exception when others then raise; end $$;
do 'begin perform plain(9); end';
create function standard(a int) returns text language sql
begin atomic
  select case when a > 1 then case a when 2 then 'two;' else 'many' end else 'end;' end;
  select standard2.v from (select 'last'::text as v) standard2;
end;
create procedure also(a int) begin atomic insert into "t;able" (id) values (a); insert into "t;able" (id) values (a + 1); end;
call also(20);
create view "v;" as select 1 as "a""b;", '; --' as c;
create rule several as on insert to "v;" do instead (insert into "t;able" (id) values (30); insert into "t;able" (id) values (31); select 1);
insert into "v;" values (1);
create function differ(int, int) returns boolean language sql immutable return $1 <> $2;
create operator <~!@#%^&|?> (leftarg = int, rightarg = int, function = differ);
create operator @- (rightarg = int, function = int4abs);
insert into "t;able" (id) select 40 where 1 <~!@#%^&|?> 2;
insert into "t;able" (id) select 3*/*no operator; */14 where 2<--at once; a comment
  3;
insert into "t;able" (id) values (@- -50);
comment on table "t;able" is 'says; "this" $$ and -- that /* too';
create type "mood;" as enum ('fi;ne', 'it''s');
create table Größe (U&"d\0061t\0061" "mood;" default 'fi;ne', bytes bytea default '\x5c3b');
insert into größe default values;
set search_path = public, pg_catalog; create function late() returns text language sql as 'select ''; $$ '';'; reset search_path;
insert into "t;able" (id, note) values (60, '
  three
lines;') /* the last one has no semicolon */ -- and a comment below
)file";

// What there is, one object, column or row a line.
char const* const contents = R"sql(
  select string_agg(line, E'\n' order by line) from (
    select 'function ' || oid::regprocedure || ' ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    union all select 'rule ' || pg_get_ruledef(oid) from pg_rewrite where ev_class in (select oid from pg_class where relnamespace = 'public'::regnamespace)
    union all select 'operator ' || oid::regoperator from pg_operator where oprnamespace = 'public'::regnamespace
    union all select 'comment ' || objoid::regclass || ' ' || description from pg_description where objoid >= 16384
    union all select 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
      where attnum > 0 and attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
    union all select 'row ' || oid::regclass || query_to_xml('select * from ' || oid::regclass || ' order by 1', true, true, '')
      from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) lines (line))sql";

void run_psql(FreshDatabase const& database, std::string const& file) {
  fleet::Endpoint const place = tests::ThrowawayCluster::shared().admin(database.name());
  std::string const password = tests::ThrowawayCluster::shared().secrets().resolve(place.password);
  fleet::run_checked(
      {.argv = {fleet::postgres_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", place.get("host"),
                "-p", place.get("port"), "-U", place.get("user"), "-d", database.name(), "-f", file},
       .environment = {{"PGPASSWORD", password}, {"PGCLIENTENCODING", "UTF8"}}});
}

std::string after_up(std::string const& text, std::string const& schema = "") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_x.sql", text);
  auto session = database.connect();
  if (!schema.empty()) session->query("create schema " + session->quote_identifier(schema));
  MigrationSet const set = folder.load(database.driver());
  CHECK(tests::listed(set.check()) == "");
  CHECK(applied(apply(*session, set, {.schema_name = schema})) == "001_x.sql");
  return database.one(contents);
}

std::string after_psql(std::string const& text) {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_x.sql", text);
  run_psql(database, (folder.path() / "001_x.sql").string());
  return database.one(contents);
}

std::string refusal(std::string const& text) {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_x.sql", text);
  auto session = database.connect();
  return error_of([&] { apply(*session, folder.load(database.driver()), {}); });
}

std::string with_crlf(std::string const& text) {
  std::string crlf;
  for (char c : text) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  return crlf;
}

}  // namespace

TEST_CASE("a file makes what psql makes of it, whole and by statement") {
  std::string const text = everything;
  std::string const by_psql = after_psql(text);
  CHECK(by_psql.find("three\nlines;") != std::string::npos);
  CHECK(after_up(text) == by_psql);
  CHECK(after_up("-- tenantsh: no-transaction\n" + text) == by_psql);
  // Lines end in LF whatever the checkout made of them.
  CHECK(after_up("\xEF\xBB\xBF" + with_crlf(text)) == by_psql);
  CHECK(after_up("\xEF\xBB\xBF-- tenantsh: no-transaction\r\n" + with_crlf(text)) == by_psql);
  CHECK(after_up("-- migrate:up\n" + text + "\n-- migrate:down\ndrop table \"t;able\";\n") == by_psql);
}

// psql takes the second line for a string without escapes, the server does not.
TEST_CASE("a string with escapes goes on in the next line") {
  std::string const text =
      "create table e (a text);\ninsert into e values (E'one\\''\n 'and\\';two');\nselect 1";
  for (std::string const head : {"", "-- tenantsh: no-transaction\n"})
    CHECK(after_up(head + text).find("<a>one'and';two</a>") != std::string::npos);
}

TEST_CASE("a lone CR ends a comment and stays in a string") {
  std::string const text =
      "-- all on one line\rcreate table cr (a text);\r-- more\rinsert into cr values ('a\rb');\r";
  std::string const by_psql = after_psql(text);
  CHECK(by_psql.find("cr.a text") != std::string::npos);
  CHECK(after_up(text) == by_psql);
  CHECK(after_up("-- tenantsh: no-transaction\r" + text) == by_psql);
}

TEST_CASE("{schema_name} is the same schema in every place, whatever its name") {
  std::string const text = R"file(
create table {schema_name}.t (id int, said text default '{schema_name}');
insert into {schema_name}.t values (1, '{schema_name}'), (2, E'{schema_name}'), (3, $q${schema_name}$q$), (4, U&'{schema_name}');
create table public.log_{schema_name}_x (id int);  -- {schema_name}; ' */
create function {schema_name}.f() returns int language plpgsql as $$
begin
  execute $x$ insert into {schema_name}.t values (5, '{schema_name}') $x$;
  execute format('insert into %I.t values (6, %L)', '{schema_name}', '{schema_name}');
  return (select count(*) from "{schema_name}".t where said = '{schema_name}');
end $$;
create table public.answer as select {schema_name}.f() as same, nspname from pg_namespace n
  where exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 't'); /* {schema_name} */
)file";
  for (std::string const schema :
       {"acme", "Needs Quoting", "o'B\"x;--", "a$$b$x$", "back\\slash", "*/ -- größe"}) {
    CAPTURE(schema);
    for (std::string const head : {"", "-- tenantsh: no-transaction\n"}) {
      FreshDatabase database;
      SetFolder folder;
      folder.write("001_x.sql", head + text);
      auto session = database.connect();
      session->query("create schema " + session->quote_identifier(schema));
      CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {.schema_name = schema}); }) ==
            "no error");
      // $q$…$q$ is code to us: its name comes with quotes.
      CHECK(database.one("select same || nspname from public.answer") == "5" + schema);
      CHECK(session->query({"select count(*) from pg_class where relname = 'log_' || $1 || '_x'", {schema}})
                .value() == "1");
    }
  }
}

TEST_CASE("errors name the line that an editor shows") {
  std::string const above = "/* größe; */ select 'ä;\n\n', $$\n;$$;\n";
  for (std::string const head : {"", "-- tenantsh: no-transaction\n", "-- x\n-- migrate:up\n\n"}) {
    CAPTURE(head);
    std::string const text = head + above + "select 'é',\n  nowhere;\n";
    int const line = line_of(text, text.find("nowhere"));
    std::string const wanted =
        "sql 42703: 001_x.sql:" + std::to_string(line) + ": column \"nowhere\" does not exist";
    CHECK(refusal(text).rfind(wanted, 0) == 0);
    CHECK(refusal("\xEF\xBB\xBF" + with_crlf(text)).rfind(wanted, 0) == 0);
  }
  CHECK(
      refusal("select 1;\n\nselect 1 1;\n").rfind("refused: 001_x.sql:3: syntax error at or near \"1\"", 0) ==
      0);
}

TEST_CASE("a file that ends too early is refused with the line where that begins") {
  std::string const above = "select 1;\n\n";
  std::string const below = "\nand on\n" + std::string(5000, 'x');
  for (auto const& [open, what] : {std::pair{"select 'open;", "unterminated quoted string"},
                                   {"select E'open\\'", "unterminated quoted string"},
                                   {"select \"open;", "unterminated quoted identifier"},
                                   {"select $a$ open $b$", "unterminated dollar-quoted string"},
                                   {"select 1 /* open /* */", "unterminated /* comment"}}) {
    CAPTURE(open);
    std::string const told = refusal(above + open + below);
    CHECK(told.rfind(std::string{"refused: 001_x.sql:3: "} + what, 0) == 0);
    CHECK(told.size() < 300);
  }
  CHECK(refusal("select (1;\n").rfind("refused: 001_x.sql:1: syntax error", 0) == 0);
}

TEST_CASE("what is no text, or no SQL, is refused before anything runs") {
  CHECK(refusal(std::string{"select 1;\0", 10}).rfind("refused: 001_x.sql: not UTF-8 text", 0) == 0);
  CHECK(refusal("select 'caf\xE9';").rfind("refused: 001_x.sql: not UTF-8 text", 0) == 0);
  for (char const* command :
       {"\\i a.sql", "\\copy t from 'x'", "\\restrict key", "\\connect db", "select 1 \\gexec"}) {
    CAPTURE(command);
    std::string const told = refusal("create table made ();\n" + std::string{command} + "\n");
    CHECK(told.rfind("refused: 001_x.sql:2: \\", 0) == 0);
    CHECK(told.find("is a command of psql, not SQL | ") != std::string::npos);
  }
  CHECK(
      refusal("create table t (a text);\ncopy t from stdin;\na;\n'\n\\.\n")
          .rfind("refused: 001_x.sql:2: COPY FROM STDIN has no data to read here | write the rows as INSERT",
                 0) == 0);
}

TEST_CASE("one statement of 20 MB is applied") {
  FreshDatabase database;
  SetFolder folder;
  std::string text = "create table rows (id int, note text);\ninsert into rows values\n";
  int rows = 0;
  while (text.size() < 20'000'000) text += "(" + std::to_string(rows++) + ", 'a row; with its''s quote'),\n";
  folder.write("001_x.sql", text + "(-1, 'the last')")
      .write("002_y.sql", "-- tenantsh: no-transaction\ninsert into rows values (0, '" +
                              std::string(18'000'000, ';') + "')");
  auto session = database.connect();
  CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {}); }) == "no error");
  CHECK(database.one("select count(*) from rows") == std::to_string(rows + 2));
}
