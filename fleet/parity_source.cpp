#include "fleet/parity_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "fleet/cancel_on_stop.hpp"
#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {
namespace {

using Json = nlohmann::json;

constexpr int attempts_to_lock = 10;
constexpr int ranges_of_pages_since = 140000;  // the planner's TID range scan

// Keys: the primary one, then the others that hold for every row; {0} namespaces, {1} the label.
constexpr std::string_view catalog_sql = R"sql(
select c.relkind, n.nspname as schema, c.relname as name, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as quoted,
  {1} as label, c.relpersistence, coalesce(a.amname = 'heap', false) as heap,
  exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e') as of_extension,
  pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select') as readable,
  case when c.relkind = 'r' then coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint else 0 end as pages,
  case when c.relkind = 'r' then coalesce(pg_catalog.pg_table_size(c.oid), 0) else 0 end as bytes,
  (select coalesce(pg_catalog.json_agg(a.attname order by a.attnum), '[]') from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select coalesce(pg_catalog.json_agg(k.columns order by k.rank, k.relname), '[]') from (
    select i.indisprimary::int * -1 as rank, x.relname,
      (select pg_catalog.json_agg(a.attname order by u.place) from pg_catalog.unnest(i.indkey::int2[]) with ordinality u(number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = u.number where u.place <= i.indnkeyatts) as columns
    from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
      and not exists (select from pg_catalog.unnest(i.indkey::int2[]) with ordinality u(number, place)
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = u.number
        where u.place <= i.indnkeyatts and not a.attnotnull)) k) as keys,
  (select coalesce(pg_catalog.json_agg(names.name), '[]') from (
    select s.nspname || '.' || p.relname as name from pg_catalog.pg_class p join pg_catalog.pg_namespace s on s.oid = p.relnamespace
      where p.oid = c.oid or (c.relispartition and p.oid in (select r from pg_catalog.pg_partition_ancestors(c.oid) r))) names) as names
from pg_catalog.pg_class c join {0} on n.oid = c.relnamespace left join pg_catalog.pg_am a on a.oid = c.relam
where c.relkind in ('r', 'f', 'm') and c.relpersistence <> 't'
order by 4)sql";

std::vector<std::string> texts(Json const& list) {
  std::vector<std::string> all;
  for (Json const& each : list) all.push_back(each.get<std::string>());
  return all;
}

Json json_of(Result const& rows, std::size_t row, char const* column) {
  return Json::parse(rows.text(row, column));
}

ParityTable table_of(Result const& rows, std::size_t row, int server_version) {
  ParityTable table;
  table.label = rows.text(row, "label");
  table.quoted = rows.text(row, "quoted");
  table.schema = rows.text(row, "schema");
  table.name = rows.text(row, "name");
  table.names = texts(json_of(rows, row, "names"));
  table.columns = texts(json_of(rows, row, "columns"));
  for (Json const& key : json_of(rows, row, "keys")) table.keys.push_back(texts(key));
  table.pages = static_cast<std::uint64_t>(to_number(rows.at(row, "pages")));
  table.bytes = static_cast<std::uint64_t>(to_number(rows.at(row, "bytes")));
  table.in_pages = rows.text(row, "heap") == "t" && server_version >= ranges_of_pages_since;
  table.readable = rows.text(row, "readable") == "t";
  table.unlogged = rows.text(row, "relpersistence") == "u";
  return table;
}

// Over "schema.table", or over the table's own name.
bool fits(std::string const& glob, std::vector<std::string> const& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string const& name) {
    if (matches_glob(glob, name)) return true;
    return glob.find('.') == std::string::npos && matches_glob(glob, name.substr(name.find('.') + 1));
  });
}

// What makes a table of this name disappear between being listed and being locked.
bool vanished(Error const& error) { return error.sqlstate == "42P01" || error.sqlstate == "3F000"; }

bool same_tables(ParityCatalog const& a, ParityCatalog const& b) {
  return std::equal(a.tables.begin(), a.tables.end(), b.tables.begin(), b.tables.end(),
                    [](ParityTable const& left, ParityTable const& right) {
                      return left.quoted == right.quoted && left.columns == right.columns;
                    });
}

std::string doubled(std::string_view text, char quote) {
  std::string all{quote};
  for (char c : text) {
    if (c == quote) all += quote;
    all += c;
  }
  return all + quote;
}

}  // namespace

std::string quoted_name(std::string_view name) { return doubled(name, '"'); }

// As an escape string: right whatever standard_conforming_strings is.
std::string quoted_text(std::string_view text) {
  std::string all = "E'";
  for (char c : text) {
    if (c == '\'' || c == '\\') all += c;
    all += c;
  }
  return all + "'";
}

std::int64_t to_number(std::optional<std::string_view> text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::string parity_namespaces(std::string const& schema) {
  if (!schema.empty())
    return "(select * from pg_catalog.pg_namespace where nspname = " + quoted_text(schema) + ") n";
  return "(select * from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname not in "
         "('information_schema', 'tenantsh', 'runbook')) n";
}

ParitySource::ParitySource(ParityPlace const& place, ParityScope scope, ParityMeans const& means)
    : place_(place), scope_(std::move(scope)), means_(means) {}

// enable_tidscan: a range of pages would become a scan of the whole table.
std::string ParitySource::settings() const {
  std::string all =
      "set transaction isolation level repeatable read; " + digest_settings() +
      "; set local idle_in_transaction_session_timeout = 0; set "
      "local lock_timeout = '60s'; set local row_security = off; set local enable_tidscan = on; "
      "set local jit = off; set local work_mem = '32MB'";
  // A name of the schema's own then prints without it, the same on both sides.
  if (scope_.relative) all += "; set local search_path = " + quoted_name(place_.schema);
  return all;
}

std::unique_ptr<Session> ParitySource::connect(std::stop_token const& stop) const {
  return means_.driver.connect(
      place_.endpoint, means_.secrets,
      {.access = Access::read_only, .application_name = means_.application_name, .stop = stop});
}

ParityCatalog ParitySource::read_catalog() {
  Result const rows =
      leader_->query(fmt::format(fmt::runtime(catalog_sql), parity_namespaces(place_.schema),
                                 scope_.relative ? "pg_catalog.quote_ident(c.relname)"
                                                 : "pg_catalog.quote_ident(n.nspname) || '.' || "
                                                   "pg_catalog.quote_ident(c.relname)"));
  ParityCatalog catalog;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ParityTable table = table_of(rows, row, leader_->server_version());
    catalog.names.push_back(table.schema + "." + table.name);
    bool wanted = scope_.tables.empty(), only_structure = false;
    for (std::string const& glob : scope_.tables)
      if (fits(glob, table.names)) {
        wanted = true;
        catalog.fitting.insert(glob);
      }
    for (std::string const& glob : scope_.structure)
      if (matches_glob(glob, table.schema)) {
        only_structure = true;
        catalog.fitting.insert(glob);
      }
    if (!wanted) continue;
    LeftOut& out = catalog.left_out;
    std::string const kind = rows.text(row, "relkind");
    if (rows.text(row, "of_extension") == "t")
      out.of_extensions.push_back(table.label);
    else if (only_structure)
      out.structure.push_back(table.label);
    else if (kind == "f")
      out.foreign.push_back(table.label);
    else if (kind == "m")
      out.materialized.push_back(table.label);
    else
      catalog.tables.push_back(std::move(table));
  }
  // In the order in which this program compares texts, not the database's collation.
  std::sort(catalog.tables.begin(), catalog.tables.end(),
            [](ParityTable const& a, ParityTable const& b) { return a.label < b.label; });
  return catalog;
}

void ParitySource::lock(ParityCatalog const& catalog) {
  std::string names;
  for (ParityTable const& table : catalog.tables)
    if (table.readable) names += (names.empty() ? "only " : ", only ") + table.quoted;
  if (!names.empty()) leader_->query("lock table " + names + " in access share mode");
}

bool ParitySource::take_snapshot() {
  Result const taken = leader_->query(
      "select pg_catalog.pg_export_snapshot() as id, pg_catalog.pg_snapshot_xmin(s)::text as low, "
      "pg_catalog.pg_snapshot_xmax(s)::text as high, pg_catalog.to_char(pg_catalog.clock_timestamp(), "
      "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at from pg_catalog.pg_current_snapshot() s");
  snapshot_ = taken.text(0, "id");
  facts_.taken_at = taken.text(0, "at");
  std::string const low = taken.text(0, "low"), high = taken.text(0, "high");
  // With nothing under way at either snapshot and no number given out between them, nothing was committed.
  bool const still = low == high && high == horizon_;
  horizon_ = low == high ? high : "";
  return still;
}

// LOCK TABLE and SET take no snapshot, so the one that is exported is younger than the locks. A table made
// before the snapshot but after the list is noticed, and everything is done again.
void ParitySource::open() {
  leader_ = connect(means_.stop);
  CancelOnStop const cancel{*leader_, means_.stop};
  {
    Transaction first{*leader_, Access::read_only, settings()};
    written_before_ = to_number(
        leader_
            ->query("select tup_inserted + tup_updated + tup_deleted from pg_catalog.pg_stat_database where "
                    "datname = pg_catalog.current_database()")
            .at(0, std::size_t{0}));
    Result const facts = leader_->query(
        "select pg_catalog.pg_encoding_to_char(encoding) as encoding, datcollate, datctype, "
        "pg_catalog.current_setting('server_version') as version "
        "from pg_catalog.pg_database where datname = pg_catalog.current_database()");
    facts_.encoding = facts.text(0, "encoding");
    facts_.collate = facts.text(0, "datcollate");
    facts_.ctype = facts.text(0, "datctype");
    facts_.version = facts.text(0, "version");
    if (!place_.schema.empty() &&
        leader_->query({"select 1 from pg_catalog.pg_namespace where nspname = $1", {place_.schema}}).empty())
      throw Error{ErrorKind::not_found,
                  fmt::format("database {} has no schema {}", leader_->database(), in_quotes(place_.schema))}
          .at_tenant(place_.name);
    catalog_ = read_catalog();
    first.commit();
  }
  for (int attempt = 0; attempt < attempts_to_lock; ++attempt) {
    transaction_.reset();
    transaction_.emplace(*leader_, Access::read_only, settings());
    ParityCatalog const before = catalog_;
    try {
      lock(before);
    } catch (Error& error) {
      if (error.sqlstate == "55P03")
        error.hint = "somebody alters or truncates a table: compare when that is over";
      if (!vanished(error)) throw;
      transaction_.reset();
      Transaction again{*leader_, Access::read_only, settings()};
      catalog_ = read_catalog();
      again.commit();
      continue;
    }
    take_snapshot();
    catalog_ = read_catalog();
    if (same_tables(before, catalog_)) return;
  }
  throw Error{ErrorKind::failed, "tables of database " + leader_->database() +
                                     " come and go faster than they can be locked: nothing was compared"}
      .at_tenant(place_.name);
}

bool ParitySource::open_again() {
  close();
  CancelOnStop const cancel{*leader_, means_.stop};
  transaction_.emplace(*leader_, Access::read_only, settings());
  return take_snapshot();
}

void ParitySource::close() { transaction_.reset(); }

std::unique_ptr<Session> ParitySource::worker(std::stop_token const& stop) const {
  auto session = connect(stop);
  enter(*session);
  return session;
}

void ParitySource::enter(Session& session) const {
  session.rollback();
  session.begin(Access::read_only,
                settings() + fmt::format("; set local statement_timeout = {}; set transaction snapshot {}",
                                         means_.timeout_ms, quoted_text(snapshot_)));
}

std::int64_t ParitySource::written() const {
  Session& session = *leader_;
  Transaction now{session, Access::read_only};
  std::int64_t const after =
      to_number(session
                    .query("select tup_inserted + tup_updated + tup_deleted from pg_catalog.pg_stat_database "
                           "where datname = pg_catalog.current_database()")
                    .at(0, std::size_t{0}));
  now.commit();
  return after - written_before_;
}

}  // namespace fleet
