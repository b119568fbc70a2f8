#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/history.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

// One migration as a tool's history and a set's folder see it.
struct HistoryFile {
  enum class State {
    applied,
    pending,
    edited,   // applied, and the file is another one since, by the tool's own checksum
    missing,  // applied, and no file has its name
    failed,   // the tool says that it broke off in it
  };
  State state = State::pending;
  std::string name;                 // the file's; the history's where there is no file
  Migration const* file = nullptr;  // nullptr: missing
  std::string applied_at;           // empty where the tool keeps no times
  std::int64_t batch = 0;
  std::string says;
};
std::string_view to_string(HistoryFile::State state);

// The files of the set in their order, then what has no file. Reads the files again where the tool keeps
// checksums. Repeatable migrations of Flyway that were edited are pending. The set must outlive the answer.
std::vector<HistoryFile> match(History const& history, MigrationSet const& set, fleet::Driver const& driver);

// Several tools' histories of one database: "20240101_a is in public.knex_migrations and not in
// public.\"SequelizeMeta\"", for histories that have something in common. Seeds are nobody's rival.
std::vector<std::string> contradictions(std::vector<History> const& histories);

// What the tool keeps of this file: its name with or without extension, or its version.
std::string history_name(HistoryTool tool, Migration const& file);
// A version as a tool keeps it, comparable with a file's: "00001" is 1, Flyway's "1.2.0" is 1.2. Empty for
// text that is none.
Version parse_version(std::string_view text);
// A file's version likewise.
Version comparable(Version version);
bool keeps_versions(HistoryTool tool);
// Whether a file is one of the tool's own: knex and Sequelize run programs, so SQL beside them is theirs only
// with a program around it; Prisma has folders.
bool is_of_tool(HistoryTool tool, Migration const& file);

// Flyway's checksum of a file: CRC-32 over its lines without their ends, the byte-order mark left out.
std::int32_t flyway_checksum(std::string_view bytes);
// The description that Flyway keeps of "V1__add_members.sql": "add members".
std::string flyway_description(std::string_view name);
// The bytes of a file as they are on the disk. Error{io}.
std::string read_bytes(std::filesystem::path const& path);

}  // namespace migrations
