#include "migrations/engine/set_settings.hpp"

#include <system_error>

#include "fleet/toml_file.hpp"

namespace migrations {

namespace {

using fleet::TomlTable;
using Path = std::filesystem::path;

void read_runner(TomlTable const& top, Path const& file, SetSettings::Runner& runner) {
  auto const* const below = top.below("runner");
  if (below == nullptr) return;
  TomlTable const table{file, "runner", *below, {"up", "down", "directory", "environment"}};
  for (auto [key, command] : {std::pair{"up", &runner.up}, std::pair{"down", &runner.down}})
    if (table.take(key, *command) && (command->empty() || command->front().empty()))
      throw table.wrong(key, "is empty")
          .with_hint("up = [\"npx\", \"knex\", \"migrate:latest\"]: run directly, never by a shell");
  if (std::string directory; table.take("directory", directory))
    runner.directory = fleet::resolved_path(directory, file.parent_path());
  if (runner.up.empty()) throw table.wrong("up", "is missing");
  auto const* const variables = table.below("environment");
  if (variables == nullptr) return;
  TomlTable const environment{file, "runner.environment", *variables, {}};
  for (auto const& [key, node] : *variables) {
    std::string const name{key.str()};
    environment.take(name, runner.environment[name]);
  }
}

void read_permission(TomlTable const& top, Path const& file, SetSettings::Permission& permission) {
  auto const* const below = top.below("permission");
  if (below == nullptr) return;
  TomlTable const table{
      file, "permission", *below, {"table", "role_column", "permission_column", "role_table", "catalog"}};
  table.take("table", permission.table);
  table.take("role_column", permission.role_column);
  table.take("permission_column", permission.permission_column);
  table.take("role_table", permission.role_table);
  table.take("catalog", permission.catalog);
  if (permission.table.empty()) throw table.wrong("table", "is missing");
}

}  // namespace

std::vector<std::string> const& known_histories() {
  static std::vector<std::string> const tools{"knex",  "sequelize",      "prisma", "flyway",         "dbmate",
                                              "rails", "golang-migrate", "goose",  "node-pg-migrate"};
  return tools;
}

SetSettings read_set_settings(Path const& folder) {
  SetSettings settings;
  settings.runner.directory = folder;
  settings.baseline = folder / "baseline.sql";
  Path const file = folder / "set.toml";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return settings;
  fleet::TomlFile const toml = fleet::read_toml(file);
  settings.file = file;
  settings.trusted = toml.trusted;
  TomlTable const top{file,
                      "",
                      toml.root,
                      {"history", "history_table", "history_schema", "accept", "gaps", "baseline",
                       "overwrite_seeds", "runner", "permission", "lint"}};
  top.take_word("history", settings.history, known_histories());
  top.take("history_table", settings.history_table);
  top.take("history_schema", settings.history_schema);
  std::vector<std::string> words;
  if (top.take_words("accept", words, acceptable_words()))
    for (std::string const& word : words) settings.accepted.insert(*parse_problem_kind(word));
  if (std::string gaps; top.take_word("gaps", gaps, {"refuse", "allow"}))
    settings.gaps_refused = gaps == "refuse";
  if (std::string baseline; top.take("baseline", baseline))
    settings.baseline = fleet::resolved_path(baseline, folder);
  top.take("overwrite_seeds", settings.overwrite_seeds);
  read_runner(top, file, settings.runner);
  read_permission(top, file, settings.permission);
  return settings;
}

}  // namespace migrations
