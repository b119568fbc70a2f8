#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "fleet/session.hpp"
#include "migrations/engine/history.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

// Keeps a tool's own table in step with what is run without the tool, so that its runner, started afterwards,
// finds nothing to do. One for each target and run: what it records is one batch of knex's. Works inside the
// transaction of the file.
class HistoryWriter {
 public:
  // `set` outlives it. A target without the tool's table gets one as the tool makes it, in settings.schema,
  // the target's schema or public, owned as the database or schema is. Precondition: settings.tool.
  HistoryWriter(HistorySettings settings, std::string schema_name, MigrationSet const& set,
                fleet::Driver const& driver);

  // Writes the row that the tool would have left; nothing for a file that is none of its own (is_of_tool).
  // Error{locked} when the tool's runner may be at work.
  void record(fleet::Session& session, Migration const& file, std::chrono::milliseconds elapsed);
  // The file was undone: takes the row away as the tool does.
  void remove(fleet::Session& session, Migration const& file);

 private:
  void prepare(fleet::Session& session);
  std::string table(fleet::Session& session) const;
  void insert(fleet::Session& session, Migration const& file, std::chrono::milliseconds elapsed) const;
  void insert_flyway(fleet::Session& session, Migration const& file, std::chrono::milliseconds elapsed) const;
  // golang-migrate's one row; nothing: none, no migration is applied.
  void set_version(fleet::Session& session, std::string const& version) const;
  std::string version_below(Migration const& file) const;

  HistorySettings settings_;
  std::string schema_name_;
  MigrationSet const& set_;
  fleet::Driver const& driver_;
  std::optional<HistoryPlace> place_;
  std::int64_t batch_ = 0;
};

// Makes the tool's table, as it makes it when it meets an empty database. In the open transaction.
void create_history(fleet::Session& session, HistoryPlace const& place);

// The name that the tool gives its table.
std::string usual_table(HistoryTool tool);

}  // namespace migrations
