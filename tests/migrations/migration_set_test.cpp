#include "migrations/engine/migration_set.hpp"

#include <doctest/doctest.h>

#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::listed;
using tests::SetFolder;

TEST_CASE("files run in the order of their numbers, compared as numbers") {
  SetFolder folder;
  for (char const* name :
       {"48_c.sql", "9_a.sql", "10_b.sql", "0049_d.sql", "20260427150000_late.sql", "1_first.sql"})
    folder.write(name, "select 1");
  folder.write("README.md", "no migration").write(".050_hidden.sql", "").write("notes/060_x.sql", "select 1");
  CHECK(tests::names(folder.load()) ==
        "1_first.sql 9_a.sql 10_b.sql 48_c.sql 0049_d.sql 20260427150000_late.sql");
  CHECK(listed(folder.load().problems()) == "");
}

TEST_CASE("names of files") {
  struct Row {
    char const* name;
    std::int64_t number;
  };
  for (Row row : std::initializer_list<Row>{{"001_extensions.sql", 1},
                                            {"9_x.sql", 9},
                                            {"010_A-b_2.sql", 10},
                                            {"123456789012345678_x.sql", 123456789012345678},
                                            {"1234567890123456789_x.sql", -1},
                                            {"001.sql", -1},
                                            {"001_.sql", -1},
                                            {"_x.sql", -1},
                                            {"001-x.sql", -1},
                                            {"001_x.up.sql", -1},
                                            {"001_x y.sql", -1},
                                            {"V1__x.sql", -1},
                                            {"001_x.SQL", -1},
                                            {"", -1}}) {
    CAPTURE(row.name);
    CHECK(number_of(row.name) == row.number);
  }
}

TEST_CASE("what is wrong with a folder is named before anything connects") {
  SetFolder folder;
  folder.write("001_a.sql", "select 1")
      .write("002_b.sql", "-- nothing here\n/* nor /* here */ */\n")
      .write("003_c.sql", "select 'caf\xE9'")
      .write("004_d.sql", std::string{"select\0 1", 9})
      .write("005_e.sql", "")
      .write("006_f.sql",
             "-- tenantsh: sed\n-- fills: rcm_master.payer, payer\nselect 1;\n-- tenantsh: seed\n")
      .write("010_one.sql", "select 1")
      .write("010_two.sql", "select 2")
      .write("11_Add Table.sql", "select 1")
      .write("archive/001_old.sql", "anything")
      .write("archive/019_older.sql", "anything");
  CHECK(listed(folder.load().problems()) ==
        "empty_file: 002_b.sql: holds no statement | write it, or delete it: an empty file would be recorded "
        "as "
        "applied\n"
        "not_utf8: 003_c.sql: not UTF-8 text | save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)\n"
        "not_utf8: 004_d.sql: not UTF-8 text | save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)\n"
        "empty_file: 005_e.sql: holds no statement | write it, or delete it: an empty file would be recorded "
        "as "
        "applied\n"
        "bad_header: 006_f.sql:1: `-- tenantsh: sed` is not known | did you mean `-- tenantsh: seed`?\n"
        "bad_header: 006_f.sql:2: `payer` is no table name | write `-- fills: schema.table, schema.table`\n"
        "bad_header: 006_f.sql:4: `-- tenantsh: seed` stands below the first statement | move the line to "
        "the top "
        "of the file\n"
        "bad_name: 11_Add Table.sql: the name is not of the form NNN_name.sql | rename it, for example to "
        "020_add_table.sql\n"
        "duplicate_number: 001_a.sql: has the same number as archive/001_old.sql | give the newer one the "
        "number "
        "20\n"
        "duplicate_number: 010_two.sql: has the same number as 010_one.sql | give the newer one the number "
        "20\n");
}

TEST_CASE("a file that cannot be read is named") {
  SetFolder folder;
  std::filesystem::create_symlink(folder.path() / "nowhere", folder.path() / "001_a.sql");
  CHECK(listed(folder.load().problems()) ==
        "unreadable: 001_a.sql cannot be read | check the permissions of " +
            (folder.path() / "001_a.sql").string() + "\n");
}

TEST_CASE("a folder that is not there") {
  CHECK_THROWS_WITH_AS(MigrationSet::load("/nonexistent/set", Scope::master, tests::DigestDriver{}),
                       "there is no folder /nonexistent/set", fleet::Error);
}

TEST_CASE("line ends and a byte-order mark change neither the digest nor the text") {
  SetFolder folder;
  folder.write("001_a.sql", "select 1;\nselect 2;\n")
      .write("002_b.sql", "\xEF\xBB\xBFselect 1;\r\nselect 2;\r\n")
      .write("003_c.sql", "select 1;\nselect 2; \n")
      .write("004_d.sql", "\xEF\xBB\xBF-- tenantsh: seed\r\n-- fills: a.b,\tc.d\r\nselect 1;\r\n");
  MigrationSet const set = folder.load();
  CHECK(set.files()[0].sha256 == set.files()[1].sha256);
  CHECK(set.files()[1].sql == "select 1;\nselect 2;\n");
  CHECK(set.files()[0].sha256 != set.files()[2].sha256);
  CHECK(set.files()[3].seed);
  CHECK(listed(set.files()[3].fills) == "a.b c.d");
  CHECK(listed(set.problems()) == "");
}

TEST_CASE("the header says what a file is") {
  SetFolder folder;
  folder
      .write("001_a.sql",
             "-- Payers.\n\n-- tenantsh: seed, no-transaction\n--fills: a.b\n-- fills: c.d\nselect 1;")
      .write("002_b.sql", "select 1; -- tenantsh: seed\n")
      .write("003_c.sql", "select 1;\n-- tenantsh: allow text-type it is free text\nselect 2;\n")
      .write("004_d.sql", "/* -- tenantsh: seed */ select 1;");
  MigrationSet const set = folder.load();
  std::string state;
  for (Migration const& file : set.files())
    state += file.name + (file.seed ? " seed" : "") + (file.no_transaction ? " no-transaction" : "") + " [" +
             listed(file.fills) + "]\n";
  CHECK(state == "001_a.sql seed no-transaction [a.b c.d]\n002_b.sql []\n003_c.sql []\n004_d.sql []\n");
  CHECK(listed(set.problems()) == "");
}

TEST_CASE("a file is meant by its name, its number or a glob") {
  SetFolder folder;
  for (char const* name : {"001_a.sql", "010_payers.sql", "011_payer_rules.sql"})
    folder.write(name, "select 1");
  MigrationSet const set = folder.load();
  auto meant = [&](std::vector<std::string> const& patterns) {
    std::vector<std::string> found;
    for (Migration const* file : set.matching(patterns)) found.push_back(file->name);
    return listed(found);
  };
  CHECK(meant({"010_payers.sql"}) == "010_payers.sql");
  CHECK(meant({"010_payers"}) == "010_payers.sql");
  CHECK(meant({"10"}) == "010_payers.sql");
  CHECK(meant({"011", "*_payer*", "1"}) == "001_a.sql 010_payers.sql 011_payer_rules.sql");
  CHECK_THROWS_AS(meant({}), fleet::Error);
  try {
    meant({"001", "010_payer.sql"});
    CHECK_MESSAGE(false, "an unknown name must be an error");
  } catch (fleet::Error const& error) {
    CHECK(error.kind == fleet::ErrorKind::not_found);
    CHECK(error.message == "no file \"010_payer.sql\" in " + folder.path().string());
    CHECK(error.hint == "did you mean 010_payers.sql?");
  }
}

TEST_CASE("the next free number counts archived files and compares numbers") {
  SetFolder folder;
  CHECK(folder.load().next_number() == 1);
  folder.write("9_a.sql", "select 1").write("10_b.sql", "select 1");
  CHECK(folder.load().next_number() == 11);
  folder.write("archive/48_z.sql", "select 1");
  CHECK(folder.load().next_number() == 49);
  CHECK(folder.load().is_archived("48_z.sql"));
  CHECK(!folder.load().is_archived("9_a.sql"));
}
