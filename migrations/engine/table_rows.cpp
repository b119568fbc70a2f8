#include "migrations/engine/table_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace migrations {

namespace {

using Json = nlohmann::json;

// A value for messages: "null", or the text, cut.
std::string shown(std::optional<std::string_view> value) {
  constexpr std::size_t longest = 80;
  if (!value) return "null";
  if (value->size() <= longest) return std::string{*value};
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>((*value)[end]) & 0xC0U) == 0x80U) --end;
  return std::string{value->substr(0, end)} + "…";
}

std::vector<std::size_t> indexes(fleet::Result const& rows, std::vector<std::string> const& names) {
  std::vector<std::size_t> found;
  for (std::string const& name : names)
    if (auto column = rows.find_column(name)) found.push_back(*column);
  if (names.empty())
    for (std::size_t i = 0; i < rows.columns().size(); ++i) found.push_back(i);
  return found;
}

// Equal for equal values only: each cell with its length in front.
std::string identity(fleet::Result const& rows, std::size_t row, std::vector<std::size_t> const& columns) {
  std::string text;
  for (std::size_t column : columns) {
    auto const cell = rows.at(row, column);
    text += cell ? std::to_string(cell->size()) + ":" : "-";
    if (cell) text += *cell;
  }
  return text;
}

std::string label(fleet::Result const& rows, std::size_t row, std::vector<std::size_t> const& columns) {
  std::string text;
  for (std::size_t column : columns)
    text += (text.empty() ? "" : ", ") + rows.columns()[column].name + "=" + shown(rows.at(row, column));
  return text;
}

}  // namespace

ColumnShape const* TableShape::find(std::string const& column) const {
  auto found =
      std::find_if(columns.begin(), columns.end(), [&](ColumnShape const& c) { return c.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<TableShape> read_shapes(fleet::Session& session, std::vector<std::string> const& names) {
  Json const list = names;
  fleet::Result const rows = session.query({R"sql(
    with wanted as (
      select c.oid, n.nspname || '.' || c.relname as name,
             pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as quoted
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p')
         and n.nspname || '.' || c.relname in (select pg_catalog.jsonb_array_elements_text($1::jsonb))),
    keys as (
      select i.indrelid, i.indexrelid, i.indisprimary,
             (select pg_catalog.jsonb_agg(a.attname order by k.position)
                from pg_catalog.unnest(i.indkey::int2[]) with ordinality k(number, position)
                join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
               where k.position <= i.indnkeyatts) as columns
        from pg_catalog.pg_index i join wanted w on w.oid = i.indrelid
       where i.indisunique and i.indpred is null and i.indexprs is null and i.indisvalid)
    select w.name, w.quoted,
           (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
                     a.attname, pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod),
                     t.typcategory, a.attgenerated <> '' or a.attidentity <> '' or a.atthasdef,
                     a.attgenerated <> '' or a.attidentity = 'a',
                     exists (select from pg_catalog.pg_index i where i.indrelid = w.oid and i.indisunique
                                and a.attnum = any (i.indkey::int2[]))) order by a.attnum)
              from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
             where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped) as columns,
           (select pg_catalog.jsonb_agg(k.columns order by k.indisprimary desc, k.indexrelid)
              from keys k where k.indrelid = w.oid) as keys
      from wanted w order by w.name)sql",
                                            {list.dump()}});
  std::vector<TableShape> shapes;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    TableShape shape{rows.text(row, "name"), rows.text(row, "quoted"), {}, {}};
    if (auto columns = rows.at(row, "columns"))
      for (Json const& column : Json::parse(*columns))
        shape.columns.push_back({column[0], column[1], column[2], column[3].get<std::string>().at(0),
                                 column[4], column[5], column[6]});
    if (auto keys = rows.at(row, "keys"))
      shape.keys = Json::parse(*keys).get<std::vector<std::vector<std::string>>>();
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::map<std::string, long long> rows_written(fleet::Session& session) {
  fleet::Result const rows = session.query(R"sql(
    select n.nspname || '.' || c.relname as name, sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del) as rows
      from pg_catalog.pg_stat_xact_user_tables s
      join pg_catalog.pg_class c on c.oid = coalesce(pg_catalog.pg_partition_root(s.relid), s.relid)
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0 and c.relpersistence <> 't' and n.nspname <> 'tenantsh'
     group by 1)sql");
  std::map<std::string, long long> counts;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    counts[rows.text(row, "name")] = std::stoll(rows.text(row, "rows"));
  return counts;
}

fleet::Result read_rows(fleet::Session& session, TableShape const& table) {
  std::string list;
  for (ColumnShape const& column : table.columns)
    list += (list.empty() ? "" : ", ") + column.quoted + "::text as " + column.quoted;
  return session.query("select " + (list.empty() ? "1 as row" : list) + " from " + table.quoted);
}

std::vector<RowDifference> compare_rows(fleet::Result const& before, fleet::Result const& after,
                                        std::vector<std::string> const& key,
                                        std::vector<std::string> const& columns) {
  using Kind = RowDifference::Kind;
  std::vector<std::size_t> const compared = indexes(before, columns);
  std::vector<std::size_t> const keyed = key.empty() ? compared : indexes(before, key);
  std::multimap<std::string, std::size_t> old;
  for (std::size_t row = 0; row < before.rows(); ++row) old.emplace(identity(before, row, keyed), row);
  std::vector<RowDifference> differences;
  for (std::size_t row = 0; row < after.rows(); ++row) {
    auto match = old.find(identity(after, row, keyed));
    if (match == old.end()) {
      differences.push_back({Kind::added, label(after, row, keyed), "", "", ""});
      continue;
    }
    for (std::size_t column : compared) {
      auto const was = before.at(match->second, column), is = after.at(row, column);
      if (was == is) continue;
      differences.push_back(
          {Kind::changed, label(after, row, keyed), after.columns()[column].name, shown(was), shown(is)});
    }
    old.erase(match);
  }
  std::set<std::size_t> left;
  for (auto const& [text, row] : old) left.insert(row);
  for (std::size_t row : left) differences.push_back({Kind::removed, label(before, row, keyed), "", "", ""});
  return differences;
}

}  // namespace migrations
