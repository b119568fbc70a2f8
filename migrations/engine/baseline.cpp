#include "migrations/engine/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/error.hpp"
#include "fleet/private_files.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using What = fleet::StructureDifference::What;

// CREATE SCHEMA {schema_name}: then the schema is the script's own to make.
bool creates_schema(std::string const& sql) {
  std::size_t const place = sql.find(schema_placeholder);
  if (place == std::string::npos) return false;
  for (Head const& head : statement_heads(parseable(sql)))
    if (head.words.size() >= 2 && head.words[0] == "CREATE" && head.words[1] == "SCHEMA" &&
        sql.find(schema_placeholder, head.offset) < sql.find(';', head.offset))
      return true;
  return false;
}

void make_schema(fleet::Session& session) { session.query(std::string{"create schema "} + scratch_schema); }

void refuse_psql_lines(std::string const& name, std::string const& sql) {
  for (Head const& head : statement_heads(sql)) {
    std::string const at = fmt::format("{}:{}: ", name, line_of(sql, head.offset));
    if (!head.words.empty() && head.words[0].starts_with('\\'))
      throw Error{ErrorKind::refused, at + head.words[0] + " is a command of psql, not SQL"}.with_hint(
          "write the file anew: tenantsh migrate baseline write");
    if (head.from_stdin)
      throw Error{ErrorKind::refused, at + "COPY … FROM STDIN needs psql"}.with_hint("use INSERT");
  }
}

}  // namespace

bool Baseline::uses_schema_name() const { return sql.find(schema_placeholder) != std::string::npos; }

Baseline read_baseline(std::filesystem::path const& path) {
  std::optional<std::string> text = fleet::read_file(path);
  if (!text)
    throw Error{ErrorKind::not_found, "there is no baseline " + path.string()}.with_hint(
        "make it: tenantsh migrate baseline write; or name it with --baseline");
  Baseline baseline{path, std::move(*text)};
  if (baseline.sql.starts_with("\xEF\xBB\xBF")) baseline.sql.erase(0, 3);
  for (std::size_t at = 0; (at = baseline.sql.find("\r\n", at)) != std::string::npos;)
    baseline.sql.erase(at, 1);
  return baseline;
}

void build(fleet::Session& session, Baseline const& baseline, std::stop_token stop) {
  std::string const name = baseline.path.filename().string();
  refuse_psql_lines(name, baseline.sql);
  if (baseline.uses_schema_name() && !creates_schema(baseline.sql)) make_schema(session);
  std::string const sql = fill_schema(baseline.sql, scratch_schema);
  fleet::Transaction transaction{session, fleet::Access::read_write};
  try {
    fleet::CancelOnStop const cancel{session, stop};
    session.script(sql);
    transaction.commit();
  } catch (Error& error) {
    if (stop.stop_requested()) throw Error{ErrorKind::interrupted, "stopped while " + name + " ran"};
    std::string where = name + ": ";
    if (error.position > 0)
      where = fmt::format("{}:{}: ", name, line_of(sql, byte_offset(sql, error.position)));
    error.message = where + error.message;
    throw;
  }
}

std::string make_scratch_schema(fleet::Session& session, MigrationSet const& set) {
  if (!set.uses_schema_name()) return {};
  bool const own = std::any_of(set.files().begin(), set.files().end(),
                               [](Migration const& file) { return creates_schema(file.sql); });
  if (!own) make_schema(session);
  return scratch_schema;
}

void build(fleet::Session& session, MigrationSet const& set, std::string const& applied_by,
           std::stop_token stop) {
  ApplyOptions options;
  options.applied_by = applied_by;
  options.stop = std::move(stop);
  options.accepted = set.settings().accepted;
  options.schema_name = make_scratch_schema(session, set);
  apply(session, set, options);
}

void build_platform(fleet::Session& session, MigrationSet const& set, fleet::Driver const& driver,
                    std::string const& applied_by, std::stop_token stop) {
  if (set.scope() == Scope::master) return;
  MigrationSet const platform = MigrationSet::load(set.folder(), Scope::master, driver);
  bool const sectioned =
      std::any_of(platform.files().begin(), platform.files().end(), [&](Migration const& file) {
        Migration const* same = set.find(file.name);
        return same == nullptr || same->sha256 != file.sha256;
      });
  if (sectioned && !platform.uses_schema_name()) build(session, platform, applied_by, std::move(stop));
}

Build read_build(fleet::Session& session, std::string const& schema_name) {
  return {fleet::read_structure(session, {schema_name}), fleet::structure_digest(session, {schema_name}),
          read_reference_tables(session, schema_name)};
}

std::vector<fleet::StructureDifference> compare_builds(Build const& expected, Build const& found) {
  std::vector<fleet::StructureDifference> all = fleet::difference(expected.structure, found.structure);
  auto as_map = [](std::vector<ReferenceTable> const& tables) {
    std::map<std::string, ReferenceTable> named;
    for (ReferenceTable const& table : tables) named[table.name] = table;
    return named;
  };
  auto const ours = as_map(expected.rows), theirs = as_map(found.rows);
  auto text = [](ReferenceTable const& table) {
    return fmt::format("{} row{}, digest {}", table.rows, table.rows == 1 ? "" : "s", table.digest);
  };
  for (auto const& [name, table] : ours) {
    auto const other = theirs.find(name);
    if (other == theirs.end())
      all.push_back({"rows", name, "", What::missing, text(table), ""});
    else if (other->second.rows != table.rows || other->second.digest != table.digest)
      all.push_back({"rows", name, "content", What::different, text(table), text(other->second)});
  }
  for (auto const& [name, table] : theirs)
    if (ours.count(name) == 0) all.push_back({"rows", name, "", What::extra, "", text(table)});
  return all;
}

}  // namespace migrations
