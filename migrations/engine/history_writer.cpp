#include "migrations/engine/history_writer.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/history_lock.hpp"
#include "migrations/engine/history_match.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// The role that owns the schema; public and the database belong together.
std::string owner_of(fleet::Session& session, std::string const& schema) {
  return session
      .query(
          {"select pg_catalog.pg_get_userbyid(case when $1 = 'public' then (select datdba from "
           "pg_catalog.pg_database where datname = pg_catalog.current_database()) else n.nspowner end) from "
           "pg_catalog.pg_namespace n where n.nspname = $1",
           {schema}})
      .value()
      .value_or("");
}

bool exists(fleet::Session& session, HistoryPlace const& place) {
  return session
             .query({"select pg_catalog.to_regclass($1) is not null",
                     {qualified(session, place.schema, place.table)}})
             .value() == "t";
}

std::vector<std::string> statements_for(HistoryPlace const& place, std::string const& table,
                                        std::string const& lock_table,
                                        std::function<std::string(std::string const&)> const& quoted) {
  switch (place.tool) {
    case HistoryTool::knex:
      return {"create table " + table +
                  " (id serial primary key, name varchar(255), batch integer, migration_time timestamptz)",
              "create table " + lock_table + " (index serial primary key, is_locked integer)",
              "insert into " + lock_table + " (is_locked) values (0)"};
    case HistoryTool::sequelize:
    case HistoryTool::sequelize_seeds:
      return {"create table " + table + " (name varchar(255) not null primary key)"};
    case HistoryTool::prisma:
      return {
          "create table " + table +
          " (id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz, "
          "migration_name varchar(255) not null, logs text, rolled_back_at timestamptz, started_at "
          "timestamptz not null default now(), applied_steps_count integer not null default 0)"};
    case HistoryTool::flyway:
      return {
          "create table " + table +
              " (installed_rank int not null, version varchar(50), description varchar(200) not null, type "
              "varchar(20) not null, script varchar(1000) not null, checksum integer, installed_by "
              "varchar(100) not null, installed_on timestamp not null default now(), execution_time integer "
              "not null, success boolean not null, constraint " +
              quoted(place.table + "_pk") + " primary key (installed_rank))",
          "create index " + quoted(place.table + "_s_idx") + " on " + table + " (success)"};
    case HistoryTool::dbmate: return {"create table " + table + " (version varchar primary key)"};
    case HistoryTool::rails:
      return {"create table " + table + " (version varchar not null primary key)",
              "create table " + quoted(place.schema) +
                  ".ar_internal_metadata (key varchar not null primary key, value varchar, created_at "
                  "timestamp(6) not null, updated_at timestamp(6) not null)"};
    case HistoryTool::golang_migrate:
      return {"create table " + table + " (version bigint not null primary key, dirty boolean not null)"};
    case HistoryTool::goose:
      return {"create table " + table +
                  " (id serial not null, version_id bigint not null, is_applied boolean not null, tstamp "
                  "timestamp null default now(), primary key (id))",
              "insert into " + table + " (version_id, is_applied) values (0, true)"};
    case HistoryTool::node_pg_migrate:
      return {"create table " + table +
              " (id serial primary key, name varchar(255) not null, run_on timestamp not null)"};
  }
  return {};
}

}  // namespace

std::string usual_table(HistoryTool tool) {
  switch (tool) {
    case HistoryTool::knex: return "knex_migrations";
    case HistoryTool::sequelize: return "SequelizeMeta";
    case HistoryTool::sequelize_seeds: return "SequelizeData";
    case HistoryTool::prisma: return "_prisma_migrations";
    case HistoryTool::flyway: return "flyway_schema_history";
    case HistoryTool::dbmate:
    case HistoryTool::rails:
    case HistoryTool::golang_migrate: return "schema_migrations";
    case HistoryTool::goose: return "goose_db_version";
    case HistoryTool::node_pg_migrate: return "pgmigrations";
  }
  return "";
}

void create_history(fleet::Session& session, HistoryPlace const& place) {
  std::string const table = qualified(session, place.schema, place.table);
  std::string const owner = owner_of(session, place.schema);
  bool const change = !owner.empty() && session.query({"select current_user <> $1 and pg_catalog.pg_has_role("
                                                       "current_user, $1, 'member')",
                                                       {owner}})
                                                .value() == "t";
  if (change) session.query("set local role " + session.quote_identifier(owner));
  for (std::string const& statement :
       statements_for(place, table, qualified(session, place.schema, place.table + "_lock"),
                      [&](std::string const& name) { return session.quote_identifier(name); }))
    session.query(statement);
  if (change) session.query("reset role");
}

HistoryWriter::HistoryWriter(HistorySettings settings, std::string schema_name, MigrationSet const& set,
                             fleet::Driver const& driver)
    : settings_(std::move(settings)), schema_name_(std::move(schema_name)), set_(set), driver_(driver) {}

void HistoryWriter::prepare(fleet::Session& session) {
  if (!place_) {
    HistoryPlace usual{*settings_.tool, settings_.schema.empty() ? schema_name_ : settings_.schema,
                       settings_.table.empty() ? usual_table(*settings_.tool) : settings_.table};
    if (usual.schema.empty()) usual.schema = "public";
    // A history of the tool's in another schema goes on there, unless a schema was named.
    std::vector<HistoryPlace> const found =
        exists(session, usual)
            ? std::vector<HistoryPlace>{usual}
            : find_histories(session, {settings_.tool, settings_.schema, {}}, schema_name_);
    place_ = found.size() == 1 && settings_.table.empty() ? found.front() : usual;
  }
  if (!exists(session, *place_)) create_history(session, *place_);
  hold_tool_lock(session, *place_);
  if (place_->tool == HistoryTool::knex && batch_ == 0)
    batch_ = std::stoll(session.query("select coalesce(pg_catalog.max(batch), 0) + 1 from " + table(session))
                            .value()
                            .value_or("1"));
}

std::string HistoryWriter::table(fleet::Session& session) const {
  return qualified(session, place_->schema, place_->table);
}

void HistoryWriter::record(fleet::Session& session, Migration const& file,
                           std::chrono::milliseconds elapsed) {
  if (!is_of_tool(*settings_.tool, file)) return;
  prepare(session);
  insert(session, file, elapsed);
}

void HistoryWriter::insert(fleet::Session& session, Migration const& file,
                           std::chrono::milliseconds elapsed) const {
  std::string const name = history_name(place_->tool, file);
  std::string const into = "insert into " + table(session);
  switch (place_->tool) {
    case HistoryTool::knex:
      session.query({into + " (name, batch, migration_time) values ($1, $2::integer, "
                            "pg_catalog.clock_timestamp())",
                     {name, std::to_string(batch_)}});
      break;
    case HistoryTool::sequelize:
    case HistoryTool::sequelize_seeds:
      session.query({into + " (name) values ($1) on conflict do nothing", {name}});
      break;
    case HistoryTool::prisma:
      session.query(
          {into + " (id, checksum, migration_name, started_at, finished_at, applied_steps_count) values "
                  "(pg_catalog.gen_random_uuid()::text, $1, $2, pg_catalog.now(), "
                  "pg_catalog.clock_timestamp(), 1)",
           {driver_.sha256_file(file.path.string()), name}});
      break;
    case HistoryTool::flyway: insert_flyway(session, file, elapsed); break;
    case HistoryTool::dbmate:
    case HistoryTool::rails:
      session.query({into + " (version) values ($1) on conflict do nothing", {name}});
      break;
    case HistoryTool::golang_migrate: {
      std::string const now =
          session.query("select version::text from " + table(session)).value().value_or("");
      if (now.empty() || parse_version(now) < comparable(file.version)) set_version(session, name);
      break;
    }
    case HistoryTool::goose:
      session.query({into + " (version_id, is_applied) values ($1::bigint, true)", {name}});
      break;
    case HistoryTool::node_pg_migrate:
      session.query({into + " (name, run_on) values ($1, pg_catalog.clock_timestamp())", {name}});
      break;
  }
}

void HistoryWriter::insert_flyway(fleet::Session& session, Migration const& file,
                                  std::chrono::milliseconds elapsed) const {
  std::string version = file.name.substr(1, file.name.find("__") - 1);
  std::replace(version.begin(), version.end(), '_', '.');
  session.query(
      {"insert into " + table(session) +
           " (installed_rank, version, description, type, script, checksum, installed_by, "
           "execution_time, success) select coalesce(pg_catalog.max(installed_rank), 0) + 1, $1, "
           "$2, 'SQL', $3, $4::integer, current_user, $5::integer, true from " +
           table(session),
       {file.repeatable ? std::nullopt : std::optional<std::string>{version}, flyway_description(file.name),
        file.name, std::to_string(flyway_checksum(read_bytes(file.path))), std::to_string(elapsed.count())}});
}

void HistoryWriter::set_version(fleet::Session& session, std::string const& version) const {
  session.query("delete from " + table(session));
  if (!version.empty())
    session.query(
        {"insert into " + table(session) + " (version, dirty) values ($1::bigint, false)", {version}});
}

std::string HistoryWriter::version_below(Migration const& file) const {
  Migration const* below = nullptr;
  for (Migration const& other : set_.files())
    if (other.version < file.version && (below == nullptr || below->version < other.version)) below = &other;
  return below == nullptr ? "" : history_name(HistoryTool::golang_migrate, *below);
}

void HistoryWriter::remove(fleet::Session& session, Migration const& file) {
  if (!is_of_tool(*settings_.tool, file)) return;
  prepare(session);
  std::string const name = history_name(place_->tool, file);
  std::string const from = "delete from " + table(session) + " where ";
  switch (place_->tool) {
    case HistoryTool::knex:
    case HistoryTool::sequelize:
    case HistoryTool::sequelize_seeds:
    case HistoryTool::node_pg_migrate: session.query({from + "name = $1", {name}}); break;
    case HistoryTool::prisma:
      session.query({"update " + table(session) +
                         " set rolled_back_at = pg_catalog.clock_timestamp() where migration_name = $1 and "
                         "rolled_back_at is null",
                     {name}});
      break;
    case HistoryTool::flyway: session.query({from + "script = $1", {name}}); break;
    case HistoryTool::dbmate:
    case HistoryTool::rails: session.query({from + "version = $1", {name}}); break;
    case HistoryTool::golang_migrate: set_version(session, version_below(file)); break;
    case HistoryTool::goose: session.query({from + "version_id = $1::bigint", {name}}); break;
  }
}

}  // namespace migrations
