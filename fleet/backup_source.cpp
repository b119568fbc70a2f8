#include "fleet/backup_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {
namespace {

constexpr int attempts_to_lock = 10;

// Markers tell a run what it did to *this* database; in a copy they would be lies.
bool is_marker(DumpedTable const& table) { return table.schema == "tenantsh" && table.name == "step_marker"; }

bool travels(DumpedTable const& table, SourceScope const& scope) {
  if (scope.mode == DumpMode::schema_only || is_marker(table)) return false;
  return std::none_of(scope.structure.begin(), scope.structure.end(),
                      [&](std::string const& glob) { return matches_glob(glob, table.schema); });
}

// The schemas that pg_dump looks into; $1 is the one of a tenant placed in a schema, else empty.
constexpr std::string_view namespaces =
    "(select oid, nspname from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and "
    "n.nspname <> 'information_schema' and ($1 = '' or n.nspname = $1)) n";
// Tables that an extension made are filled by it; pg_dump leaves them out.
constexpr std::string_view not_of_an_extension =
    "not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and "
    "d.objid = c.oid and d.deptype = 'e')";

struct Found {
  DumpedTable table;
  std::string oid;
};

// Everything that can hold rows of its own.
std::vector<Found> find_tables(Session& session, SourceScope const& scope) {
  Result const rows =
      session.query({fmt::format("select n.nspname, c.relname, c.oid from pg_catalog.pg_class c join {} on "
                                 "n.oid = c.relnamespace where c.relkind = 'r' and {} order by 1, 2",
                                 namespaces, not_of_an_extension),
                     {scope.schema}});
  std::vector<Found> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    DumpedTable table{rows.text(row, "nspname"), rows.text(row, "relname"), std::nullopt};
    if (travels(table, scope)) table.rows = 0;
    found.push_back({std::move(table), rows.text(row, "oid")});
  }
  return found;
}

std::string quoted(Session const& session, DumpedTable const& table) {
  return session.quote_identifier(table.schema) + "." + session.quote_identifier(table.name);
}

void lock(Session& session, std::vector<Found> const& found) {
  std::string names;
  for (Found const& each : found)
    names += (names.empty() ? "only " : ", only ") + quoted(session, each.table);
  if (!names.empty()) session.query("lock table " + names + " in access share mode");
}

std::vector<std::string> oids(std::vector<Found> const& found) {
  std::vector<std::string> all;
  for (Found const& each : found) all.push_back(each.oid);
  std::sort(all.begin(), all.end());
  return all;
}

std::int64_t number(std::optional<std::string_view> text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

// What makes a table of this name disappear between being listed and being locked.
bool vanished(Error const& error) { return error.sqlstate == "42P01" || error.sqlstate == "3F000"; }

std::vector<std::string> schemas_of(Session& session, SourceScope const& scope) {
  Result const rows =
      session.query({fmt::format("select nspname from {} order by 1", namespaces), {scope.schema}});
  std::vector<std::string> schemas;
  for (std::size_t row = 0; row < rows.rows(); ++row) schemas.push_back(rows.text(row, "nspname"));
  return schemas;
}

constexpr std::string_view unreadable_sql =
    "select kind, schema, name, quote_ident(schema) as quoted_schema, quote_ident(name) as quoted_name, "
    "current_user as role, quote_ident(current_user) as quoted_role from ("
    "with n as (select * from {0}), relations as (select c.oid, c.relkind, n.nspname, c.relname from "
    "pg_catalog.pg_class c join n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'S') and "
    "has_schema_privilege(n.oid, 'usage') and {1}) "
    "select 1 as rank, 'schema' as kind, nspname as schema, '' as name from n where not "
    "has_schema_privilege(oid, 'usage') "
    "union all select 2, 'table', nspname, relname from relations where relkind <> 'S' and not "
    "has_table_privilege(oid, 'select') "
    // CASE: the planner is free to ask about the privilege first, and a table is no sequence.
    "union all select 3, 'sequence', nspname, relname from relations where case relkind when 'S' then not "
    "has_sequence_privilege(oid, 'select') else false end "
    "union all select 4, 'rows', nspname, relname from relations where relkind <> 'S' and "
    "row_security_active(oid) "
    "union all select 5, 'large object', '', m.oid::text from pg_catalog.pg_largeobject_metadata m where $1 "
    "= '' "
    "and not pg_has_role(m.lomowner, 'usage') and not (select rolsuper from pg_catalog.pg_roles where "
    "rolname = "
    "current_user) and not exists (select from aclexplode(m.lomacl) a where a.privilege_type = 'SELECT' and "
    "(a.grantee = 0 or pg_has_role(a.grantee, 'usage')))) obstacle order by rank, schema, name";

struct Obstacle {
  std::string what, hint;
};

Obstacle first_obstacle(Result const& rows) {
  std::string const kind = rows.text(0, "kind"), schema = rows.text(0, "schema"), name = rows.text(0, "name"),
                    in = rows.text(0, "quoted_schema"), to = rows.text(0, "quoted_role");
  if (kind == "schema")
    return {"schema " + schema,
            fmt::format("grant usage on schema {0} to {1}; grant select on all tables in schema "
                        "{0} to {1}; grant select on all sequences in schema {0} to {1}",
                        in, to)};
  if (kind == "rows")
    return {fmt::format("every row of {}.{}: row security hides some", schema, name),
            fmt::format("alter role {} bypassrls", to)};
  if (kind == "large object")
    return {"large object " + name, fmt::format("grant select on large object {} to {}", name, to)};
  return {fmt::format("{} {}.{}", kind, schema, name),
          fmt::format("grant select on {} {}.{} to {}", kind, in, rows.text(0, "quoted_name"), to)};
}

}  // namespace

std::vector<std::string> unfitting_structure(Session& session, SourceScope const& scope) {
  std::vector<std::string> const schemas = schemas_of(session, scope);
  std::vector<std::string> unfitting;
  for (std::string const& glob : scope.structure)
    if (std::none_of(schemas.begin(), schemas.end(),
                     [&](std::string const& schema) { return matches_glob(glob, schema); }))
      unfitting.push_back(glob);
  return unfitting;
}

void check_structure(Session& session, SourceScope const& scope) {
  auto const unfitting = unfitting_structure(session, scope);
  if (unfitting.empty()) return;
  std::string all;
  for (std::string const& schema : schemas_of(session, scope)) all += (all.empty() ? "" : ", ") + schema;
  throw Error{ErrorKind::usage, fmt::format("no schema of database {} fits structure = {}",
                                            session.database(), in_quotes(unfitting.front()))}
      .with_hint("its schemas are: " + all);
}

void check_readable(Session& session, SourceScope const& scope) {
  Result const rows = session.query(
      {fmt::format(fmt::runtime(unreadable_sql), namespaces, not_of_an_extension), {scope.schema}});
  if (rows.empty()) return;
  Obstacle const obstacle = first_obstacle(rows);
  Error error{ErrorKind::refused,
              fmt::format("login {} may not read {}", rows.text(0, "role"), obstacle.what)};
  if (rows.rows() > 1) error.detail = fmt::format("and {} more", rows.rows() - 1);
  error.hint =
      "dump as the server's admin_user (the application's role is refused schemas), or: " + obstacle.hint;
  throw error;
}

std::uint64_t bytes_to_travel(Session& session, SourceScope const& scope) {
  if (scope.mode == DumpMode::schema_only) return 0;
  std::string list;
  for (Found const& each : find_tables(session, scope))
    if (each.table.rows) list += (list.empty() ? "" : ",") + each.oid;
  Result const size =
      session.query({"select coalesce(sum(pg_catalog.pg_table_size(oid)), 0)::bigint from (select "
                     "unnest($1::oid[]) as oid union "
                     "all select 'pg_catalog.pg_largeobject'::regclass where $2 = '') t",
                     {"{" + list + "}", scope.schema}});
  return static_cast<std::uint64_t>(number(size.at(0, std::size_t{0})));
}

// LOCK TABLE and SET take no snapshot, so the one that is exported is younger than the locks: no TRUNCATE can
// come between what is counted and what pg_dump reads. A table made before the snapshot but after the list is
// noticed, and everything is done again.
SourceSnapshot::SourceSnapshot(Session& session, SourceScope const& scope) : session_(session) {
  for (int attempt = 0; attempt < attempts_to_lock; ++attempt) {
    transaction_.reset();
    std::vector<Found> const before = find_tables(session, scope);
    transaction_ = std::make_unique<Transaction>(session, Access::read_only);
    session.query("set transaction isolation level repeatable read");
    session.script(
        "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local "
        "lock_timeout = '60s'; set local row_security = off; set local max_parallel_workers_per_gather = 0");
    try {
      lock(session, before);
    } catch (Error& error) {
      if (vanished(error)) continue;
      if (error.sqlstate == "55P03")
        error.hint = "somebody alters or truncates a table: dump when that is over";
      throw;
    }
    Result const snapshot = session.query(
        "select pg_catalog.pg_export_snapshot() as id, to_char(clock_timestamp() at time zone 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at");
    std::vector<Found> found = find_tables(session, scope);
    if (oids(found) != oids(before)) continue;
    id_ = snapshot.text(0, "id");
    taken_at_ = snapshot.text(0, "at");
    for (Found& each : found) tables_.push_back(std::move(each.table));
    return;
  }
  throw Error{ErrorKind::failed, "tables of database " + session.database() +
                                     " come and go faster than they can be locked: nothing was dumped"};
}

std::vector<DumpedTable> SourceSnapshot::count(Rows rows) const {
  bool const digests = rows == Rows::counted_and_digested;
  std::vector<DumpedTable> counted = tables_;
  if (digests) session_.script(digest_settings());
  std::string const what = digests ? "count(*), " + digest_expression() : "count(*)";
  for (DumpedTable& table : counted) {
    if (!table.rows) continue;
    Result const found = session_.query("select " + what + " from only " + quoted(session_, table) + " t");
    table.rows = number(found.at(0, std::size_t{0}));
    if (digests) table.digest = found.at(0, std::size_t{1}).value_or("0");
  }
  return counted;
}

void SourceSnapshot::describe(Manifest& manifest) const {
  Result const facts = session_.query(
      "select datname, pg_catalog.pg_get_userbyid(datdba) as owner, pg_catalog.pg_encoding_to_char(encoding) "
      "as "
      "encoding, datcollate, datctype, current_setting('server_version') as version, (select count(*) from "
      "pg_catalog.pg_largeobject_metadata) as large_objects from pg_catalog.pg_database where datname = "
      "current_database()");
  manifest.database = facts.text(0, "datname");
  manifest.owner = facts.text(0, "owner");
  manifest.encoding = facts.text(0, "encoding");
  manifest.collate = facts.text(0, "datcollate");
  manifest.ctype = facts.text(0, "datctype");
  manifest.server_version = facts.text(0, "version");
  manifest.large_objects = number(facts.at(0, "large_objects"));
  Result const extensions = session_.query(
      "select extname, extversion from pg_catalog.pg_extension where extname <> 'plpgsql' order by 1");
  for (std::size_t row = 0; row < extensions.rows(); ++row)
    manifest.extensions.push_back({extensions.text(row, "extname"), extensions.text(row, "extversion")});
}

std::string pg_dump_pattern(std::string const& glob) {
  std::string pattern, literal;
  bool plain = true;  // what stands between wildcards needs no quotes
  auto flush = [&] {
    pattern += plain || literal.empty() ? literal : "\"" + literal + "\"";
    literal.clear();
    plain = true;
  };
  for (char c : glob) {
    if (c == '*' || c == '?') {
      flush();
      pattern += c;
      continue;
    }
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    literal += c;
    if (c == '"') literal += c;
  }
  flush();
  return pattern;
}

}  // namespace fleet
