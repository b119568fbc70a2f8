#include "scripting/migration_history.hpp"

#include <memory>

#include "migrations/engine/history_match.hpp"
#include "migrations/engine/history_writer.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/program.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::Direction;
using migrations::Migration;

migrations::HistorySettings settings_of(migrations::MigrationSet const& set) {
  migrations::SetSettings const& said = set.settings();
  migrations::HistorySettings settings{{}, said.history_schema, said.history_table};
  if (!said.history.empty()) settings.tool = migrations::parse_history_tool(said.history);
  return settings;
}

// The runner's command for one direction. Commands run only from a file that nobody else can have written, as
// those of secrets do.
migrations::ProgramRunner runner_of(migrations::MigrationSet const& set, Migration const& file,
                                    Direction direction) {
  migrations::SetSettings const& said = set.settings();
  std::vector<std::string> const& command = direction == Direction::up ? said.runner.up : said.runner.down;
  std::string const key = direction == Direction::up ? "up" : "down";
  if (command.empty())
    throw Error{ErrorKind::refused, file.name + " is a program, and the set does not say what runs it"}
        .with_hint("in set.toml: [runner] " + key + " = [\"npx\", \"knex\", \"migrate:" + key +
                   "\", \"{name}\"], and history = \"knex\"");
  if (!said.trusted)
    throw Error{ErrorKind::refused,
                said.file.string() + ": its runner is not run, another user can have written the file"}
        .with_hint("commands are run from a set.toml that is yours or root's and that others cannot write");
  if (said.history.empty())
    throw Error{ErrorKind::config, said.file.string() + ": a runner without history"}.with_hint(
        "history = \"knex\" (or another tool) proves that the runner did its work");
  return {command, said.runner.directory, said.runner.environment};
}

migrations::ProgramTarget program_target(World& world, TargetSession const& place, std::string const& owner) {
  migrations::ProgramTarget target;
  target.endpoint = place.target.scope == migrations::Scope::master ? world.fleet.master()
                                                                    : world.fleet.endpoint(place.tenant);
  if (!target.endpoint.password.empty())
    target.password = world.fleet.secrets().resolve(target.endpoint.password);
  target.schema_name = place.target.schema_name;
  target.owner = owner;
  return target;
}

}  // namespace

migrations::HistorySettings history_settings(Arguments const& arguments,
                                             migrations::MigrationSet const& set) {
  migrations::HistorySettings settings = settings_of(set);
  if (arguments.has("tool")) {
    migrations::HistoryTool const tool = migrations::parse_history_tool(arguments.text("tool"));
    // The set's table belongs to the set's tool.
    if (settings.tool && *settings.tool != tool) settings = {};
    settings.tool = tool;
  }
  if (arguments.has("history_table")) settings.table = arguments.text("history_table");
  if (arguments.has("history_schema")) settings.schema = arguments.text("history_schema");
  return settings;
}

void continue_history(World& world, migrations::MigrationSet const& set, TargetSession const& place,
                      migrations::ApplyOptions& options) {
  migrations::HistorySettings const settings = settings_of(set);
  fleet::Driver& driver = world.fleet.driver();
  if (settings.tool) {
    auto writer =
        std::make_shared<migrations::HistoryWriter>(settings, place.target.schema_name, set, driver);
    options.mirror = [writer](fleet::Session& session, Migration const& file, Direction direction,
                              std::chrono::milliseconds elapsed) {
      if (direction == Direction::up)
        writer->record(session, file, elapsed);
      else
        writer->remove(session, file);
    };
  }
  options.run_program = [&world, &set, settings, owner = options.owner, find = options.find_owner,
                         tenant = place.tenant, target = place.target](
                            fleet::Session& session, Migration const& file, Direction direction) {
    migrations::ProgramRunner const runner = runner_of(set, file, direction);
    TargetSession const here{tenant, session, target};
    migrations::run_program(
        session, runner, program_target(world, here, owner.empty() && find ? find() : owner), file, set,
        world.fleet.driver(),
        {.history = settings,
         .direction = direction,
         .stop = world.interrupt.get_token(),
         .redact = [&world](std::string text) { return world.fleet.secrets().redact(std::move(text)); }});
  };
}

void require_adopted(World& world, migrations::MigrationSet const& set, TargetSession const& place) {
  migrations::HistorySettings const settings = settings_of(set);
  if (!settings.tool) return;
  auto const history = migrations::choose_history(place.session, settings, place.target.schema_name);
  if (!history) return;
  migrations::Ledger const ledger = migrations::read_ledger(place.session, place.target);
  std::vector<std::string> names;
  for (migrations::HistoryFile const& file :
       migrations::match(migrations::read_history(place.session, *history), set, world.fleet.driver())) {
    bool const theirs = file.file != nullptr && file.state != migrations::HistoryFile::State::pending;
    if (!theirs || ledger.find(file.name)) continue;
    if (file.file->language == migrations::Language::program && !ledger.entries.empty()) continue;
    names.push_back(file.name);
  }
  if (names.empty()) return;
  throw Error{ErrorKind::refused,
              std::string{to_string(*settings.tool)} + " has applied " + names.front() +
                  (names.size() == 1 ? "" : " and " + std::to_string(names.size() - 1) + " more") +
                  ", which the ledger does not have"}
      .with_detail(names_text(names))
      .with_hint("take them over first: tenantsh migrate adopt");
}

}  // namespace scripting
