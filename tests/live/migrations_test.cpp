// The migration engine against a real server: what operators meet.

#include <doctest/doctest.h>

#include "tests/live/fresh_database.hpp"
#include "tests/live/migration_answers.hpp"

using namespace migrations;
using tests::applied;
using tests::error_of;
using tests::FreshDatabase;
using tests::listed;
using tests::recorded;
using tests::SetFolder;
using namespace std::chrono_literals;

TEST_CASE("pending files run in order, once, and are recorded") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("9_a.sql", "create table a (id int)")
      .write("10_b.sql", "-- more\r\ncreate table b (id int);\r\ninsert into b values (1);\r\n");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(recorded(*session) == "");
  CHECK(database.one("select to_regnamespace('tenantsh') is null") == "t");  // reading wrote nothing
  CHECK(applied(apply(*session, set, {.applied_by = "ops@here", .run_id = "r1"})) == "9_a.sql 10_b.sql");
  CHECK(database.one("select count(*) from b") == "1");
  CHECK(database.one(
            "select string_agg(concat_ws('/', scope, schema_name, name, length(sha256), applied_by, run_id), "
            "' ' order by applied_at) from tenantsh.ledger") ==
        "tenant//9_a.sql/64/ops@here/r1 tenant//10_b.sql/64/ops@here/r1");
  ApplyReport const again = apply(*session, set, {});
  CHECK(applied(again) == "");
  CHECK(again.already_applied == 2);
  folder.write("11_c.sql", "create table c (id int)");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "11_c.sql");
}

TEST_CASE("only the last commit of a run waits for the disk") {
  FreshDatabase database;
  SetFolder folder;
  std::string const note = "insert into waits select current_setting('synchronous_commit')";
  database.run({"create table waits (of text)", "alter table waits owner to tenantsh_admin",
                "create extension pg_walinspect",
                "alter database \"" + database.name() + "\" set synchronous_commit = on"});
  folder.write("1_a.sql", note).write("2_b.sql", note).write("3_c.sql", note);
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), {});
  CHECK(database.one("select string_agg(of, ' ' order by ctid) from waits") == "off off on");
  CHECK(session->query("show synchronous_commit").value() == "on");
  // When one breaks off, those before it are on disk as well once that is told: a commit that waits follows.
  folder.write("4_d.sql", note).write("5_e.sql", "select 1 / 0").write("6_f.sql", note);
  std::string const before = database.one("select pg_current_wal_flush_lsn()");
  CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {}); }) ==
        "sql 22012: 5_e.sql: division by zero | ");
  std::string const flushed = database.one("select pg_current_wal_flush_lsn()");
  CHECK(recorded(*session) == "1_a.sql 2_b.sql 3_c.sql 4_d.sql");
  std::string const records = "from pg_get_wal_records_info('" + before + "', '" + flushed +
                              "') where record_type in ('COMMIT', 'MESSAGE')";
  CHECK(database.one("select string_agg(record_type, ' ' order by start_lsn) " + records +
                     " and start_lsn > (select min(start_lsn) " + records + ")") == "MESSAGE COMMIT");
}

TEST_CASE("two files with one number stop before anything runs") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()").write("001_b.sql", "create table b ()");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }) ==
        "refused: 001_b.sql: has the same number as 001_a.sql | give the newer one the number 2: tenantsh "
        "migrate renumber");
  CHECK(database.one("select count(*) from pg_tables where schemaname in ('public', 'tenantsh')") == "0");
  ApplyReport const report = apply(*session, set, {.accepted = {ProblemKind::duplicate_number}});
  CHECK(applied(report) == "001_a.sql 001_b.sql");
  CHECK(report.accepted.size() == 1);
}

TEST_CASE("a file that appears below what has run is refused, or accepted") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "select 1").write("003_c.sql", "select 1");
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), {});
  folder.write("002_b.sql", "create table b ()");
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }) ==
        "refused: 002_b.sql: has not run, but 003_c.sql already has | give it the number 4, or accept "
        "out_of_order "
        "when it does not depend on the order");
  CHECK(recorded(*session) == "001_a.sql 003_c.sql");
  CHECK(applied(apply(*session, set, {.accepted = {ProblemKind::out_of_order}})) == "002_b.sql");
  CHECK(recorded(*session) == "001_a.sql 002_b.sql 003_c.sql");
}

TEST_CASE("an edited file is refused until it is marked") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "select 1");
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), {});
  folder.write("001_a.sql", "select 2").write("002_b.sql", "select 1");
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }).rfind("refused: 001_a.sql: the file was edited", 0) == 0);
  CHECK(recorded(*session) == "001_a.sql");
  CHECK(listed(mark(*session, set, {"1"}, {})) == "001_a.sql");
  CHECK(applied(apply(*session, set, {})) == "002_b.sql");
}

TEST_CASE("an applied file that is gone is refused unless it is archived") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "select 1").write("002_b.sql", "select 1");
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), {});
  folder.remove("001_a.sql");
  CHECK(error_of([&] {
          apply(*session, folder.load(database.driver()), {});
        }).rfind("refused: 001_a.sql: applied, but the file is not in the folder", 0) == 0);
  folder.write("archive/001_a.sql", "select 1");
  CHECK_NOTHROW(apply(*session, folder.load(database.driver()), {}));
}

TEST_CASE("CREATE INDEX CONCURRENTLY names the line to add, and runs with it") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a (id int)")
      .write("002_i.sql", "create index concurrently a_id on a (id)");
  auto session = database.connect();
  CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {}); }) ==
        "refused: 002_i.sql:1: CREATE INDEX CONCURRENTLY cannot run inside a transaction | add the line `-- "
        "tenantsh: "
        "no-transaction` at the top of the file");
  CHECK(recorded(*session) == "");
  folder.write("002_i.sql",
               "-- tenantsh: no-transaction\ncreate index concurrently a_id on a (id);\nvacuum a;\n");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "001_a.sql 002_i.sql");
  CHECK(database.one("select indisvalid from pg_index where indexrelid = 'a_id'::regclass") == "t");
}

TEST_CASE("an invalid index that a failed attempt left is dropped before the next") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create schema s; create table s.a (id int); insert into s.a values (1), (1)")
      .write("002_i.sql",
             "-- tenantsh: no-transaction\n\ncreate unique index concurrently if not exists \"A id\" on s.a "
             "(id)");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] {
          apply(*session, set, {});
        }).rfind("sql 23505: 002_i.sql: could not create unique index \"A id\"", 0) == 0);
  CHECK(database.one("select count(*) from pg_index where not indisvalid") == "1");
  CHECK(recorded(*session) == "001_a.sql");
  database.run({"delete from s.a"});
  ApplyReport const report = apply(*session, set, {});
  CHECK(applied(report) == "002_i.sql");
  CHECK(listed(report.repaired) == "s.A id");
  CHECK(database.one("select indisvalid from pg_index where indexrelid = 's.\"A id\"'::regclass") == "t");
}

TEST_CASE("an invalid index whose table another session works on is left alone") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a (id int); insert into a values (1), (1)")
      .write("002_i.sql", "-- tenantsh: no-transaction\ncreate unique index concurrently a_id on a (id)");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }).rfind("sql 23505", 0) == 0);
  database.run({"delete from a"});
  auto other = database.connect();
  other->begin(fleet::Access::read_write);
  other->query("lock table a in share update exclusive mode");
  int told = 0;
  ApplyReport const report = apply(
      *session, set, {.retry_pause = 1ms, .on_retry = [&](Migration const&, int, fleet::Error const& e) {
                        ++told;
                        CHECK(e.message.find("is working on its table") != std::string::npos);
                        other->rollback();
                      }});
  CHECK(told == 1);
  CHECK(report.applied[0].retries == 1);
  CHECK(listed(report.repaired) == "public.a_id");
}

TEST_CASE("a file whose second statement fails is rolled back, and runs after a correction") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ()")
      .write("002_b.sql", "create table b ();\n-- é\ninsert into nowhere\nvalues (1);\n")
      .write("003_c.sql", "create table c ()");
  auto session = database.connect();
  std::string detail;
  CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {}); }) ==
        "sql 42P01: 002_b.sql:3: relation \"nowhere\" does not exist | ");
  try {
    apply(*session, folder.load(database.driver()), {});
  } catch (fleet::Error const& error) {
    detail = error.detail;
  }
  CHECK(detail == "");  // 001 ran in the first attempt: nothing ran before it this time
  CHECK(recorded(*session) == "001_a.sql");
  CHECK(database.one("select to_regclass('b') is null") == "t");
  CHECK(!session->in_transaction());
  folder.write("002_b.sql", "create table b ();");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "002_b.sql 003_c.sql");
}

TEST_CASE("an error at commit is the file's, and nothing of it stays") {
  FreshDatabase database;
  SetFolder folder;
  folder
      .write("001_a.sql",
             "create table p (id int primary key); create table c (p int references p deferrable "
             "initially deferred)")
      .write("002_b.sql", "insert into c values (7)");
  auto session = database.connect();
  CHECK(error_of([&] {
          apply(*session, folder.load(database.driver()), {});
        }).rfind("sql 23503: 002_b.sql: insert or update on table \"c\" violates foreign key", 0) == 0);
  CHECK(recorded(*session) == "001_a.sql");
  CHECK(database.one("select count(*) from c") == "0");
}

TEST_CASE("a no-transaction file that fails half way goes on after what took effect") {
  FreshDatabase database;
  SetFolder folder;
  folder.write(
      "001_a.sql",
      "-- tenantsh: no-transaction\nset work_mem = '5MB';\ncreate table a (id int);\nvacuum nowhere;\n");
  auto session = database.connect();
  auto fails = [&](char const* message, char const* detail) {
    try {
      apply(*session, folder.load(database.driver()), {});
      CHECK_MESSAGE(false, "it must fail");
    } catch (fleet::Error const& error) {
      CHECK(error.message == message);
      CHECK(error.detail == detail);
    }
  };
  char const* const two =
      "2 of 3 statements took effect and are not run again; the next run goes on after them";
  fails("001_a.sql: relation \"nowhere\" does not exist", two);
  fails("001_a.sql: relation \"nowhere\" does not exist", two);  // not: table a already exists
  CHECK(recorded(*session) == "");
  folder.write(
      "001_a.sql",
      "-- tenantsh: no-transaction\nset work_mem = '5MB';\ncreate table a (id int, more int);\nvacuum a;\n");
  fails("001_a.sql: the first 2 of its statements took effect here and were edited since", "");
  folder.write("001_a.sql",
               "-- tenantsh: no-transaction\nset work_mem = '5MB';\ncreate table a (id int);\n"
               "create table b as select current_setting('work_mem');\nvacuum a;\n");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "001_a.sql");
  CHECK(database.one("select * from b") == "5MB");  // settings of statements that are not run again hold
  CHECK(database.one("select count(*) from tenantsh.progress") == "0");
}

TEST_CASE("an index that was built when the process ended before it could say so is not built again") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a (id int)")
      .write("002_b.sql",
             "-- tenantsh: no-transaction\ncreate index concurrently a_id on a (id);\nvacuum nowhere;\n");
  auto session = database.connect();
  CHECK_THROWS_AS(apply(*session, folder.load(database.driver()), {}), fleet::Error);
  database.run({"update tenantsh.progress set done = 0, digest = '', begun = true"});
  std::string const before = database.one("select 'a_id'::regclass::oid");
  folder.write("002_b.sql", "-- tenantsh: no-transaction\ncreate index concurrently a_id on a (id);\n");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "002_b.sql");
  CHECK(database.one("select 'a_id'::regclass::oid") == before);
  // One that the server refused was not begun: an index that somebody else made stays an error.
  folder.write("003_c.sql", "-- tenantsh: no-transaction\ncreate index concurrently a_id on a (id);\n");
  for (int time = 0; time < 2; ++time)
    CHECK_THROWS_WITH_AS(apply(*session, folder.load(database.driver()), {}),
                         "003_c.sql: relation \"a_id\" already exists", fleet::Error);
}

TEST_CASE("the way back: newest first, each with its ledger row, nothing when one has none") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("001_a.sql", "create table a ();\n-- migrate:down\ndrop table a;\n")
      .write("002_b.up.sql", "create table b ();\n")
      .write("002_b.down.sql", "drop table b;\n")
      .write("003_c.sql", "create table c ();\n")
      .write("004_d.sql", "create table d ();\n-- migrate:down transaction:false\ndrop table d;\nvacuum;\n");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  apply(*session, set, {});
  CHECK(applied(revert(*session, set, {}, {})) == "004_d.sql");
  CHECK(recorded(*session) == "001_a.sql 002_b.up.sql 003_c.sql");
  CHECK(error_of([&] { revert(*session, set, {.count = 2}, {}); }) ==
        "refused: 003_c.sql: has no way back | write one, below `-- migrate:down` in it or as "
        "003_c.down.sql, or restore the state before it from a backup");
  CHECK(database.one(
            "select string_agg(tablename, ' ' order by 1) from pg_tables where schemaname = 'public'") ==
        "a b c");
  folder.write("003_c.down.sql", "drop table c;\ndrop table nowhere;\n");
  CHECK(error_of([&] { move_to(*session, folder.load(database.driver()), version_of("001_a.sql"), {}); }) ==
        "sql 42P01: 003_c.down.sql: table \"nowhere\" does not exist | ");
  CHECK(recorded(*session) == "001_a.sql 002_b.up.sql 003_c.sql");
  folder.write("003_c.down.sql", "drop table c;\n");
  MigrationSet const mended = folder.load(database.driver());
  CHECK(applied(move_to(*session, mended, version_of("001_a.sql"), {})) == "003_c.sql 002_b.up.sql");
  CHECK(applied(move_to(*session, mended, version_of("003_c.sql"), {})) == "002_b.up.sql 003_c.sql");
  CHECK(applied(redo(*session, mended, 2, {})) == "003_c.sql 002_b.up.sql 002_b.up.sql 003_c.sql");
  CHECK(applied(revert(*session, mended, {.count = 99}, {})) == "003_c.sql 002_b.up.sql 001_a.sql");
  CHECK(recorded(*session) == "");
  CHECK(database.one("select count(*) from pg_tables where schemaname = 'public'") == "0");
}

TEST_CASE("a repeatable file runs again when it changed, after all others") {
  FreshDatabase database;
  SetFolder folder;
  folder.write("V1__a.sql", "create table a (id int);\n")
      .write("R__v.sql", "create or replace view v as select 1 as one;\n");
  auto session = database.connect();
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "V1__a.sql R__v.sql");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "");
  folder.write("R__v.sql", "create or replace view v as select 2 as one;\n")
      .write("V2__b.sql", "create table b ();\n");
  CHECK(applied(apply(*session, folder.load(database.driver()), {})) == "V2__b.sql R__v.sql");
  CHECK(database.one("select one from v") == "2");
}

TEST_CASE("an object that exists already: the hint says mark, and mark lets the run go on") {
  FreshDatabase database;
  database.run({"create table a (id int)"});
  SetFolder folder;
  folder.write("001_a.sql", "create table a (id int)").write("002_b.sql", "create table b ()");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }) ==
        "sql 42P07: 001_a.sql: relation \"a\" already exists | the object exists but the ledger does not "
        "list this "
        "file: a run by hand or by another tool; compare it, then `tenantsh migrate mark 001_a.sql` with "
        "the --set and --tenants of this call to record it, or "
        "drop the object and run again");
  CHECK(listed(mark(*session, set, {"001_a"}, {.run_id = "r2"})) == "001_a.sql");
  CHECK(database.one("select concat_ws('/', duration_ms, run_id) from tenantsh.ledger") == "0/r2");
  CHECK(applied(apply(*session, set, {})) == "002_b.sql");
  folder.write("003_c.sql", "-- nothing yet\n");
  CHECK(error_of([&] {
          mark(*session, folder.load(database.driver()), {"3"}, {});
        }).rfind("refused: 003_c.sql: holds no statement", 0) == 0);
}

TEST_CASE("a missing right to create names the GRANT, and the run goes on after it") {
  FreshDatabase database{"postgres"};
  std::string const grant = "GRANT CREATE ON DATABASE \"" + database.name() + "\" TO \"tenantsh_admin\"";
  std::string const hint =
      "the database belongs to \"postgres\"; have its owner run: " + grant + "; then run again";
  SetFolder folder;
  folder.write("001_a.sql", "create temp table t ()").write("002_x.sql", "create extension citext");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  CHECK(error_of([&] { apply(*session, set, {}); }) ==
        "sql 42501: the ledger cannot be made: permission denied for database " + database.name() + " | " +
            hint);
  database.run({"create schema tenantsh authorization tenantsh_admin"});
  CHECK(error_of([&] { apply(*session, set, {}); }) ==
        "sql 42501: 002_x.sql: permission denied to create extension \"citext\" | " + hint);
  CHECK(recorded(*session) == "001_a.sql");
  database.run({grant});
  CHECK(applied(apply(*session, set, {})) == "002_x.sql");
  folder.write("003_y.sql", "create extension file_fdw");
  CHECK(error_of([&] { apply(*session, folder.load(database.driver()), {}); }) ==
        "sql 42501: 003_y.sql: permission denied to create extension \"file_fdw\" | the extension is not a "
        "trusted "
        "one: have a superuser run CREATE EXTENSION \"file_fdw\" in database \"" +
            database.name() + "\", then run again");
}

TEST_CASE("a busy table is tried again, and named when it stays busy") {
  FreshDatabase database;
  database.run({"create table a (id int)", "grant all on a to tenantsh_admin",
                "alter table a owner to tenantsh_admin"});
  SetFolder folder;
  folder.write("001_a.sql", "create table b ();\nalter table a add column x int");
  auto session = database.connect();
  auto reader = database.connect();
  MigrationSet const set = folder.load(database.driver());
  auto hold = [&] {
    reader->begin(fleet::Access::read_write);
    reader->query("select * from a");
  };
  hold();
  int told = 0;
  ApplyOptions options{.lock_timeout = 20ms,
                       .lock_retries = 2,
                       .retry_pause = 1ms,
                       .on_retry = [&](Migration const&, int retry, fleet::Error const&) { told = retry; }};
  std::string const error = error_of([&] { apply(*session, set, options); });
  CHECK(error.rfind("sql 55P03: 001_a.sql: canceling statement due to lock timeout | something holds a lock",
                    0) == 0);
  CHECK(told == 2);
  CHECK(recorded(*session) == "");
  options.on_retry = [&](Migration const&, int, fleet::Error const&) { reader->rollback(); };
  ApplyReport const report = apply(*session, set, options);
  CHECK(applied(report) == "001_a.sql");
  CHECK(report.applied[0].retries == 1);
}

TEST_CASE("files run as the owner, and what they set in the session does not last") {
  FreshDatabase database;
  database.run(
      {"create schema elsewhere", "grant create on database \"" + database.name() + "\" to tests_owner",
       "grant tests_owner to tenantsh_admin", "grant all on schema public, elsewhere to tests_owner"});
  SetFolder folder;
  folder.write("001_a.sql", "create table public.a (); set search_path = elsewhere; set role tenantsh_admin")
      .write("002_b.sql", "create table b ()")
      .write("003_c.sql", "-- tenantsh: no-transaction\ncreate table c (); set search_path = elsewhere");
  auto session = database.connect();
  apply(*session, folder.load(database.driver()), {.owner = "tests_owner"});
  CHECK(database.one(
            "select string_agg(concat_ws('.', schemaname, tablename) || ' ' || tableowner, ', ' order by "
            "tablename) from pg_tables where tablename in ('a', 'b', 'c', 'ledger')") ==
        "public.a tests_owner, public.b tests_owner, public.c tests_owner, tenantsh.ledger tenantsh_admin");
  CHECK(session
            ->query("select current_user || ' ' || current_setting('search_path') || ' ' || "
                    "current_setting('lock_timeout')")
            .value() == "tenantsh_admin \"$user\", public 0");
}

TEST_CASE("a set with {schema_name} is placed in several schemas of one database") {
  FreshDatabase database;
  database.run({"create schema one authorization tenantsh_admin",
                "create schema \"Two-2\" authorization tenantsh_admin"});
  SetFolder folder;
  folder.write("001_a.sql", "create table {schema_name}.t (s text default '{schema_name}')");
  auto session = database.connect();
  MigrationSet const set = folder.load(database.driver());
  apply(*session, set, {.schema_name = "one"});
  apply(*session, set, {.schema_name = "Two-2"});
  CHECK(database.one(
            "select string_agg(schemaname, ' ' order by schemaname) from pg_tables where tablename = 't'") ==
        "Two-2 one");
  CHECK(
      database.one(
          "select string_agg(schema_name || ' ' || name, ', ' order by schema_name) from tenantsh.ledger") ==
      "Two-2 001_a.sql, one 001_a.sql");
}
