#include "fleet/statement.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "fleet/error.hpp"

namespace {

// "effect | verb | functions | flags", or the error.
std::string facts(std::string_view sql) {
  try {
    auto const found = fleet::examine_statement(sql);
    std::string line = std::to_string(found.statements) + " " + std::string(fleet::to_string(found.effect)) +
                       " | " + found.verb;
    for (auto const& name : found.functions) line += " | " + name;
    if (found.transaction_forbidden) line += " | forbidden";
    if (found.transaction_control) line += " | control";
    return line;
  } catch (fleet::Error const& error) {
    return error.sqlstate + " at " + std::to_string(error.position) + ": " + error.message;
  }
}

struct Case {
  std::string_view sql, expected;
};

Case const cases[] = {
    {"", "0 read | "},
    {"-- only\n/* a /* nested */ comment */ ;;", "0 read | "},
    {"select 1", "1 read | SELECT"},
    {"select 1; select 2;", "2 read | SELECT"},
    {"table t", "1 read | SELECT"},
    {"values (1), (2)", "1 read | VALUES"},
    {"show work_mem", "1 read | SHOW"},
    {"select 1 union values (2) order by 1", "1 read | SELECT"},
    {"with x as (select * from t) select count(*), sum(a) over (order by b) from x", "1 read | SELECT"},
    {"select lower(a), pg_catalog.upper(b), now(), random(), pg_sleep(0), extract(year from c), "
     "trim(d), coalesce(e, current_user), f::regclass, g at time zone 'UTC' from t",
     "1 read | SELECT"},
    {"select pg_size_pretty(pg_database_size(current_database())), pg_is_in_recovery(), pg_backend_pid()",
     "1 read | SELECT"},
    {"select * from generate_series(1, 3), pg_get_keywords(), unnest(array[1])", "1 read | SELECT"},

    {"select f(1), f(2), app.g(1) from t", "1 write | SELECT calling f() | f | app.g"},
    {"select app.lower('X')", "1 write | SELECT calling app.lower() | app.lower"},
    {"select * from t where id = (select nextval('s'))", "1 write | SELECT calling nextval() | nextval"},
    {"values (nextval('s'))", "1 write | VALUES calling nextval() | nextval"},
    {"select * from lateral rows from (f(1)) x", "1 write | SELECT calling f() | f"},
    {"select 1 from t, lateral app.rows_of(t.id) x", "1 write | SELECT calling app.rows_of() | app.rows_of"},
    {"select a from t order by f(a)", "1 write | SELECT calling f() | f"},
    {"select set_config('transaction_read_only', 'off', true)",
     "1 session | SELECT calling set_config() | set_config"},
    {"select pg_advisory_lock(1)", "1 session | SELECT calling pg_advisory_lock() | pg_advisory_lock"},
    {"select pg_terminate_backend(pid) from pg_stat_activity",
     "1 outside | SELECT calling pg_terminate_backend() | pg_terminate_backend"},
    {"select lo_create(0)", "1 write | SELECT calling lo_create() | lo_create"},
    {"select query_to_xml('delete from t', true, true, '')",
     "1 write | SELECT calling query_to_xml() | query_to_xml"},
    {"select table_to_xml('t', true, true, '')", "1 write | SELECT calling table_to_xml() | table_to_xml"},
    {"select pg_read_file('/etc/passwd')", "1 write | SELECT calling pg_read_file() | pg_read_file"},
    {"select txid_current()", "1 write | SELECT calling txid_current() | txid_current"},
    {"select pg_notify('a', 'b')", "1 write | SELECT calling pg_notify() | pg_notify"},

    // Written like a column, called all the same.
    {"select ('s'::regclass).nextval", "1 write | SELECT calling nextval() | nextval"},
    {"select (a[1]).lo_create from t", "1 write | SELECT calling lo_create() | lo_create"},
    {"select x.pg_cancel_backend from generate_series(1, 9) x",
     "1 outside | SELECT calling pg_cancel_backend() | pg_cancel_backend"},
    {"update t set a = (b).pg_terminate_backend",
     "1 outside | UPDATE calling pg_terminate_backend() | pg_terminate_backend"},
    {"select (address).city, t.nextvalue, (a).lower, t.a[1] from t", "1 read | SELECT"},

    {"select * into copy from t", "1 write | SELECT INTO"},
    {"select * from t for update", "1 write | SELECT FOR UPDATE"},
    {"select * from t for no key update skip locked", "1 write | SELECT FOR NO KEY UPDATE"},
    {"select * from (select * from t for share) x", "1 write | SELECT FOR SHARE"},
    {"select * from t for key share", "1 write | SELECT FOR KEY SHARE"},
    {"with x as (delete from t returning *) select * from x", "1 write | DELETE"},
    {"with x as (insert into a values (1) returning *) insert into b select * from x", "1 write | INSERT"},
    {"select (with x as (update t set a = 1 returning *) select 1 from x)", "1 write | UPDATE"},
    {"insert into t values (1)", "1 write | INSERT"},
    {"insert into t select pg_reload_conf()", "1 outside | INSERT calling pg_reload_conf() | pg_reload_conf"},
    {"update t set a = f(a)", "1 write | UPDATE | f"},
    {"delete from t", "1 write | DELETE"},
    {"merge into t using s on t.a = s.a when matched then delete", "1 write | MERGE"},
    {"truncate t", "1 write | TRUNCATE"},
    {"lock t", "1 write | LOCK"},
    {"notify c", "1 write | NOTIFY"},
    {"do $$ begin null; end $$", "1 write | DO"},
    {"call app.p(f(1))", "1 write | CALL | app.p | f"},
    {"execute p(1)", "1 write | EXECUTE"},
    {"analyze t", "1 write | ANALYZE"},

    {"copy t to stdout", "1 read | COPY TO STDOUT"},
    {"copy (select f(1)) to stdout", "1 write | SELECT calling f() | f"},
    {"copy (delete from t returning *) to stdout", "1 write | DELETE"},
    {"copy t from stdin", "1 write | COPY FROM"},
    {"copy t from '/tmp/x'", "1 write | COPY FROM"},
    {"copy t from program 'curl x'", "1 outside | COPY FROM PROGRAM"},
    {"copy t to '/tmp/x'", "1 outside | COPY TO a server file"},
    {"copy (select 1) to program 'sh'", "1 outside | COPY TO PROGRAM"},

    {"explain select f(1)", "1 read | EXPLAIN"},
    {"explain delete from t", "1 read | EXPLAIN"},
    {"explain analyze select 1", "1 read | EXPLAIN"},
    {"explain analyze delete from t", "1 write | DELETE"},
    {"explain (analyze) select f(1)", "1 write | SELECT calling f() | f"},
    {"explain (verbose, analyze on) delete from t", "1 write | DELETE"},
    {"explain (analyze off) delete from t", "1 read | EXPLAIN"},
    {"explain (analyze 0) delete from t", "1 read | EXPLAIN"},
    {"explain (analyze 1) delete from t", "1 write | DELETE"},
    {"explain (analyze true) execute p", "1 write | EXECUTE"},
    {"explain analyze create table a as select 1", "1 write | CREATE TABLE AS"},

    {"set work_mem = '1MB'", "1 session | SET"},
    {"set transaction read write", "1 session | SET"},
    {"set local role r", "1 session | SET"},
    {"reset all", "1 session | RESET"},
    {"discard temp", "1 session | DISCARD"},
    {"discard all", "1 session | DISCARD | forbidden"},
    {"begin", "1 session | BEGIN | control"},
    {"start transaction read only", "1 session | START | control"},
    {"commit and chain", "1 session | COMMIT | control"},
    {"end", "1 session | COMMIT | control"},
    {"abort", "1 session | ROLLBACK | control"},
    {"savepoint a", "1 session | SAVEPOINT"},
    {"rollback to a", "1 session | ROLLBACK TO"},
    {"release a", "1 session | RELEASE"},
    {"prepare transaction 'x'", "1 outside | PREPARE TRANSACTION | control"},
    {"commit prepared 'x'", "1 outside | COMMIT PREPARED | forbidden | control"},
    {"rollback prepared 'x'", "1 outside | ROLLBACK PREPARED | forbidden | control"},
    {"listen c", "1 session | LISTEN"},
    {"unlisten *", "1 session | UNLISTEN"},
    {"load 'x'", "1 session | LOAD"},
    {"prepare p as delete from t", "1 session | PREPARE"},
    {"deallocate all", "1 session | DEALLOCATE"},
    {"declare c cursor for select 1", "1 session | DECLARE"},
    {"declare c cursor for select f(1)", "1 write | SELECT calling f() | f"},
    {"fetch all from c", "1 session | FETCH"},
    {"move 1 in c", "1 session | MOVE"},
    {"close c", "1 session | CLOSE"},
    {"set constraints all deferred", "1 session | SET CONSTRAINTS"},

    {"create database d", "1 outside | CREATE DATABASE | forbidden"},
    {"drop database if exists d", "1 outside | DROP DATABASE | forbidden"},
    {"alter database d set tablespace x", "1 outside | ALTER DATABASE SET TABLESPACE | forbidden"},
    {"alter database d set work_mem = '1MB'", "1 write | ALTER DATABASE"},
    {"alter database d connection limit 1", "1 write | ALTER DATABASE"},
    {"alter database d rename to e", "1 write | ALTER DATABASE RENAME"},
    {"alter database d owner to o", "1 write | ALTER DATABASE OWNER"},
    {"create tablespace x location '/x'", "1 outside | CREATE TABLESPACE | forbidden"},
    {"drop tablespace x", "1 outside | DROP TABLESPACE | forbidden"},
    {"alter tablespace x set (seq_page_cost = 1)", "1 write | ALTER TABLESPACE"},
    {"alter system set work_mem = '1MB'", "1 outside | ALTER SYSTEM | forbidden"},
    {"alter system reset all", "1 outside | ALTER SYSTEM | forbidden"},
    {"vacuum", "1 outside | VACUUM | forbidden"},
    {"vacuum (full, analyze) t", "1 outside | VACUUM | forbidden"},
    {"cluster", "1 outside | CLUSTER | forbidden"},
    {"cluster t using i", "1 write | CLUSTER"},
    {"reindex table t", "1 write | REINDEX"},
    {"reindex table concurrently t", "1 outside | REINDEX CONCURRENTLY | forbidden"},
    {"reindex (concurrently false) index i", "1 write | REINDEX"},
    {"reindex schema s", "1 outside | REINDEX SCHEMA | forbidden"},
    {"reindex database d", "1 outside | REINDEX DATABASE | forbidden"},
    {"reindex system d", "1 outside | REINDEX SYSTEM | forbidden"},
    {"create index i on t (a)", "1 write | CREATE INDEX"},
    {"create unique index concurrently on t (a)", "1 outside | CREATE INDEX CONCURRENTLY | forbidden"},
    {"drop index i", "1 write | DROP INDEX"},
    {"drop index concurrently i", "1 outside | DROP INDEX CONCURRENTLY | forbidden"},
    {"alter table t detach partition p", "1 write | ALTER TABLE"},
    {"alter table t detach partition p concurrently",
     "1 outside | ALTER TABLE DETACH PARTITION CONCURRENTLY | forbidden"},
    {"create subscription s connection 'x' publication p", "1 outside | CREATE SUBSCRIPTION | forbidden"},
    {"create subscription s connection 'x' publication p with (create_slot = false)",
     "1 write | CREATE SUBSCRIPTION"},
    {"create subscription s connection 'x' publication p with (connect = false)",
     "1 write | CREATE SUBSCRIPTION"},
    {"alter subscription s refresh publication", "1 outside | ALTER SUBSCRIPTION | forbidden"},
    {"alter subscription s add publication p", "1 outside | ALTER SUBSCRIPTION | forbidden"},
    {"alter subscription s set publication p with (refresh = false)", "1 write | ALTER SUBSCRIPTION"},
    {"alter subscription s disable", "1 write | ALTER SUBSCRIPTION"},
    {"drop subscription s", "1 outside | DROP SUBSCRIPTION | forbidden"},
    {"checkpoint", "1 outside | CHECKPOINT"},

    {"create table t (id bigint default nextval('s'))", "1 write | CREATE TABLE"},
    {"create table a as select f(1)", "1 write | CREATE TABLE AS | f"},
    {"create materialized view a as select 1", "1 write | CREATE MATERIALIZED VIEW"},
    {"refresh materialized view a", "1 write | REFRESH MATERIALIZED VIEW"},
    {"create view v as select pg_reload_conf()", "1 write | CREATE VIEW"},
    {"create function f() returns int language sql begin atomic select 1; end", "1 write | CREATE FUNCTION"},
    {"create procedure p() language sql as ''", "1 write | CREATE PROCEDURE"},
    {"create trigger x after insert on t execute function f()", "1 write | CREATE TRIGGER"},
    {"create extension citext", "1 write | CREATE EXTENSION"},
    {"create role r", "1 write | CREATE ROLE"},
    {"create type e as enum ('a')", "1 write | CREATE TYPE"},
    {"create schema s create table t (a int)", "1 write | CREATE SCHEMA"},
    {"create publication p for all tables", "1 write | CREATE PUBLICATION"},
    {"create aggregate a (int) (sfunc = f, stype = int)", "1 write | CREATE AGGREGATE"},
    {"alter table t add a int", "1 write | ALTER TABLE"},
    {"alter table t rename a to b", "1 write | ALTER TABLE RENAME"},
    {"alter view v set schema s", "1 write | ALTER VIEW SET SCHEMA"},
    {"alter type e add value 'b'", "1 write | ALTER TYPE"},
    {"alter role r set work_mem = '1MB'", "1 write | ALTER ROLE"},
    {"drop schema s cascade", "1 write | DROP SCHEMA"},
    {"drop materialized view v", "1 write | DROP MATERIALIZED VIEW"},
    {"drop foreign table f", "1 write | DROP FOREIGN TABLE"},
    {"drop role r", "1 write | DROP ROLE"},
    {"drop owned by r", "1 write | DROP OWNED"},
    {"grant select on t to r", "1 write | GRANT"},
    {"grant a to b", "1 write | GRANT"},
    {"revoke select on t from r", "1 write | REVOKE"},
    {"revoke a from b", "1 write | REVOKE"},
    {"comment on table t is 'x'", "1 write | COMMENT"},
    {"import foreign schema a from server b into c", "1 write | IMPORT FOREIGN SCHEMA"},

    {"select 1; delete from t; vacuum; set a = 1", "4 outside | VACUUM | forbidden"},
    {"set a = 1; insert into t values (1)", "2 write | INSERT"},
    {"select 1; commit", "2 session | COMMIT | control"},
    {"insert into t values (1); commit; create database d",
     "3 outside | CREATE DATABASE | forbidden | control"},

    {"selec 1", "42601 at 1: syntax error at or near \"selec\""},
    {"select 'ä', ]", "42601 at 13: syntax error at or near \"]\""},
    {"select", "1 read | SELECT"},
    {"select 'open", "42601 at 8: unterminated quoted string at or near \"'open\""},
    {"select $$ open", "42601 at 8: unterminated dollar-quoted string at or near \"$$ open\""},
    {"/* open", "42601 at 1: unterminated /* comment at or near \"/* open\""},
    {"select (1", "42601 at 10: syntax error at end of input"},
    {"\\d t", "42601 at 1: syntax error at or near \"\\\""},
    {std::string_view("select 1\0; drop table t", 23), "22021 at 9: the statement holds a NUL byte"},
    {"select 'ä\xff'", "22021 at 10: the statement is not valid UTF-8"},
    {"select '\xc0\xaf'", "22021 at 9: the statement is not valid UTF-8"},
    {"select '\xed\xa0\x80'", "22021 at 9: the statement is not valid UTF-8"},
    {"select '\xf4\x90\x80\x80'", "22021 at 9: the statement is not valid UTF-8"},
    {"select '\xe2\x82", "22021 at 9: the statement is not valid UTF-8"},
    {"select '\xf0\x9f\x8c\xb3'", "1 read | SELECT"},
};

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int count = 0; count < times; ++count) text += piece;
  return text;
}

}  // namespace

TEST_CASE("examine_statement") {
  for (auto const& [sql, expected] : cases) {
    CAPTURE(std::string(sql));
    CHECK(facts(sql) == expected);
  }
}

TEST_CASE("examine_statement of long and deep texts") {
  CHECK(facts("select " + repeated("(", 20000) + "1" + repeated(")", 20000)) ==
        "42601 at 10004: memory exhausted at or near \"(\"");
  CHECK(facts("select " + repeated("- ", 20000) + "a").substr(0, 8) == "42601 at");
  CHECK(facts("select 1" + repeated("+1", 100000)) == "1 read | SELECT");
  CHECK(facts("select 1" + repeated("::int", 100000)) == "1 read | SELECT");
  CHECK(facts("select 1" + repeated(" union select 1", 50000)) == "1 read | SELECT");
  CHECK(facts("select f(1)" + repeated("||app.g(1)", 20000)) == "1 write | SELECT calling f() | f | app.g");
  CHECK(facts("begin;" + repeated("insert into t values (1, 'ä');\n", 5000) + "commit") ==
        "5002 write | INSERT | control");
  CHECK(facts(repeated("select 'ä';", 3000) + "]") == "42601 at 33001: syntax error at or near \"]\"");
  CHECK(facts("select '" + repeated("x", 16 * 1024 * 1024) + "'") ==
        "54000 at 1: a statement of more than 16 MiB is not examined");
}

TEST_CASE("examine_statement on several threads") {
  std::vector<std::string> found(8);
  std::vector<std::thread> threads;
  for (auto& line : found)
    threads.emplace_back([&line] {
      for (int count = 0; count < 200; ++count) line = facts("delete from t") + " " + facts("selec 1");
    });
  for (auto& thread : threads) thread.join();
  for (auto const& line : found)
    CHECK(line == "1 write | DELETE 42601 at 1: syntax error at or near \"selec\"");
}
