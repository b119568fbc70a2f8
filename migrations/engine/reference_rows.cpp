#include "migrations/engine/reference_rows.hpp"

#include <fmt/format.h>

#include <charconv>

namespace migrations {

namespace {

// Each ordinary table with its columns, as SQL; $1 is a schema or ''.
constexpr char const* tables_sql = R"sql(
  with made as (
    select a.attrelid, a.attnum, a.attname, a.attgenerated <> '' as generated,
           a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid) ~ '\(|CURRENT_|LOCALTIME|_USER', false) as made
    from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped),
  columns as (
    select m.*,
      exists (select from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid = m.attrelid and m.attnum = any(k.confkey)) as referenced,
      exists (select from pg_catalog.pg_constraint k join made o on o.attrelid = k.confrelid and o.attnum = any(k.confkey) and o.made
              where k.contype = 'f' and k.conrelid = m.attrelid and m.attnum = any(k.conkey)) as follows
    from made m)
  select format('%I.%I', n.nspname, c.relname) as sql_name,
    case when $1 = '' then format('%I.%I', n.nspname, c.relname) else quote_ident(c.relname) end as name,
    string_agg(quote_ident(m.attname), ', ' order by m.attnum) filter (where not (m.generated or m.made or m.follows)) as compared,
    string_agg(quote_ident(m.attname), ', ' order by m.attnum) filter (where not m.generated and (not m.made or m.referenced)) as written,
    string_agg(format('quote_nullable(%I::text)', m.attname), ', ' order by m.attnum) filter (where not m.generated and (not m.made or m.referenced)) as literals
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join columns m on m.attrelid = c.oid
  where c.relkind = 'r' and c.relpersistence <> 't'
    and case when $1 = '' then n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh', 'runbook') else n.nspname = $1 end
    and not exists (select from pg_catalog.pg_depend x where x.classid = 'pg_catalog.pg_class'::regclass and x.objid = c.oid and x.deptype = 'e')
  group by n.nspname, c.relname order by n.nspname collate "C", c.relname collate "C")sql";

// A sequence that rows took values from, and its next one.
constexpr char const* sequences_sql = R"sql(
  select format('select pg_catalog.setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value) as sql
  from pg_catalog.pg_sequences where last_value is not null
    and case when $1 = '' then schemaname !~ '^pg_' and schemaname not in ('information_schema', 'tenantsh', 'runbook') else schemaname = $1 end
  order by schemaname collate "C", sequencename collate "C")sql";

std::int64_t number(std::string const& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::vector<ReferenceTable> read_reference_tables(fleet::Session& session, std::string const& schema_name) {
  fleet::Result const tables = session.query({tables_sql, {schema_name}});
  std::vector<ReferenceTable> found;
  for (std::size_t row = 0; row < tables.rows(); ++row) {
    std::string const columns = tables.text(row, "compared");
    fleet::Result const digest = session.query(fmt::format(
        "select count(*) as rows, coalesce(md5(string_agg(h, '' order by h)), '') as digest from (select {} "
        "as "
        "h from only {}) t",
        columns.empty() ? "''" : fmt::format("md5(row({})::text)", columns), tables.text(row, "sql_name")));
    ReferenceTable table{tables.text(row, "name"), number(digest.text(0, "rows")), digest.text(0, "digest")};
    if (table.rows > 0) found.push_back(std::move(table));
  }
  return found;
}

std::string reference_rows_sql(fleet::Session& session, std::string const& schema_name) {
  fleet::Result const tables = session.query({tables_sql, {schema_name}});
  std::string sql;
  for (std::size_t row = 0; row < tables.rows(); ++row) {
    std::string const name = tables.text(row, "sql_name"), columns = tables.text(row, "written");
    fleet::Result const rows =
        columns.empty() ? session.query("select 'default' as written from only " + name)
                        : session.query(fmt::format(
                              "select written from (select concat_ws(', ', {}) as written from only {}) t "
                              "order by written collate \"C\"",
                              tables.text(row, "literals"), name));
    for (std::size_t i = 0; i < rows.rows(); ++i)
      sql += columns.empty()
                 ? fmt::format("insert into {} default values;\n", name)
                 : fmt::format(
                       "insert into {} ({}) overriding system value values ({}) on conflict do nothing;\n",
                       name, columns, rows.text(i, "written"));
    if (rows.rows() > 0) sql += "\n";
  }
  if (sql.empty()) return sql;
  fleet::Result const sequences = session.query({sequences_sql, {schema_name}});
  for (std::size_t row = 0; row < sequences.rows(); ++row) sql += sequences.text(row, "sql") + "\n";
  return sql + (sequences.empty() ? "" : "\n");
}

}  // namespace migrations
