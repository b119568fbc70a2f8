#include "migrations/engine/index_repair.hpp"

#include "fleet/error.hpp"

namespace migrations {

namespace {

std::string table_of(fleet::Session& session, ConcurrentIndex const& index) {
  std::string const table = session.quote_identifier(index.table);
  return index.schema.empty() ? table : session.quote_identifier(index.schema) + "." + table;
}

}  // namespace

bool has_valid_index(fleet::Session& session, ConcurrentIndex const& index) {
  return session
      .query({"select 1 from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid "
              "where i.indisvalid and c.relname = $1 and i.indrelid = pg_catalog.to_regclass($2)",
              {index.name, table_of(session, index)}})
      .value()
      .has_value();
}

std::optional<std::string> drop_invalid_index(fleet::Session& session, ConcurrentIndex const& index) {
  std::string const table = table_of(session, index);
  // Whoever builds or drops an index concurrently (or vacuums) holds ShareUpdateExclusiveLock on the table.
  fleet::Result const rows = session.query({R"sql(
    select n.nspname as schema, c.relname as name,
           (select l.pid from pg_catalog.pg_locks l
             where l.relation = i.indrelid and l.mode = 'ShareUpdateExclusiveLock' and l.granted
               and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
               and l.pid <> pg_catalog.pg_backend_pid() limit 1) as busy
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where not i.indisvalid and c.relname = $1 and i.indrelid = pg_catalog.to_regclass($2))sql",
                                            {index.name, table}});
  if (rows.empty()) return std::nullopt;
  std::string const schema = rows.text(0, "schema");
  std::string const name = rows.text(0, "name");
  if (std::string const busy = rows.text(0, "busy"); !busy.empty()) {
    fleet::Error error{fleet::ErrorKind::sql, "index " + schema + "." + name + " is invalid, and backend " +
                                                  busy + " is working on its table"};
    error.sqlstate = "55P03";
    throw error;
  }
  session.query("drop index concurrently if exists " + session.quote_identifier(schema) + "." +
                session.quote_identifier(name));
  return schema + "." + name;
}

}  // namespace migrations
