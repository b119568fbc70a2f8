#include "migrations/engine/history_lock.hpp"

#include <zlib.h>

#include <string_view>

#include "fleet/error.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::uint32_t crc_of(std::string_view text) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<Bytef const*>(text.data()), static_cast<uInt>(text.size())));
}

// Java's String.hashCode() of ASCII text.
std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (char c : text) hash = hash * 31 + static_cast<unsigned char>(c);
  return static_cast<std::int32_t>(hash);
}

constexpr char const* who_columns =
    "pg_catalog.format('backend %s, %s, user %s, from %s, connected since %s', a.pid, "
    "coalesce(nullif(a.application_name, ''), 'unnamed'), a.usename, "
    "coalesce(pg_catalog.host(a.client_addr), 'local socket'), "
    "pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))";

// Another session of this database that holds one of the advisory locks.
std::string advisory_holder(fleet::Session& session, std::vector<std::int64_t> const& keys) {
  if (keys.empty()) return {};
  std::string list;
  for (std::int64_t key : keys) list += (list.empty() ? "" : ", ") + std::to_string(key);
  return session
      .query(std::string{"select "} + who_columns +
             " from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid "
             "where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid <> "
             "pg_catalog.pg_backend_pid() and l.database = (select oid from pg_catalog.pg_database where "
             "datname = pg_catalog.current_database()) and (l.classid::bigint << 32) | l.objid::bigint in (" +
             list + ") limit 1")
      .value()
      .value_or("");
}

// Another session that has written one of the tables and not ended its transaction, or locked it.
std::string writer_of(fleet::Session& session, std::vector<std::string> const& tables) {
  std::string list;
  for (std::string const& table : tables)
    list += (list.empty() ? "" : ", ") + ("pg_catalog.to_regclass(" + session.quote_literal(table) + ")");
  return session
      .query(
          std::string{"select "} + who_columns +
          " from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid "
          "where l.locktype = 'relation' and l.granted and l.pid <> pg_catalog.pg_backend_pid() "
          "and l.mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock') and l.database = (select oid "
          "from pg_catalog.pg_database where datname = pg_catalog.current_database()) and l.relation in (" +
          list + ") limit 1")
      .value()
      .value_or("");
}

// A session that has spoken of the table last, or changes tables just now: knex keeps its connection while it
// works.
std::string user_of(fleet::Session& session, std::string const& table) {
  return session
      .query({std::string{"select "} + who_columns +
                  " from pg_catalog.pg_stat_activity a where a.datname = pg_catalog.current_database() and "
                  "a.pid <> pg_catalog.pg_backend_pid() and a.backend_type = 'client backend' and "
                  "a.application_name !~ '^tenantsh' and "
                  "(pg_catalog.strpos(a.query, $1) > 0 or (a.state <> 'idle' and a.query ~* "
                  "'^\\s*(create|alter|drop|truncate|reindex|begin)')) limit 1",
              {table}})
      .value()
      .value_or("");
}

std::string lock_table(HistoryPlace const& place) { return place.table + "_lock"; }

bool has_lock_table(fleet::Session& session, HistoryPlace const& place) {
  return place.tool == HistoryTool::knex &&
         session.query({"select pg_catalog.to_regclass($1) is not null",
                        {qualified(session, place.schema, lock_table(place))}})
                 .value() == "t";
}

bool row_is_locked(fleet::Session& session, HistoryPlace const& place) {
  return session
             .query("select coalesce(pg_catalog.max(is_locked), 0) <> 0 from " +
                    qualified(session, place.schema, lock_table(place)))
             .value() == "t";
}

Error at_work(HistoryPlace const& place, ToolAtWork const& work) {
  std::string const tool{to_string(place.tool)};
  if (work.stuck())
    return Error{ErrorKind::locked, work.reason + ", and no session seems to be behind it"}.with_hint(
        "if no " + tool + " is at work, clear it: --break-lock");
  return Error{ErrorKind::locked, tool + " may be at work: " + work.reason}.with_detail(work.who).with_hint(
      "wait for it to end, then go on");
}

}  // namespace

std::vector<std::int64_t> tool_lock_keys(HistoryPlace const& place, std::string const& database) {
  switch (place.tool) {
    case HistoryTool::prisma: return {72707369};
    case HistoryTool::goose: return {5887940537704921958};
    case HistoryTool::node_pg_migrate: return {7241865325823964};
    case HistoryTool::rails: return {std::int64_t{2053462845} * crc_of(database)};
    case HistoryTool::flyway:
      return {77431708279161 + java_hash("\"" + place.schema + "\".\"" + place.table + "\"")};
    case HistoryTool::golang_migrate: {
      auto key = [&](std::string const& name) {
        std::string const text = place.schema + '\0' + place.table + '\0' + name;
        return std::int64_t{crc_of(text) * std::uint32_t{1486364155}};
      };
      return {key("/" + database), key(database)};
    }
    case HistoryTool::knex:
    case HistoryTool::sequelize:
    case HistoryTool::sequelize_seeds:
    case HistoryTool::dbmate: break;
  }
  return {};
}

std::optional<ToolAtWork> tool_at_work(fleet::Session& session, HistoryPlace const& place) {
  std::string holder = advisory_holder(session, tool_lock_keys(place, session.database()));
  if (!holder.empty()) return ToolAtWork{std::move(holder), "its advisory lock is held"};
  std::vector<std::string> written{qualified(session, place.schema, place.table)};
  bool const has_lock = has_lock_table(session, place);
  if (has_lock) written.push_back(qualified(session, place.schema, lock_table(place)));
  holder = writer_of(session, written);
  if (!holder.empty()) return ToolAtWork{std::move(holder), "another session writes " + place.text()};
  if (has_lock && row_is_locked(session, place))
    return ToolAtWork{user_of(session, place.table), place.schema + "." + lock_table(place) + " is locked"};
  return std::nullopt;
}

void hold_tool_lock(fleet::Session& session, HistoryPlace const& place, Stuck stuck) {
  for (std::int64_t key : tool_lock_keys(place, session.database()))
    if (session.query({"select pg_catalog.pg_try_advisory_xact_lock($1::bigint)", {std::to_string(key)}})
            .value() != "t")
      throw at_work(place, tool_at_work(session, place).value_or(ToolAtWork{"unknown", "its lock is held"}));
  if (std::optional<ToolAtWork> const work = tool_at_work(session, place)) {
    if (!work->stuck() || stuck == Stuck::respect) throw at_work(place, *work);
    session.query("update " + qualified(session, place.schema, lock_table(place)) + " set is_locked = 0");
  }
  // Its runner waits here from now on, whatever it has for a lock.
  session.query("lock table " + qualified(session, place.schema, place.table) +
                " in share row exclusive mode nowait");
  if (has_lock_table(session, place))
    session.query("lock table " + qualified(session, place.schema, lock_table(place)) +
                  " in share row exclusive mode nowait");
}

}  // namespace migrations
