// What other tools' histories mean for the files of a set, without a server.

#include <doctest/doctest.h>

#include "migrations/engine/history_lock.hpp"
#include "migrations/engine/history_match.hpp"
#include "migrations/engine/program.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
using tests::SetFolder;

namespace {

// A file's SHA-256 is its name, so that a test can write it into a row.
class NameDigests final : public fleet::Driver {
 public:
  std::unique_ptr<fleet::Session> connect(fleet::Endpoint const&, fleet::Secrets&,
                                          fleet::ConnectOptions const&) override {
    throw fleet::Error{fleet::ErrorKind::refused, "matching must not connect"};
  }
  std::string sha256(std::string_view bytes) const override { return std::string{bytes}; }
  std::string sha256_file(std::string const& path) const override {
    return std::filesystem::path{path}.parent_path().filename().string();
  }
  std::string random_token(std::size_t) const override { return {}; }
  std::map<std::string, std::string> parse_dsn(std::string const&) const override { return {}; }
  std::map<std::string, std::string> environment_keywords() const override {
    return {{"PGHOST", "host"}, {"PGPORT", "port"}, {"PGUSER", "user"}, {"PGDATABASE", "dbname"}};
  }
};

HistoryRow named(std::string name) { return {.name = std::move(name)}; }
HistoryRow version(std::string text) { return {.version = std::move(text)}; }

std::string matched(HistoryTool tool, std::vector<HistoryRow> rows, SetFolder const& folder) {
  MigrationSet const set = folder.load();
  std::string text;
  for (HistoryFile const& file : match({{tool, "public", "t"}, std::move(rows)}, set, NameDigests{}))
    text += (text.empty() ? "" : " ") + file.name + ":" + std::string{to_string(file.state)};
  return text;
}

}  // namespace

TEST_CASE("Flyway's checksum is over lines without their ends and without the byte-order mark") {
  // zlib.crc32(b"create table a (id int);-- two"), as a signed number
  CHECK(flyway_checksum("create table a (id int);\n-- two\n") == -1464070806);
  CHECK(flyway_checksum("\xEF\xBB\xBF"
                        "create table a (id int);\r\n-- two") == -1464070806);
  CHECK(flyway_checksum("create table a (id int);\r\n\r\n-- two\r") == -1464070806);
  CHECK(flyway_checksum("") == 0);
  CHECK(flyway_description("V1_2__add_members_table.sql") == "add members table");
}

TEST_CASE("the keys of the tools' advisory locks") {
  CHECK(tool_lock_keys({HistoryTool::prisma, "public", "_prisma_migrations"}, "acme") ==
        std::vector<std::int64_t>{72707369});
  // 0x466C79776179 and Java's "\"public\".\"flyway_schema_history\"".hashCode()
  CHECK(tool_lock_keys({HistoryTool::flyway, "public", "flyway_schema_history"}, "acme") ==
        std::vector<std::int64_t>{77431708279161 + 2125624436});
  CHECK(tool_lock_keys({HistoryTool::golang_migrate, "public", "schema_migrations"}, "acme") ==
        std::vector<std::int64_t>{561612648, 1130305606});
  CHECK(tool_lock_keys({HistoryTool::rails, "public", "schema_migrations"}, "acme") ==
        std::vector<std::int64_t>{198731698732165830});
  CHECK(tool_lock_keys({HistoryTool::dbmate, "public", "schema_migrations"}, "acme").empty());
}

TEST_CASE("versions compare as their tools compare them") {
  CHECK(parse_version("00001") == parse_version("1"));
  CHECK(parse_version("1.2.0") == parse_version("1.2"));
  CHECK(parse_version("1.2") < parse_version("1.10"));
  CHECK(parse_version("20240101120000").text() == "20240101120000");
  CHECK(parse_version("one").empty());
  CHECK(parse_version("99999999999999999999").empty());
}

TEST_CASE("names, with or without extension, compiled or not") {
  SetFolder folder;
  folder.write("20240101_a.js", "exports.up").write("20240102_b.sql", "select 1");
  folder.write("20240102_b.js", "run('20240102_b.sql')").write("20240103_c.js", "exports.up");
  CHECK(matched(HistoryTool::knex, {named("20240101_a.ts"), named("20240102_b.js"), named("20230101_z.js")},
                folder) ==
        "20240101_a.js:applied 20240102_b.sql:applied 20240103_c.js:pending 20230101_z.js:missing");
  CHECK(matched(HistoryTool::node_pg_migrate, {named("20240101_a"), named("20240103_c")}, folder) ==
        "20240101_a.js:applied 20240102_b.sql:pending 20240103_c.js:applied");
}

TEST_CASE("versions, baselines and the one row of golang-migrate") {
  SetFolder folder;
  folder.write("0001_a.sql", "select 1").write("2_b.sql", "select 2").write("10_c.sql", "select 3");
  CHECK(matched(HistoryTool::goose, {version("1"), version("10")}, folder) ==
        "0001_a.sql:applied 2_b.sql:pending 10_c.sql:applied");
  CHECK(matched(HistoryTool::golang_migrate, {version("2")}, folder) ==
        "0001_a.sql:applied 2_b.sql:applied 10_c.sql:pending");
  CHECK(matched(HistoryTool::golang_migrate, {version("7")}, folder) ==
        "0001_a.sql:applied 2_b.sql:applied 10_c.sql:pending 7:missing");
  CHECK(matched(HistoryTool::golang_migrate, {{.state = HistoryRow::State::failed, .version = "10"}},
                folder) == "0001_a.sql:applied 2_b.sql:applied 10_c.sql:failed");
  HistoryRow const baseline{.state = HistoryRow::State::baseline, .version = "2"};
  CHECK(matched(HistoryTool::flyway, {baseline}, folder) ==
        "0001_a.sql:applied 2_b.sql:applied 10_c.sql:pending");
}

TEST_CASE("checksums tell an edited file") {
  SetFolder folder;
  folder.write("20240101_a/migration.sql", "select 1").write("20240102_b/migration.sql", "select 2");
  HistoryRow good = named("20240101_a"), bad = named("20240102_b");
  good.checksum = "20240101_a";
  bad.checksum = "another";
  CHECK(matched(HistoryTool::prisma, {good, bad}, folder) == "20240101_a:applied 20240102_b:edited");
}

TEST_CASE("archived files are nobody's loss") {
  SetFolder folder;
  folder.write("archive/0001_a.sql", "select 1").write("0002_b.sql", "select 1");
  CHECK(matched(HistoryTool::dbmate, {version("0001"), version("0002")}, folder) == "0002_b.sql:applied");
}

TEST_CASE("histories that have something in common contradict each other where they differ") {
  History const knex{{HistoryTool::knex, "public", "knex_migrations"},
                     {named("001_a.js"), named("002_b.js")}};
  History const meta{{HistoryTool::sequelize, "public", "SequelizeMeta"}, {named("001_a.ts")}};
  History const other{{HistoryTool::dbmate, "app", "schema_migrations"}, {version("20240101")}};
  CHECK(contradictions({knex, meta, other}) ==
        std::vector<std::string>{"002_b.js is in public.knex_migrations and not in public.SequelizeMeta"});
  CHECK(contradictions({knex, other}).empty());
}

TEST_CASE("a runner gets its target by words and variables, and no password in its arguments") {
  SetFolder folder;
  folder.write("1_a.js", "exports.up");
  MigrationSet const set = folder.load();
  ProgramRunner runner{{"knex", "migrate:up", "{file}", "--url={url}", "{\"a\":1}"},
                       folder.path(),
                       {{"DATABASE_URL", "{url}"}, {"FLYWAY_PASSWORD", "{password}"}}};
  fleet::Endpoint endpoint{
      {{"host", "/run/pg"}, {"port", "5501"}, {"user", "ad min"}, {"dbname", "acme"}}, {}, "pg-1", "acme"};
  ProgramTarget const target{endpoint, "geheim", "s 1", "app"};
  fleet::Command const command =
      program_command(runner, target, set.files().front(), "/proc/1/fd/3", NameDigests{});
  CHECK(command.text() ==
        "knex migrate:up 1_a.js '--url=postgres://ad%20min@/acme?host=%2Frun%2Fpg&port=5501&sslmode=disable' "
        "'{\"a\":1}'");
  CHECK(command.environment ==
        std::map<std::string, std::string>{
            {"DATABASE_URL", "postgres://ad%20min@/acme?host=%2Frun%2Fpg&port=5501&sslmode=disable"},
            {"FLYWAY_PASSWORD", "geheim"},
            {"PGDATABASE", "acme"},
            {"PGHOST", "/run/pg"},
            {"PGOPTIONS", "-c role=app -c search_path=s\\ 1"},
            {"PGPASSFILE", "/proc/1/fd/3"},
            {"PGPORT", "5501"},
            {"PGUSER", "ad min"}});
  CHECK(command.without == std::vector<std::string>{"PG*"});
  endpoint.keywords["host"] = "db.example";
  CHECK(url_of(endpoint) == "postgres://ad%20min@db.example:5501/acme");
  runner.command = {"x", "{password}"};
  CHECK_THROWS_WITH(program_command(runner, target, set.files().front(), "", NameDigests{}),
                    "\"{password}\": {password} means nothing here");
}
