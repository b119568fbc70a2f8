#include "migrations/engine/lint.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "migrations/engine/header.hpp"
#include "migrations/engine/lint_allow.hpp"
#include "migrations/engine/lint_sarif.hpp"
#include "migrations/engine/lint_tsql.hpp"
#include "tests/migrations/set_folder.hpp"

using namespace migrations;
namespace fs = std::filesystem;

namespace {

fs::path const examples = fs::path{TENANTSH_SOURCE} / "tests" / "migrations" / "lint";

std::string read(fs::path const& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

// An example is one file, or several behind lines `-- file: NAME`; `-- down` begins its way back. The words
// behind `-- case:` and the name say what it is and what its set is set to.
struct Case {
  std::vector<LintFile> files;
  LintSettings settings;
};

std::vector<std::string> words_of(std::string const& text, char between = ' ') {
  std::istringstream stream{text};
  std::vector<std::string> words;
  for (std::string word; std::getline(stream, word, between);)
    if (!word.empty()) words.push_back(word);
  return words;
}

void take_word(std::string const& word, LintFile& file, LintSettings& settings) {
  std::size_t const equals = word.find('=');
  std::string const key = word.substr(0, equals);
  std::string const value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (key == "master")
    file.scope = Scope::master;
  else if (key == "schema")
    file.schema_placed = true;
  else if (key == "baseline")
    file.baseline = true;
  else if (key == "tsql")
    settings.profile = Profile::tsql;
  else if (key == "naming")
    settings.naming = value;
  else if (key == "index_prefix")
    settings.index_prefix = value;
  else if (key == "foreign_key_prefix")
    settings.foreign_key_prefix = value;
  else if (key == "platform_schema")
    settings.platform_schema = value;
  else if (key == "primary_key")
    settings.primary_key = value;
  else if (key == "tenant_column")
    settings.tenant_column = value;
  else if (key == "audit_columns")
    settings.audit_columns = words_of(value, ',');
  else if (key == "enable")
    settings.enable = words_of(value, ',');
  else if (key == "today")
    settings.today = value;
  else
    FAIL("an example says " << word);
}

void finish(LintFile& file) {
  Header const header = read_header(file.text);
  file.seed = header.seed;
  file.no_transaction = header.no_transaction;
}

Case read_case(std::string const& name, std::string const& text) {
  Case read;
  read.settings.today = "2026-01-01";
  read.files.push_back({.name = name});
  bool down = false;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("-- file: ", 0) == 0) {
      if (read.files.back().text.empty()) read.files.pop_back();
      auto const words = words_of(line.substr(9));
      read.files.push_back({.name = words.at(0)});
      for (std::size_t i = 1; i < words.size(); ++i) take_word(words[i], read.files.back(), read.settings);
      down = false;
      continue;
    }
    if (line.rfind("-- case: ", 0) == 0)
      for (std::string const& word : words_of(line.substr(9)))
        take_word(word, read.files.back(), read.settings);
    if (line == "-- down") {
      read.files.back().down = LintDown{read.files.back().name, "", 1};
      down = true;
      continue;
    }
    (down ? read.files.back().down->text : read.files.back().text) += line + "\n";
  }
  for (LintFile& file : read.files) finish(file);
  return read;
}

// "rule:line:column", in order; "(rule)" for what a comment allows.
std::string told(LintReport const& report) {
  std::string text;
  for (Finding const& finding : report.findings) {
    std::string const one =
        finding.rule + ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column);
    text += (text.empty() ? "" : " ") + (finding.allowed.empty() ? one : "(" + one + ")");
  }
  return text;
}

std::string linted(std::string const& sql, LintSettings const& settings = {}) {
  LintFile file{.name = "a.sql", .text = sql};
  finish(file);
  return told(lint({file}, settings));
}

bool finds(LintReport const& report, std::string_view rule) {
  for (Finding const& finding : report.findings)
    if (finding.rule == rule && finding.allowed.empty()) return true;
  return false;
}

LintReport run(std::string const& name) {
  Case const one = read_case(name, read(examples / name));
  return lint(one.files, one.settings);
}

}  // namespace

TEST_CASE("every rule has a file that breaks it and one that does not") {
  for (Rule const& rule : rules()) {
    CAPTURE(rule.id);
    std::string const id{rule.id};
    REQUIRE(fs::is_regular_file(examples / (id + ".bad.sql")));
    REQUIRE(fs::is_regular_file(examples / (id + ".good.sql")));
    LintReport const bad = run(id + ".bad.sql");
    CAPTURE(told(bad));
    CHECK(finds(bad, rule.id));
    LintReport const good = run(id + ".good.sql");
    CAPTURE(told(good));
    CHECK_FALSE(finds(good, rule.id));
  }
  for (auto const& entry : fs::directory_iterator{examples}) {
    std::string const name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(find_rule(name.substr(0, name.find('.'))) != nullptr);
  }
}

TEST_CASE("every finding says where it is, what is wrong and what would be right") {
  std::set<fs::path> paths;
  for (auto const& entry : fs::directory_iterator{examples})
    if (entry.path().extension() == ".sql") paths.insert(entry.path());
  for (fs::path const& path : paths) {
    LintReport const report = run(path.filename().string());
    for (Finding const& finding : report.findings) {
      CAPTURE(path.filename().string());
      CAPTURE(finding.rule);
      CHECK(finding.line >= 1);
      CHECK(finding.column >= 1);
      CHECK_FALSE(finding.message.empty());
      CHECK_FALSE(finding.fix.empty());
      CHECK(finding.message.find("schema_name__") == std::string::npos);
      CHECK(finding.severity == find_rule(finding.rule)->severity);
    }
  }
}

TEST_CASE("every rule can be allowed, with a reason, and switched off") {
  for (Rule const& rule : rules()) {
    if (rule.profile == Rule::For::comments) continue;
    CAPTURE(rule.id);
    std::string const name = std::string{rule.id} + ".bad.sql";
    Case one = read_case(name, read(examples / name));
    for (LintFile& file : one.files) {
      file.text = "-- tenantsh: allow " + std::string{rule.id} + " it is an example\n\n" + file.text;
      if (file.down)
        file.down->text =
            "-- tenantsh: allow " + std::string{rule.id} + " it is an example\n\n" + file.down->text;
    }
    LintReport const allowed = lint(one.files, one.settings);
    CAPTURE(told(allowed));
    CHECK_FALSE(finds(allowed, rule.id));
    bool reason = false;
    for (Finding const& finding : allowed.findings)
      reason = reason || (finding.rule == rule.id && finding.allowed == "it is an example");
    CHECK(reason);
    one = read_case(name, read(examples / name));
    one.settings.disable = {std::string{rule.id}};
    CHECK_FALSE(finds(lint(one.files, one.settings), rule.id));
    one.settings.disable.clear();
    one.settings.only = {std::string{rule.id}};
    for (Finding const& finding : lint(one.files, one.settings).findings) CHECK(finding.rule == rule.id);
  }
}

TEST_CASE("every rule explains itself") {
  std::set<std::string_view> ids;
  for (Rule const& rule : rules()) {
    CAPTURE(rule.id);
    CHECK(ids.insert(rule.id).second);
    for (std::string_view text : {rule.brief, rule.why, rule.fix}) CHECK_FALSE(text.empty());
    std::string const page = rule_text(rule);
    for (std::string_view text : {rule.id, rule.brief, rule.why, rule.fix, rule.peers})
      CHECK(page.find(text) != std::string::npos);
    CHECK(rules_text().find("  " + std::string{rule.id} + " ") != std::string::npos);
  }
  CHECK(find_rule("no-such-rule") == nullptr);
}

TEST_CASE("an allow comment reaches its statement, its line or its file") {
  std::string const drop = "drop table if exists a.b;\n";
  std::string const allow = "-- tenantsh: allow ban-drop-table why not\n";
  CHECK(linted(drop + drop) == "ban-drop-table:1:1 ban-drop-table:2:1");
  CHECK(linted(allow + drop + drop) == "(ban-drop-table:2:1) ban-drop-table:3:1");
  CHECK(linted(allow + "\n" + drop + drop) == "(ban-drop-table:3:1) (ban-drop-table:4:1)");
  CHECK(linted(drop + "\n" + allow + "-- more\n" + drop) == "ban-drop-table:1:1 (ban-drop-table:5:1)");
  CHECK(linted("drop table if exists a.b; -- tenantsh: allow ban-drop-table why not\n" + drop) ==
        "(ban-drop-table:1:1) ban-drop-table:2:1");
  CHECK(linted("create table a.b (\n  id bigint primary key,\n  -- tenantsh: allow prefer-text-field a code\n"
               "  c varchar(3),\n  d varchar(4)\n);\n") == "(prefer-text-field:4:3) prefer-text-field:5:3");
  CHECK(linted("-- tenantsh: allow ban-drop-table,drop-without-if-exists it is old\ndrop table a.b;\n") ==
        "(ban-drop-table:2:1) (drop-without-if-exists:2:1)");
}

TEST_CASE("an allow comment that does not allow is a finding") {
  std::string const drop = "drop table if exists a.b;\n";
  LintSettings settings;
  settings.today = "2026-06-15";
  auto const with = [&](std::string const& words) {
    return linted("-- tenantsh: allow" + words + "\n" + drop, settings);
  };
  CHECK(with("") == "allow-without-reason:1:1 ban-drop-table:2:1");
  CHECK(with(" ban-drop-table") == "allow-without-reason:1:1 ban-drop-table:2:1");
  CHECK(with(" ban-drop-table until 2026-12-31") == "allow-without-reason:1:1 ban-drop-table:2:1");
  CHECK(with(" ban-drop-tables old") == "allow-unknown-rule:1:1 ban-drop-table:2:1");
  CHECK(with(" ban-drop-table old until 2026-06-14") == "allow-expired:1:1 ban-drop-table:2:1");
  CHECK(with(" ban-drop-table old until 2026-06-15") == "(ban-drop-table:2:1)");
  CHECK(with(" ban-drop-column old") == "unused-allow:1:1 ban-drop-table:2:1");
  // Of a rule that was not asked for, nothing is known.
  settings.only = {"ban-drop-column", "unused-allow"};
  CHECK(with(" ban-drop-table old") == "");
  // In a string it is no comment.
  CHECK(linted("select '\n-- tenantsh: allow x\n';") == "");
}

TEST_CASE("what the file makes itself holds no rows") {
  CHECK(linted("create table a.b (id bigint primary key, c text);\n"
               "create index on a.b (c);\nalter table a.b add column d text not null, alter c set not null;\n"
               "alter table a.b add unique (c), add check (c <> '');\nupdate a.b set c = 'x';\n") == "");
}

TEST_CASE("places are lines and characters of the file, whatever stands before") {
  CHECK(linted("/* é\n */ select 'é'; drop table if exists a.b;\n") == "ban-drop-table:2:17");
  LintFile section{.name = "a.sql", .text = "\ndrop table if exists a.b;\n", .first_line = 40};
  CHECK(told(lint({section}, {})) == "ban-drop-table:41:1");
  LintFile placed{.name = "a.sql",
                  .text = "select '{schema_name}', 1; drop table if exists {schema_name}.b;\n",
                  .schema_placed = true};
  LintReport const report = lint({placed}, {});
  CHECK(told(report) == "ban-drop-table:1:28");
  CHECK(report.findings[0].message == "DROP TABLE {schema_name}.b takes its rows away for good");
  CHECK(report.findings[0].statement == "drop table if exists {schema_name}.b");
}

TEST_CASE("statements in DO blocks are looked into") {
  CHECK(linted("do $$\nbegin\n  if true then\n    alter table a.b drop column c;\n  end if;\nend\n$$;\n") ==
        "ban-drop-column:4:5");
  CHECK(linted("do $$\nbegin\n  execute 'truncate a.b cascade';\nend\n$$;\n") == "ban-truncate-cascade:3:12");
}

TEST_CASE("one bad statement does not hide the others, nor does newer syntax pass as clean") {
  LintReport const report = lint({{.name = "a.sql",
                                   .text = "select 1;\ncreate tabel x;\ndrop table if exists a.b;\n"
                                           "alter table a.b add constraint n not null c;\n"}},
                                 {});
  CHECK(told(report) == "syntax-error:2:8 ban-drop-table:3:1 not-analysed:4:1");
  CHECK(report.statements == 4);
  CHECK(report.analysed == 2);
  CHECK(linted(std::string("a\0b", 3)) == "syntax-error:1:1");
  CHECK(linted("select '\xff';") == "syntax-error:1:1");
}

TEST_CASE("SQL Server's spelling is told from PostgreSQL's own") {
  CHECK(linted("create table [NOTE] (id bigint primary key);") == "tsql-residue:1:14");
  CHECK(linted("GO\nselect 1;\ngo\n") == "tsql-residue:1:1 tsql-residue:3:1");
  CHECK(linted("alter table a.b add [c] nvarchar(5);") == "tsql-residue:1:21 tsql-residue:1:25");
  CHECK(linted("select a[1], array[b, c], array [b], array[[b], [c]], x[i] from t where go is null;") == "");
  CHECK(linted("alter table a.b add column datetime timestamptz, add column image bytea;") == "");
  CHECK(linted("create table a.image (datetime timestamptz primary key, object_id bigint);") == "");
  CHECK(linted("select 'getdate()', \"[x]\" from t; -- NVARCHAR [x]\n") == "");
}

TEST_CASE("deep and long statements end with an answer") {
  std::string sum = "select 1";
  for (int i = 0; i < 100000; ++i) sum += "+1";
  CHECK(linted(sum) == "");
  CHECK(linted("select " + std::string(20000, '(') + "1" + std::string(20000, ')'))
            .starts_with("syntax-error:1:"));
  std::string rows = "insert into a.b (c) values (1)";
  while (rows.size() < 2 * 1024 * 1024) rows += ", (123456789)";
  CHECK(linted(rows + ";\ndrop table if exists a.b;") == "not-analysed:1:1 ban-drop-table:2:1");
}

TEST_CASE("two files of a set are read together, those not asked for are not told") {
  std::vector<LintFile> files{
      {.name = "1.sql", .text = "create table a.b (id bigint primary key, c bigint references a.d (id));"},
      {.name = "2.sql", .text = "create table a.d (id bigint);"}};
  CHECK(told(lint(files, {})) ==
        "foreign-key-without-index:1:51 parent-after-child:1:51 table-without-primary-key:1:1");
  files[0].asked = false;
  LintReport const report = lint(files, {});
  CHECK(told(report) == "table-without-primary-key:1:1");
  CHECK(report.files == 1);
}

TEST_CASE("down parts") {
  auto const pair = [](std::string const& up, std::string const& down) {
    LintFile file{.name = "a.sql", .text = up};
    file.down = LintDown{"a.down.sql", down, 1};
    LintSettings settings;
    settings.only = {"down-does-not-undo", "down-drops-more", "drop-without-if-exists", "syntax-error"};
    std::string text;
    for (Finding const& finding : lint({file}, settings).findings)
      text += finding.file + ":" + finding.rule + ":" + finding.message + "\n";
    return text;
  };
  CHECK(pair("create table a.b (id int); create index i on a.b (id);", "drop table if exists a.b;") == "");
  CHECK(pair("alter table a.b add column c int; create index i on a.b (c);",
             "alter table a.b drop column if exists c;") == "");
  CHECK(pair("create view a.v as select 1;", "drop view if exists a.v;") == "");
  CHECK(pair("create view a.v as select 1;", "select 1;") ==
        "a.sql:down-does-not-undo:it makes view a.v, which the down part leaves\n");
  CHECK(pair("create index i on a.b (c);", "select 1;") ==
        "a.sql:down-does-not-undo:it creates index i, which the down part leaves\n");
  CHECK(pair("alter table a.b rename column c to d;", "alter table a.b rename column d to c;") == "");
  CHECK(pair("alter table a.b rename column c to d;", "select 1;") ==
        "a.sql:down-does-not-undo:it renames column c of a.b, and the down part does not rename it back\n");
  CHECK(pair("alter table a.b drop column c;", "alter table a.b add column c int;") ==
        "a.sql:drop-without-if-exists:DROP COLUMN c fails where it does not exist\n");
  CHECK(pair("create schema a; create table a.b (id int);", "drop schema if exists a cascade;") == "");
  CHECK(pair("create type a.e as enum ('x'); create function a.f() returns int language sql as 'select 1';",
             "drop function a.f; drop typ a.e;") ==
        "a.sql:down-does-not-undo:it makes type a.e, which the down part leaves\n"
        "a.down.sql:drop-without-if-exists:DROP FUNCTION a.f fails where it does not exist\n"
        "a.down.sql:syntax-error:syntax error at or near \"typ\"\n");
}

TEST_CASE("SARIF names rules, places and what is allowed") {
  LintReport const report = lint({{.name = "a b.sql",
                                   .text = "-- tenantsh: allow ban-drop-table it is old\ndrop table if "
                                           "exists a.b;\nalter table a.b drop column c;\n"}},
                                 {});
  auto const document = nlohmann::json::parse(sarif_document(report, {}, "db/"));
  CHECK(document["version"] == "2.1.0");
  CHECK(document["$schema"].get<std::string>().find("sarif-schema-2.1.0.json") != std::string::npos);
  auto const& run = document["runs"][0];
  auto const& rows = run["tool"]["driver"]["rules"];
  std::size_t count = 0;
  for (Rule const& rule : rules()) count += LintSettings{}.applies(rule) ? 1 : 0;
  CHECK(rows.size() == count);
  for (auto const& row : rows) {
    CHECK_FALSE(row["shortDescription"]["text"].get<std::string>().empty());
    CHECK_FALSE(row["help"]["text"].get<std::string>().empty());
  }
  REQUIRE(run["results"].size() == 3);
  for (auto const& result : run["results"]) {
    CHECK(rows[result["ruleIndex"].get<std::size_t>()]["id"] == result["ruleId"]);
    CHECK(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "db/a%20b.sql");
  }
  CHECK(run["results"][0]["suppressions"][0]["justification"] == "it is old");
  CHECK(run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 2);
  CHECK(run["results"][1]["level"] == "warning");
  CHECK_FALSE(run["results"][1].contains("suppressions"));
}

TEST_CASE("the shipped sets are clean") {
  for (Scope const scope : {Scope::master, Scope::tenant}) {
    fs::path const folder = fs::path{TENANTSH_SOURCE} / "migrations" / std::string{to_string(scope)};
    MigrationSet const set = MigrationSet::load(folder, scope, tests::DigestDriver{});
    std::vector<LintFile> files;
    for (Migration const& file : set.files()) {
      files.push_back({.name = file.name, .text = file.sql, .scope = scope});
      finish(files.back());
    }
    LintReport const report = lint(files, read_lint_settings(folder));
    std::string text;
    for (Finding const& finding : report.findings)
      if (finding.severity != Severity::info && finding.allowed.empty())
        text += finding.file + ":" + std::to_string(finding.line) + ": " + finding.rule + ": " +
                finding.message + "\n";
    CHECK(text == "");
    CHECK(report.files >= 25);
    CHECK(report.analysed == report.statements);
  }
}

TEST_CASE("settings come from set.toml, with a line for what is wrong") {
  fs::path const folder =
      fs::temp_directory_path() / ("tenantsh-lint-" + std::to_string(std::random_device{}()));
  fs::create_directories(folder);
  auto const write = [&](std::string const& text) { std::ofstream{folder / "set.toml"} << text; };
  auto const error = [&](std::string const& text) {
    write(text);
    try {
      (void)read_lint_settings(folder);
    } catch (fleet::Error const& thrown) {
      return thrown.message.substr(folder.string().size() + 1);
    }
    return std::string{};
  };
  CHECK(read_lint_settings(folder).naming.empty());
  write(
      "history = \"knex\"\n[lint]\nnaming = \"lower\"\nindex_prefix = \"idx_\"\ndisable = "
      "[\"prefer-text-field\"]\n"
      "profile = \"tsql\"\nmoney_columns = [\"x\"]\n");
  LintSettings const settings = read_lint_settings(folder);
  CHECK(settings.naming == "lower");
  CHECK(settings.index_prefix == "idx_");
  CHECK(settings.profile == Profile::tsql);
  CHECK(settings.money_columns == std::vector<std::string>{"x"});
  CHECK_FALSE(settings.applies(*find_rule("prefer-text-field")));
  CHECK(error("[lint]\nnamings = \"lower\"\n").find("set.toml:2: unknown key \"namings\" in [lint]") == 0);
  CHECK(error("[lint]\ndisable = [\"prefer-txt-field\"]\n").find("did you mean \"prefer-text-field\"?") !=
        std::string::npos);
  CHECK(error("[lint]\nnaming = \"camel\"\n").find("set.toml:2:") == 0);
  fs::remove_all(folder);
}

TEST_CASE("any bytes end with an answer") {
  std::minstd_rand random{20260301};
  auto const below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  std::vector<std::string> texts;
  for (auto const& entry : fs::directory_iterator{examples}) texts.push_back(read(entry.path()));
  std::sort(texts.begin(), texts.end());
  std::string const marks = "[]'\"-*/()$;\\\n\r\t,.N@{}\xc3\xa9\xff";
  for (int round = 0; round < 3000; ++round) {
    std::string text = texts[below(texts.size())];
    for (std::size_t count = 1 + below(6); count > 0 && !text.empty(); --count) {
      std::size_t const at = below(text.size());
      switch (below(4)) {
        case 0: text.erase(at, 1 + below(20)); break;
        case 1: text.insert(at, 1, marks[below(marks.size())]); break;
        case 2: text[at] = static_cast<char>(below(256)); break;
        default: text.insert(at, texts[below(texts.size())].substr(0, below(60))); break;
      }
    }
    std::size_t end = 0;
    for (TsqlToken const& token : tsql_tokens(text)) {
      REQUIRE(token.begin >= end);
      REQUIRE(token.end > token.begin);
      end = token.end;
    }
    REQUIRE(end <= text.size());
    Ranges const whole{{0, text.size()}};
    for (Allow const& allow : read_allows(text, whole, {{below(text.size() + 1), text.size()}}))
      REQUIRE(allow.begin <= text.size());
    if (round % 3 != 0) continue;
    LintSettings settings;
    settings.profile = round % 2 == 0 ? Profile::postgresql : Profile::tsql;
    LintFile file{.name = "a.sql", .text = text, .schema_placed = round % 4 == 0};
    LintReport const report = lint({file}, settings);
    REQUIRE(report.files == 1);
    for (Finding const& finding : report.findings) REQUIRE(finding.line >= 1);
  }
}
