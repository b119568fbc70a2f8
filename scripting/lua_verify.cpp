// `migrations:verify`: a set proved before anybody runs it.

#include <fmt/format.h>

#include "migrations/engine/rehearsal.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/scratch_build.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;
using migrations::MigrationSet;
using migrations::Rehearsal;
using migrations::Scope;

void append(Rows& rows, std::string const& name, std::string_view result, std::string const& says) {
  rows.result.append(name);
  rows.result.append(result);
  rows.result.append(says.empty() ? std::nullopt : std::optional<std::string_view>{says});
}

Answer verify(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  Rows rows{fleet::Result{{{"name"}, {"result"}, {"says"}}}, {}, 1};
  if (set.files().empty() && set.problems().empty())
    throw fleet::Error{ErrorKind::not_found,
                       set.folder().string() + " holds no migration: nothing was proved"}
        .with_hint("name the folder of the set: --set FOLDER; `help sets` says how files are named");
  std::vector<migrations::Problem> problems = set.problems();
  for (migrations::Problem& problem : set.check()) problems.push_back(std::move(problem));
  problems = migrations::remaining(problems, set.settings().accepted);
  for (migrations::Problem const& problem : problems)
    append(rows, problem.name, to_string(problem.kind), problem.message);
  if (!problems.empty())
    return {std::move(rows), {"the folder has mistakes; nothing was run"}, std::optional{ErrorKind::pending}};
  std::vector<Rehearsal> const rehearsals =
      ScratchBuild::rehearse(world, scratch_server(world, arguments, set.scope()), set);
  std::map<Rehearsal::Outcome, std::size_t> counts;
  for (Rehearsal const& rehearsal : rehearsals) {
    ++counts[rehearsal.outcome];
    if (rehearsal.says.empty()) append(rows, rehearsal.name, to_string(rehearsal.outcome), "");
    for (std::string const& line : rehearsal.says)
      append(rows, rehearsal.name, to_string(rehearsal.outcome), line);
  }
  std::string summary =
      fmt::format("{} files: {} the same after up, down, up; {} without a way back", set.files().size(),
                  counts[Rehearsal::Outcome::same], counts[Rehearsal::Outcome::no_way_back]);
  std::size_t const bad = counts[Rehearsal::Outcome::differs] + counts[Rehearsal::Outcome::failed];
  if (bad > 0) summary += fmt::format("; {} not right", bad);
  if (rehearsals.size() < set.files().size())
    summary += fmt::format("; {} not tried", set.files().size() - rehearsals.size());
  return {std::move(rows), {std::move(summary)}, bad > 0 ? std::optional{ErrorKind::pending} : std::nullopt};
}

std::vector<std::string> describe_verify(World& world, Arguments const& arguments) {
  MigrationSet const set = load_set(world, arguments, scope_of(arguments, Scope::tenant));
  return {fmt::format(
      "apply the {} files of {} to a scratch database on {}, each up, down and up again; drop it",
      set.files().size(), set.folder().string(), scratch_server(world, arguments, set.scope()).server)};
}

}  // namespace

void add_verify(Registry& registry) {
  registry.add(Method{
      .object = "migrations",
      .name = "verify",
      .effect = Effect::write,
      .parameters = {{.name = "set",
                      .type = Type::path,
                      .default_text = "the shipped set",
                      .brief = "folder of the files"},
                     {.name = "scope", .default_text = "tenant", .brief = "master or tenant"},
                     {.name = "server",
                      .type = Type::server,
                      .default_text = "an active one, or master's",
                      .brief = "where the scratch database is made"}},
      .returns =
          "result: name, result (same, no way back, differs, failed, or what is wrong with the file), says; "
          "ended pending when something is not right",
      .errors = "not_found without the folder; sql 42501 without the right to create databases",
      .brief =
          "Proves a set: no number twice, every way back has its way up, and in a scratch database each file "
          "goes up, down and up again and leaves the same structure.",
      .example = "migrations:verify{ plan = true }",
      .aliases = {"migrate verify"},
      .asks = false,
      .run = verify,
      .describe = describe_verify});
}

}  // namespace scripting
