// `migrations`: the baseline, proved against the migrations and made from them.

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"
#include "scripting/scratch_build.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::StructureDifference;
using migrations::MigrationSet;
using migrations::Scope;
namespace fs = std::filesystem;

void require_one_placement(MigrationSet const& set, migrations::Baseline const& baseline) {
  if (set.uses_schema_name() == baseline.uses_schema_name()) return;
  std::string const place = set.uses_schema_name() ? "a schema" : "a database";
  throw Error{ErrorKind::refused,
              fmt::format("{} is for {}, the files of {} are for {}", baseline.path.string(),
                          set.uses_schema_name() ? "a database" : "a schema", set.folder().string(), place)}
      .with_hint("write it anew: tenantsh migrate baseline write --set " + set.folder().string());
}

std::vector<StructureDifference> compare_with(World& world, Arguments const& arguments,
                                              MigrationSet const& set, migrations::Build const& expected,
                                              migrations::Baseline const& baseline) {
  require_one_placement(set, baseline);
  ScratchBuild from_baseline{world, scratch_server(world, arguments, set.scope()), set, baseline};
  return fleet::without(migrations::compare_builds(expected, from_baseline.read()), arguments.list("ignore"));
}

Answer check(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  migrations::Baseline const baseline = migrations::read_baseline(baseline_path(arguments, set));
  require_one_placement(set, baseline);
  migrations::Build const expected =
      ScratchBuild{world, scratch_server(world, arguments, set.scope()), set}.read();
  auto const found = compare_with(world, arguments, set, expected, baseline);
  Rows rows{fleet::Result{{{"object"}, {"property"}, {"what"}, {"migrations"}, {"baseline"}}}, {}, 1};
  auto append = [&rows](std::string const& text) {
    rows.result.append(text.empty() ? std::nullopt : std::optional<std::string_view>{text});
  };
  for (StructureDifference const& one : found) {
    for (std::string const& text :
         {one.label(), one.property, std::string{to_string(one.what)}, one.a, one.b})
      append(text);
  }
  Answer answer{std::move(rows), {}, {}};
  answer.notes.push_back(
      found.empty()
          ? fmt::format("{} gives what the {} files of {} give: {} objects, {} tables with rows",
                        baseline.path.filename().string(), set.files().size(), set.folder().string(),
                        expected.structure.objects.size(), expected.rows.size())
          : fmt::format("{} differs from the migrations in {} place{}; missing is what the baseline lacks",
                        baseline.path.filename().string(), found.size(), found.size() == 1 ? "" : "s"));
  if (!found.empty()) answer.ended = ErrorKind::pending;
  return answer;
}

std::vector<std::string> describe_check(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  return {
      fmt::format("build two scratch databases on {}, one from {} files of {}, one from {}; compare and "
                  "drop them",
                  scratch_server(world, arguments, set.scope()).server, set.files().size(),
                  set.folder().string(), baseline_path(arguments, set).string())};
}

// Beside the file and renamed, so that the old one stays whole until the new one is.
void replace_file(fs::path const& path, std::string const& text) {
  fs::path const beside = path.string() + ".new";
  std::ofstream out{beside, std::ios::binary | std::ios::trunc};
  out << text;
  out.close();
  std::error_code error;
  if (!out) {
    fs::remove(beside, error);
    throw Error{ErrorKind::io, "cannot write " + beside.string()};
  }
  fs::rename(beside, path, error);
  if (error) {
    std::string const why = error.message();
    fs::remove(beside, error);
    throw Error{ErrorKind::io, fmt::format("cannot replace {}: {}", path.string(), why)};
  }
}

Answer write(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  fs::path const path = baseline_path(arguments, set);
  migrations::Baseline baseline{path, {}};
  migrations::Build expected;
  {
    ScratchBuild from_migrations{world, scratch_server(world, arguments, set.scope()), set};
    expected = from_migrations.read();
    baseline.sql = from_migrations.write_baseline();
  }
  if (auto const found = compare_with(world, arguments, set, expected, baseline); !found.empty()) {
    Error error{ErrorKind::failed,
                "what was written does not give what the migrations give: " + fleet::describe(found.front())};
    error.detail = found.size() > 1
                       ? fmt::format("and {} more; {} was left as it is", found.size() - 1, path.string())
                       : path.string() + " was left as it is";
    throw error;
  }
  bool const same = [&] {
    try {
      return migrations::read_baseline(path).sql == baseline.sql;
    } catch (Error const& error) {
      if (error.kind != ErrorKind::not_found) throw;
      return false;
    }
  }();
  if (!same) replace_file(path, baseline.sql);
  Rows rows{fleet::Result{{{"file"},
                           {"state"},
                           {"objects", fleet::type_oid::int8},
                           {"tables_with_rows", fleet::type_oid::int8},
                           {"bytes", fleet::type_oid::int8}}},
            {},
            1};
  for (std::string const& text : {path.string(), std::string{same ? "unchanged" : "written"},
                                  std::to_string(expected.structure.objects.size()),
                                  std::to_string(expected.rows.size()), std::to_string(baseline.sql.size())})
    rows.result.append(text);
  return {std::move(rows), {"proved in scratch databases: it gives what the migrations give"}, {}};
}

std::vector<std::string> describe_write(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  return {fmt::format("apply {} files of {} to a scratch database on {}", set.files().size(),
                      set.folder().string(), scratch_server(world, arguments, set.scope()).server),
          "pg_dump it, prove the text in a second one, drop both",
          "replace " + baseline_path(arguments, set).string()};
}

std::vector<Parameter> parameters(bool compares) {
  std::vector<Parameter> all = {
      {.name = "set", .type = Type::path, .default_text = "the shipped set", .brief = "folder of the files"},
      {.name = "scope", .default_text = "tenant", .brief = "master or tenant"},
      {.name = "baseline",
       .type = Type::path,
       .default_text = "baseline.sql in the folder",
       .brief = "the file"},
      {.name = "server",
       .type = Type::server,
       .default_text = "an active one, or master's",
       .brief = "where the scratch databases are made"}};
  if (compares)
    all.push_back({.name = "ignore",
                   .type = Type::list,
                   .default_text = "none",
                   .brief = "globs over \"kind name\", or \"kind name: property\""});
  return all;
}

}  // namespace

void add_baseline(Registry& registry) {
  registry.add(Method{
      .object = "migrations",
      .name = "baseline_check",
      .effect = Effect::write,
      .parameters = parameters(true),
      .returns = "result: object, property, what (missing, extra or different in the baseline), migrations, "
                 "baseline; ended pending unless both give the same",
      .errors =
          "not_found without the file; sql with file and line when one cannot be run; sql 42501 without "
          "the right to create databases",
      .brief = "Builds one scratch database from the baseline and one from the migrations and names every "
               "object and every row count in which they differ.",
      .example = "migrations:baseline_check{ plan = true }",
      .aliases = {"migrate baseline check"},
      .asks = false,
      .run = check,
      .describe = describe_check});
  registry.add(Method{
      .object = "migrations",
      .name = "baseline_write",
      .effect = Effect::write,
      .parameters = parameters(false),
      .returns = "result: file, state (written or unchanged), objects, tables_with_rows, bytes",
      .errors = "tool without pg_dump of the server's version; failed when the text does not give what the "
                "migrations give; io",
      .brief = "Makes the baseline from the migrations: plain SQL with the rows that they write. The file is "
               "replaced after a scratch database proved the text.",
      .example = "migrations:baseline_write{ plan = true }",
      .aliases = {"migrate baseline write"},
      .asks = false,
      .run = write,
      .describe = describe_write});
}

}  // namespace scripting
