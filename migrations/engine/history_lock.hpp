#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/history.hpp"

namespace migrations {

// What says that a tool's own runner may be at work on a database.
struct ToolAtWork {
  std::string who;     // "backend 4711, node, user app, since …"; empty: nobody, the lock is a leftover
  std::string reason;  // "public.knex_migrations_lock is locked"
  bool stuck() const { return who.empty(); }
};

// Looks at the tool's advisory lock, at knex's lock row, and for other sessions that write its tables. Writes
// nothing. dbmate and Sequelize have no lock: they are seen only while they write.
std::optional<ToolAtWork> tool_at_work(fleet::Session& session, HistoryPlace const& place);

enum class Stuck { respect, release };

// Keeps the tool's runner away until the end of the open transaction, by the tool's own lock where it has
// one. Error{locked} when its runner may be at work; Stuck::release clears a lock row that nobody stands
// behind any more.
void hold_tool_lock(fleet::Session& session, HistoryPlace const& place, Stuck stuck = Stuck::respect);

// The keys of the advisory locks that the tool takes, empty when it takes none:
//   prisma           72707369
//   flyway           0x466C79776179 ("Flyway" with its capital letter) + Java's hash of "schema"."table"
//   rails            2053462845 × CRC-32 of the database's name
//   golang-migrate   1486364155 × CRC-32 of schema, table, database between NUL bytes, as 32 bits; the
//                    database as the URL's path ("/name") or by its name
//   goose            5887940537704921958        node-pg-migrate   7241865325823964
std::vector<std::int64_t> tool_lock_keys(HistoryPlace const& place, std::string const& database);

}  // namespace migrations
