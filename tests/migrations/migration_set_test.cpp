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
    char const* version;  // "": no migration's name
    char const* says = "";
  };
  for (Row row : std::initializer_list<Row>{
           {"001_extensions.sql", "1", "extensions"},
           {"9_x.sql", "9", "x"},
           {"010_A-b_2.sql", "10", "A-b_2"},
           {"123456789012345678_x.sql", "123456789012345678", "x"},
           {"1234567890123456789_x.sql", ""},
           {"001.sql", ""},
           {"001_.sql", ""},
           {"_x.sql", ""},
           {"001_x y.sql", ""},
           {"001_x.SQL", ""},
           {"001_größe.sql", "1", "größe"},
           // golang-migrate, node-pg-migrate, db-migrate
           {"001_x.up.sql", "1", "x"},
           {"001_x.down.sql", "1", "x, down"},
           {"20240101120000-x-down.sql", "20240101120000", "x, down"},
           // knex, Sequelize
           {"20240101120000_add_users.js", "20240101120000", "add_users, program"},
           {"20240101120000-add.users.ts", "20240101120000", "add.users, program"},
           {"20240101120000_types.d.ts", ""},
           {"knexfile.js", ""},
           // a year, a number, a sequence, a revision
           {"2026_2_49_1.sql", "2026_2_49_1"},
           {"2026_2_49.sql", "2026", "2_49"},
           {"2024_01_15_120000_create_users.php", "2024_1_15_120000", "create_users, program"},
           // Flyway
           {"V1__x.sql", "1", "x"},
           {"V1.2__add_x.sql", "1_2", "add_x"},
           {"V1_10__add_x.sql", "1_10", "add_x"},
           {"V1.0__x.sql", "1", "x"},
           {"U1.2__add_x.sql", "1_2", "add_x, down"},
           {"R__views.sql", "9223372036854775807", "views, repeatable"},
           {"V__x.sql", ""},
           {"V1_x.sql", ""},
           {"R1__x.sql", ""},
           {"V1.__x.sql", ""},
           {"", ""}}) {
    CAPTURE(row.name);
    auto const name = parse_file_name(row.name);
    CHECK((name ? name->version.text() : "") == row.version);
    if (!name) continue;
    CHECK(version_of(row.name) == name->version);
    CHECK(name->title + (name->direction == Direction::down ? ", down" : "") +
              (name->language == Language::program ? ", program" : "") +
              (name->repeatable ? ", repeatable" : "") ==
          row.says);
  }
  CHECK(parse_file_name("V1.2__x.sql")->stem == parse_file_name("U1.2__x.sql")->stem);
}

TEST_CASE("versions are compared part by part, as numbers") {
  SetFolder folder;
  for (char const* name :
       {"2026_2_49_1.sql", "2026_2_9_1.sql", "2026_2_49_2.sql", "2026_10_1_1.sql", "2025_12_60_1.sql"})
    folder.write(name, "select 1");
  CHECK(tests::names(folder.load()) ==
        "2025_12_60_1.sql 2026_2_9_1.sql 2026_2_49_1.sql 2026_2_49_2.sql 2026_10_1_1.sql");
  SetFolder flyway;
  for (char const* name : {"V1.10__c.sql", "V1.2__b.sql", "R__view.sql", "V2__d.sql", "V1__a.sql"})
    flyway.write(name, "select 1");
  CHECK(tests::names(flyway.load()) == "V1__a.sql V1.2__b.sql V1.10__c.sql V2__d.sql R__view.sql");
}

namespace {

// "name: up [line] | down [line]" of each file, newlines as spaces.
std::string ways(MigrationSet const& set) {
  std::string text;
  auto one_line = [](Script const& script) {
    std::string line =
        script.sql + "[" + std::to_string(script.first_line) + (script.no_transaction ? ", alone]" : "]");
    for (char& c : line)
      if (c == '\n') c = ' ';
    return line;
  };
  for (Migration const& file : set.files())
    text += file.name + ": " + (file.language == Language::program ? "program" : one_line(file)) +
            (file.down ? " | " + one_line(*file.down) : "") +
            (file.wrapper.empty() ? "" : " in " + file.wrapper.filename().string()) + "\n";
  return text;
}

}  // namespace

TEST_CASE("the way back: pairs of files, sections, Flyway's U, Prisma's down.sql, programs around SQL") {
  SetFolder folder;
  folder.write("001_a.up.sql", "select 1;\n")
      .write("001_a.down.sql", "select -1;\n")
      .write("002_b.sql", "select 2;\n")
      .write("002_b.down.sql", "-- tenantsh: no-transaction\nselect -2;\n")
      .write("003_c.sql", "-- migrate:up\nselect 3;\n\n-- migrate:down transaction:false\nselect -3;\n")
      .write("004_d.sql", "select 4;\n-- migrate:down\nselect -4;\n")
      .write("005_e.sql",
             "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nselect 5;\n"
             "-- +goose StatementEnd\n-- +goose Down\nselect -5;\n")
      .write("006_f.sql", "-- migrate:up\nselect '\n-- migrate:down\n';\n-- migrate:down\n")
      .write("V7__g.sql", "select 7;\n")
      .write("U7__g.sql", "select -7;\n")
      .write("008_h/migration.sql", "select 8;\n")
      .write("008_h/down.sql", "select -8;\n")
      .write("009_i.sql", "select 9;\n")
      .write("009_i.js", "module.exports = fs.readFileSync('./009_i.sql')")
      .write("010_j.js", "exports.up = (knex) => knex.raw('select 10')")
      .write("011_k.js", "readFileSync('sqls/011_k-up.sql'); readFileSync('sqls/011_k-down.sql')")
      .write("sqls/011_k-up.sql", "select 11;\n")
      .write("sqls/011_k-down.sql", "select -11;\n");
  MigrationSet const set = folder.load();
  CHECK(listed(set.problems()) == "");
  CHECK(ways(set) ==
        "001_a.up.sql: select 1; [1] | select -1; [1]\n"
        "002_b.sql: select 2; [1] | -- tenantsh: no-transaction select -2; [1, alone]\n"
        "003_c.sql: select 3; [2] | select -3; [5, alone]\n"
        "004_d.sql: select 4; [1] | select -4; [3]\n"
        "005_e.sql: -- +goose StatementBegin select 5; -- +goose StatementEnd [3, alone] | select -5; [7, "
        "alone]\n"
        "006_f.sql: select ' -- migrate:down '; [2]\n"
        "V7__g.sql: select 7; [1] | select -7; [1]\n"
        "008_h: select 8; [1] | select -8; [1]\n"
        "009_i.sql: select 9; [1] in 009_i.js\n"
        "010_j.js: program\n"
        "011_k-up.sql: select 11; [1] | select -11; [1] in 011_k.js\n");
  CHECK(set.files()[7].at(0) == "008_h/migration.sql:1");
  CHECK(set.files()[2].down->at(0) == "003_c.sql:5");
}

TEST_CASE("a digest covers the way up alone, so that a way back may be written later") {
  SetFolder before, after;
  before.write("001_a.sql", "select 1;\n");
  after.write("001_a.sql", "select 1;\n\n\n-- migrate:down\nselect -1;\n");
  CHECK(before.load().files()[0].sha256 == after.load().files()[0].sha256);
}

TEST_CASE("a file for both scopes") {
  SetFolder folder;
  folder
      .write("2026_1_1_1.sql",
             "-- tenantsh: seed\n-- ===== PLATFORM MIGRATIONS =====\nselect 'p';\n"
             "-- ===== TENANT MIGRATIONS =====\n-- tenantsh: no-transaction\nselect 't';\n-- "
             "migrate:down\nselect -1;\n")
      .write("2026_1_2_1.sql",
             "-- ===== tenant migrations =====\n-- migrate:up\nselect 2;\n-- migrate:down\nselect -2;\n");
  CHECK(ways(folder.load(Scope::master)) == "2026_1_1_1.sql: select 'p'; [3]\n");
  CHECK(ways(folder.load(Scope::tenant)) ==
        "2026_1_1_1.sql: -- tenantsh: no-transaction select 't'; [5, alone] | select -1; [8]\n"
        "2026_1_2_1.sql: select 2; [3] | select -2; [5]\n");
  CHECK(folder.load(Scope::master).files()[0].seed);
  CHECK(listed(folder.load(Scope::master).problems()) == "");
  folder.write("2026_1_3_1.sql", "select 3;");
  CHECK(listed(folder.load().problems()) ==
        "bad_header: 2026_1_3_1.sql: has no PLATFORM or TENANT section, other files of the set do | put its "
        "statements below `-- ===== PLATFORM MIGRATIONS =====` or `-- ===== TENANT MIGRATIONS =====`\n");
}

TEST_CASE("a way back of its own for both scopes") {
  SetFolder folder;
  folder
      .write(
          "001_a.up.sql",
          "-- ===== PLATFORM MIGRATIONS =====\nselect 'p';\n-- ===== TENANT MIGRATIONS =====\nselect 't';\n")
      .write("001_a.down.sql", "-- ===== TENANT MIGRATIONS =====\nselect -1;\n");
  CHECK(ways(folder.load(Scope::master)) == "001_a.up.sql: select 'p'; [2]\n");
  CHECK(ways(folder.load(Scope::tenant)) == "001_a.up.sql: select 't'; [4] | select -1; [2]\n");
}

TEST_CASE("sections and pairs that do not fit") {
  SetFolder folder;
  folder.write("001_a.down.sql", "select 1;")
      .write("002_b.sql", "select 1;\n-- ===== TENANT MIGRATIONS =====\nselect 2;\n")
      .write("003_c.sql",
             "-- +goose Up\nselect 1;\n-- +goose ENVSUB ON\n-- +goose Down\nselect 2;\n-- +goose Down\n")
      .write("004_d.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n")
      .write("004_d.down.sql", "select 2;")
      .write("005_e.sql", "-- migrate:down\nselect 2;\n")
      .write("006_f.js", "readFileSync('007_g.sql')")
      .write("007_g.sql", "select 7;");
  std::string found;
  MigrationSet const set = folder.load();
  for (Problem const& problem : set.problems())
    if (problem.message.find("no PLATFORM or") == std::string::npos)
      found += std::string{to_string(problem.kind)} + ": " + problem.message + "\n";
  CHECK(found ==
        "unpaired: 001_a.down.sql: is a way back, but there is no 001_a to go up\n"
        "bad_header: 002_b.sql:1: a statement stands above the first mark, in no section\n"
        "bad_header: 003_c.sql:3: `-- +goose ENVSUB ON` is not known\n"
        "bad_header: 003_c.sql:6: a second section for the same scope and direction\n"
        "bad_header: 004_d.down.sql:1: a second way back: 004_d.sql holds one already\n"
        "empty_file: 005_e.sql: has no way up\n"
        "wrong_wrapper: 006_f.js:1: reads 007_g.sql, the SQL of another migration\n");
}

TEST_CASE("what a set says about itself") {
  SetFolder folder;
  folder.write("001_a.sql", "select 1;").write("004_d.sql", "select 1;").write("005_e.sql", "select 1;");
  CHECK(listed(folder.load().problems()) == "");
  folder.write(
      "set.toml",
      "history = \"knex\"\naccept = [\"out_of_order\"]\ngaps = \"refuse\"\nbaseline = \"../base.sql\"\n"
      "[runner]\nup = [\"npx\", \"knex\"]\ndirectory = \"..\"\n[runner.environment]\nURL = \"{url}\"\n"
      "[permission]\ntable = \"p.role_permission\"\n");
  MigrationSet const set = folder.load();
  CHECK(
      listed(set.problems()) ==
      "gap: 004_d.sql: numbers 2 to 3 are missing before it | bring the missing file back, or close the gap: "
      "tenantsh migrate renumber --gaps\n");
  SetSettings const& settings = set.settings();
  CHECK(settings.history == "knex");
  CHECK(settings.trusted);
  CHECK(settings.accepted == AcceptedProblems{ProblemKind::out_of_order});
  CHECK(settings.baseline == folder.path().parent_path() / "base.sql");
  CHECK(listed(settings.runner.up) == "npx knex");
  CHECK(settings.runner.directory == folder.path().parent_path() / "");
  CHECK(settings.runner.environment.at("URL") == "{url}");
  CHECK(settings.permission.table == "p.role_permission");
  folder.write("set.toml", "history = \"knx\"\n");
  CHECK_THROWS_WITH_AS(
      folder.load(),
      (folder.path().string() +
       "/set.toml:1: history is \"knx\"; known: knex, sequelize, prisma, flyway, dbmate, rails, "
       "golang-migrate, goose, node-pg-migrate; did you mean \"knex\"?")
          .c_str(),
      fleet::Error);
  folder.write("set.toml", "[runner]\ndown = [\"x\"]\n");
  CHECK_THROWS_AS(folder.load(), fleet::Error);
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
        "20: tenantsh migrate renumber\n"
        "duplicate_number: 010_two.sql: has the same number as 010_one.sql | give the newer one the number "
        "20: tenantsh migrate renumber\n");
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
