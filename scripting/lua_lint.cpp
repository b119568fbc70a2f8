// migrations: lint.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "fleet/clock.hpp"
#include "migrations/engine/header.hpp"
#include "migrations/engine/lint.hpp"
#include "migrations/engine/lint_sarif.hpp"
#include "migrations/engine/placeholder.hpp"
#include "scripting/lua_lint.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::Finding;
using migrations::LintFile;
using migrations::LintSettings;
using migrations::MigrationSet;
using migrations::Scope;
using Path = std::filesystem::path;

struct Asked {
  std::vector<LintFile> files;
  LintSettings settings;
  std::string folder;  // before the files' names, as the operator wrote it
  std::vector<std::string> notes;
  bool overlooked = false;  // a file could not be read as SQL
};

std::string counted(std::size_t count, std::string const& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string folder_prefix(Path const& folder) {
  std::string text = folder.generic_string();
  if (!text.empty() && text.back() != '/') text += '/';
  return text;
}

LintFile lint_file(migrations::Migration const& file, MigrationSet const& set) {
  LintFile linted{.name = file.file,
                  .text = file.sql,
                  .first_line = file.first_line,
                  .scope = file.scope,
                  .no_transaction = file.no_transaction,
                  .seed = file.seed,
                  .schema_placed = set.uses_schema_name() && file.scope == Scope::tenant};
  if (file.down) linted.down = migrations::LintDown{file.down->file, file.down->sql, file.down->first_line};
  return linted;
}

std::string read_text(Path const& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    throw Error{ErrorKind::not_found, "there is no file " + path.string()};
  std::ifstream stream{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) throw Error{ErrorKind::io, path.string() + " cannot be read"};
  if (text.rfind("\xEF\xBB\xBF", 0) == 0) text.erase(0, 3);
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

// A file by itself, whatever its name: no catalog knows it.
LintFile single_file(Path const& path, Scope scope) {
  LintFile file{.name = path.filename().string(), .text = read_text(path), .scope = scope};
  auto const header = migrations::read_header(file.text);
  file.no_transaction = header.no_transaction;
  file.seed = header.seed;
  file.schema_placed =
      scope == Scope::tenant && file.text.find(migrations::schema_placeholder) != std::string::npos;
  return file;
}

bool is_path(std::string const& text) {
  std::error_code error;
  return text.find('/') != std::string::npos || std::filesystem::is_regular_file(text, error);
}

// The files of a set, and its baseline, with those asked for marked.
void add_set(Asked& asked, MigrationSet const& set, std::vector<std::string> const& patterns) {
  std::vector<migrations::Migration const*> chosen;
  if (!patterns.empty()) chosen = set.matching(patterns);
  std::size_t programs = 0;
  for (migrations::Migration const& file : set.files()) {
    if (file.language != migrations::Language::sql) {
      ++programs;
      continue;
    }
    LintFile linted = lint_file(file, set);
    linted.asked = patterns.empty() || std::find(chosen.begin(), chosen.end(), &file) != chosen.end();
    asked.files.push_back(std::move(linted));
  }
  Path const& baseline = set.settings().baseline;
  std::error_code error;
  if (set.scope() == Scope::tenant && std::filesystem::is_regular_file(baseline, error)) {
    LintFile file = single_file(baseline, Scope::tenant);
    file.name = std::filesystem::relative(baseline, set.folder(), error).generic_string();
    file.baseline = true;
    file.schema_placed = set.uses_schema_name();
    file.asked = patterns.empty();
    asked.files.push_back(std::move(file));
  }
  if (programs > 0)
    asked.notes.push_back(counted(programs, "file") + " left out: programs, which lint does not read");
  // What the catalog did not take in was not looked at either.
  using migrations::ProblemKind;
  for (migrations::Problem const& problem : set.problems()) {
    bool const unread = problem.kind == ProblemKind::unreadable || problem.kind == ProblemKind::not_utf8 ||
                        problem.kind == ProblemKind::empty_file;
    if (!unread && (set.find(problem.name) != nullptr || problem.kind == ProblemKind::bad_header)) continue;
    asked.notes.push_back("not looked at: " + problem.message);
    asked.overlooked = true;
  }
  if (set.files().empty() && asked.notes.empty())
    throw Error{ErrorKind::not_found, "no migration file in " + set.folder().string()}.with_hint(
        "`tenantsh help sets` says what a file is called");
}

Asked asked_for(World& world, Arguments const& arguments) {
  Asked asked;
  std::vector<std::string> const patterns = arguments.list("files");
  bool const paths = !arguments.has("set") && std::any_of(patterns.begin(), patterns.end(), is_path);
  std::string const word = arguments.text("scope", "tenant");
  if (word != "tenant" && word != "master")
    throw Error{ErrorKind::usage, "scope " + fleet::in_quotes(word) + " is not known"}.with_hint(
        "master or tenant");
  Scope const scope = word == "master" ? Scope::master : Scope::tenant;
  if (paths) {
    Path const folder = Path{patterns[0]}.parent_path();
    asked.settings = migrations::read_lint_settings(folder.empty() ? Path{"."} : folder);
    for (std::string const& pattern : patterns) {
      asked.files.push_back(single_file(pattern, scope));
      asked.files.back().name = Path{pattern}.generic_string();
    }
  } else {
    MigrationSet const set = load_set(world, arguments, scope);
    asked.settings = migrations::read_lint_settings(set.folder());
    asked.folder = folder_prefix(arguments.has("set") ? Path{arguments.text("set")} : set.folder());
    add_set(asked, set, patterns);
  }
  return asked;
}

void check_rule_names(std::vector<std::string> const& names, std::string const& parameter) {
  for (std::string const& name : names)
    if (migrations::find_rule(name) == nullptr) {
      std::string const near = fleet::nearest(name, migrations::rule_ids());
      throw Error{ErrorKind::usage, parameter + ": there is no rule " + fleet::in_quotes(name)}.with_hint(
          near.empty() ? "`tenantsh help lint` lists the rules" : "did you mean " + near + "?");
    }
}

void lay_over(Arguments const& arguments, LintSettings& settings) {
  std::string const profile = arguments.text("profile", "");
  if (!profile.empty() && profile != "postgresql" && profile != "tsql")
    throw Error{ErrorKind::usage, "profile " + fleet::in_quotes(profile) + " is not known"}.with_hint(
        "postgresql or tsql");
  if (!profile.empty())
    settings.profile = profile == "tsql" ? migrations::Profile::tsql : migrations::Profile::postgresql;
  settings.only = arguments.list("rules");
  check_rule_names(settings.only, "rules");
  std::vector<std::string> const ignored = arguments.list("ignore");
  check_rule_names(ignored, "ignore");
  settings.disable.insert(settings.disable.end(), ignored.begin(), ignored.end());
  settings.today = fleet::iso_time(fleet::SystemClock{}.now()).substr(0, 10);
}

// "FILE:LINE:COL: warning: message [rule]", and what would be right below it.
std::string finding_text(Finding const& finding, std::string const& folder) {
  return fmt::format("{}{}:{}:{}: {}: {} [{}]\n  right: {}\n", folder, finding.file, finding.line,
                     finding.column, to_string(finding.severity), finding.message, finding.rule, finding.fix);
}

Answer lint(World& world, Arguments const& arguments) {
  Asked asked = asked_for(world, arguments);
  lay_over(arguments, asked.settings);
  std::string const output = arguments.text("output", "rows");
  if (output != "rows" && output != "sarif")
    throw Error{ErrorKind::usage, "output " + fleet::in_quotes(output) + " is not known"}.with_hint(
        "rows or sarif");
  migrations::LintReport const report = migrations::lint(asked.files, asked.settings);

  using fleet::type_oid::int4;
  Rows rows{fleet::Result{{{"file"},
                           {"line", int4},
                           {"column", int4},
                           {"rule"},
                           {"severity"},
                           {"message"},
                           {"fix"},
                           {"statement"}}},
            {},
            0};
  rows.lines.emplace();
  std::size_t counts[3] = {};
  std::size_t allowed = 0;
  for (Finding const& finding : report.findings) {
    if (!finding.allowed.empty()) {
      ++allowed;
      continue;
    }
    ++counts[static_cast<std::size_t>(finding.severity)];
    rows.result.append(asked.folder + finding.file);
    rows.result.append(std::to_string(finding.line));
    rows.result.append(std::to_string(finding.column));
    rows.result.append(finding.rule);
    rows.result.append(to_string(finding.severity));
    rows.result.append(finding.message);
    rows.result.append(finding.fix);
    rows.result.append(finding.statement);
    *rows.lines += finding_text(finding, asked.folder);
  }
  Answer answer;
  answer.notes = std::move(asked.notes);
  std::size_t const total = counts[0] + counts[1] + counts[2];
  answer.notes.push_back(
      counted(report.files, "file") + ", " + counted(report.statements, "statement") + ", " +
      (report.analysed == report.statements
           ? ""
           : fmt::format("{} of them not analysed, ", report.statements - report.analysed)) +
      (total == 0 ? "nothing found"
                  : fmt::format("{}, {}, {}", counted(counts[2], "error"), counted(counts[1], "warning"),
                                fmt::format("{} info", counts[0]))) +
      (allowed == 0 ? "" : fmt::format(", {} allowed", allowed)));
  if (output == "sarif")
    answer.value = Json(migrations::sarif_document(report, asked.settings, asked.folder));
  else
    answer.value = std::move(rows);
  if (asked.overlooked || counts[1] + counts[2] > 0 || (counts[0] > 0 && arguments.boolean("strict")))
    answer.ended = ErrorKind::pending;
  return answer;
}

}  // namespace

void add_lint(Registry& registry) {
  registry.add(Method{
      .object = "migrations",
      .name = "lint",
      .parameters = {{.name = "files",
                      .type = Type::list,
                      .positional = true,
                      .brief = "files of the set by name, number or glob, or paths of single files"},
                     {.name = "set",
                      .type = Type::path,
                      .default_text = "the shipped set",
                      .brief = "folder of the files"},
                     {.name = "scope", .default_text = "tenant", .brief = "master or tenant"},
                     {.name = "profile",
                      .default_text = "the set's",
                      .brief = "postgresql, or tsql for files of SQL Server"},
                     {.name = "rules", .type = Type::list, .brief = "only these rules"},
                     {.name = "ignore", .type = Type::list, .brief = "rules to leave out"},
                     {.name = "strict",
                      .type = Type::boolean,
                      .brief = "findings of severity info end with exit 8 too"},
                     {.name = "output",
                      .default_text = "rows",
                      .brief = "sarif: one SARIF 2.1.0 document as text"}},
      .returns =
          "result: file, line, column, rule, severity (error | warning | info), message, fix, statement; "
          "ends with exit 8 when there is an error or a warning",
      .errors = "not_found without folder or file; config for the set's set.toml; usage for an unknown rule",
      .brief = "What is dangerous or against the rules in migration files, by PostgreSQL's own parser: "
               "connects to "
               "nothing, runs nothing. help \"lint\" lists the rules.",
      .example = "migrations:lint{ scope = \"master\" }",
      .aliases = {"migrate lint"},
      .run = lint});
}

}  // namespace scripting
