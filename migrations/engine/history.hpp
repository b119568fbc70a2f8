#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"

namespace migrations {

// Other tools that leave a history table in the databases they migrate. Structure of the tables as the tools
// themselves make them:
//   knex             knex_migrations(id, name, batch, migration_time), knex_migrations_lock(index, is_locked)
//   sequelize        SequelizeMeta(name); its seeders SequelizeData(name)
//   prisma           _prisma_migrations(id, checksum, finished_at, migration_name, logs, rolled_back_at,
//                    started_at, applied_steps_count)
//   flyway           flyway_schema_history(installed_rank, version, description, type, script, checksum,
//                    installed_by, installed_on, execution_time, success)
//   dbmate, rails    schema_migrations(version); rails has ar_internal_metadata(key, value, …) beside it
//   golang-migrate   schema_migrations(version, dirty): one row
//   goose            goose_db_version(id, version_id, is_applied, tstamp)
//   node-pg-migrate  pgmigrations(id, name, run_on)
enum class HistoryTool {
  knex,
  sequelize,
  sequelize_seeds,
  prisma,
  flyway,
  dbmate,
  rails,
  golang_migrate,
  goose,
  node_pg_migrate,
};
std::string_view to_string(HistoryTool tool);
// Error{usage} that lists the tools.
HistoryTool parse_history_tool(std::string_view text);

// What a set says about the history that it continues; empty parts are found out.
struct HistorySettings {
  std::optional<HistoryTool> tool;
  std::string schema;
  std::string table;
};

struct HistoryPlace {
  HistoryTool tool = HistoryTool::knex;
  std::string schema;
  std::string table;
  std::string text() const { return schema + "." + table; }
};

// What a tool says of one migration.
struct HistoryRow {
  enum class State { applied, failed, baseline };
  State state = State::applied;
  std::string name;     // as the tool keeps it: file name, folder name, script; empty where it keeps numbers
  std::string version;  // as the tool keeps it, where it does
  std::string applied_at;  // "2026-04-27T15:00:00.123Z"; empty where the tool keeps none
  std::int64_t batch = 0;  // knex
  std::string checksum;    // prisma: SHA-256 of the file, flyway: CRC-32 as a signed number
  std::string says;        // why it failed, as far as the tool knows

  std::string const& label() const { return name.empty() ? version : name; }
};

// One history table. `rows` are in the tool's order, without what it has undone; a golang-migrate history has
// one row that stands for all versions up to it.
struct History {
  HistoryPlace place;
  std::vector<HistoryRow> rows;

  HistoryRow const* failure() const;  // the first that failed, nullptr when none did
};

// The history tables of a database, or of one schema of it, told by their names and columns. A table that
// `settings` names must be there with the columns of its tool: Error{not_found}, Error{refused}. Works in a
// read-only transaction, as does reading.
std::vector<HistoryPlace> find_histories(fleet::Session& session, HistorySettings const& settings,
                                         std::string const& schema_name = {});
History read_history(fleet::Session& session, HistoryPlace const& place);

// The one history to continue: the only one there is, seeds aside. Nothing when there is none; Error{refused}
// that lists them when there are several.
std::optional<HistoryPlace> choose_history(fleet::Session& session, HistorySettings const& settings,
                                           std::string const& schema_name = {});

// `schema.table`, quoted.
std::string qualified(fleet::Session& session, std::string_view schema, std::string_view table);

}  // namespace migrations
