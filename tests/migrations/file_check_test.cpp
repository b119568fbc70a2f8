#include "migrations/engine/file_check.hpp"

#include <doctest/doctest.h>

#include "tests/migrations/set_folder.hpp"

using tests::listed;
using tests::SetFolder;

namespace {

std::string checked(std::string_view sql) {
  return listed(SetFolder{}.write("031_x.sql", sql).load().check());
}

}  // namespace

TEST_CASE("text that can run passes") {
  CHECK(checked("create table t (id int);\ncreate index on t (id);") == "");
  CHECK(checked(
            "do $$ begin perform 1; commit_log(); end $$;\nselect 'commit;', \"end\" from t; -- commit;\n") ==
        "");
  CHECK(
      checked(
          "create function f() returns int language sql begin atomic select case when true then 1 end; end;\n"
          "select 1;") == "");
  CHECK(checked("savepoint a; rollback to a; rollback work to savepoint a; release a;") == "");
  CHECK(checked("prepare p as select 1; copy t to stdout; select E'it\\'s; \\\\';") == "");
  CHECK(checked("create table {schema_name}.t (id int);") == "");
  CHECK(checked("-- tenantsh: no-transaction\ncreate index concurrently a on t (id); vacuum t;") == "");
}

TEST_CASE("commands of psql are refused with what to do instead") {
  CHECK(checked("select 1;\n\\i other.sql\n") ==
        "meta_command: 031_x.sql:2: \\i is a command of psql, not SQL | put that file's statements here, or "
        "give it "
        "a number of its own\n");
  CHECK(checked("\n\n\\copy t from 'x.csv' csv\n") ==
        "meta_command: 031_x.sql:3: \\copy is a command of psql, not SQL | write the rows as INSERT … "
        "VALUES, or "
        "load the data in a runbook step\n");
  CHECK(checked("\\restrict abc\nselect 1;") ==
        "meta_command: 031_x.sql:1: \\restrict is a command of psql, not SQL | remove the line (pg_dump "
        "writes it "
        "for psql)\n");
  CHECK(checked("select 1 \\gexec") ==
        "meta_command: 031_x.sql:1: \\gexec is a command of psql, not SQL | write it as SQL, or remove the "
        "line\n");
}

TEST_CASE("COPY FROM STDIN is refused, and its data is not read as SQL") {
  CHECK(checked("create table t (a text);\nCOPY t (a) FROM stdin WITH (format text);\ncommit;\n\\.\n") ==
        "copy_from_stdin: 031_x.sql:2: COPY FROM STDIN has no data to read here | write the rows as INSERT … "
        "VALUES, "
        "or load the data in a runbook step\n");
}

TEST_CASE("transaction control is refused inside our transaction and outside of it") {
  CHECK(checked("begin;\nselect 1;\ncommit;") ==
        "transaction_control: 031_x.sql:1: BEGIN in a file that runs in one transaction, which tenantsh "
        "opens and "
        "commits | remove it, or add the line `-- tenantsh: no-transaction` at the top for statements that "
        "cannot "
        "run in one\n"
        "transaction_control: 031_x.sql:3: COMMIT in a file that runs in one transaction, which tenantsh "
        "opens and "
        "commits | remove it, or add the line `-- tenantsh: no-transaction` at the top for statements that "
        "cannot "
        "run in one\n");
  CHECK(checked("-- tenantsh: no-transaction\nstart transaction;\n") ==
        "transaction_control: 031_x.sql:2: START in a no-transaction file, whose statements each commit on "
        "their own "
        "| remove it; put what must commit together into a file of its own without `-- tenantsh: "
        "no-transaction`\n");
}

TEST_CASE("statements that PostgreSQL refuses in a transaction name the line to add") {
  CHECK(checked("create table t (id int);\n\n-- fast\ncreate index concurrently a on t (id);\nvacuum t;") ==
        "transaction_forbidden: 031_x.sql:4: CREATE INDEX CONCURRENTLY cannot run inside a transaction | add "
        "the "
        "line `-- tenantsh: no-transaction` at the top of the file\n"
        "transaction_forbidden: 031_x.sql:5: VACUUM cannot run inside a transaction | add the line `-- "
        "tenantsh: "
        "no-transaction` at the top of the file\n");
}

TEST_CASE("an index that is built concurrently needs a name") {
  CHECK(checked("-- tenantsh: no-transaction\ncreate unique index concurrently on s.t (id);") ==
        "unnamed_index: 031_x.sql:2: CREATE INDEX CONCURRENTLY without a name: what a failed build leaves "
        "behind "
        "could not be told apart | give the index a name\n");
}

TEST_CASE("a syntax error names file and line") {
  CHECK(checked("select 'é';\ncreate tabel t (id int);\n") ==
        "syntax: 031_x.sql:2: syntax error at or near \"tabel\" | correct the statement at that line\n");
}
