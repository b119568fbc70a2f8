#include "migrations/engine/row_counts.hpp"

namespace migrations {

namespace {

// Includes what earlier transactions of the session wrote and the server has not yet added up elsewhere.
std::map<std::string, RowCounts> read_counts(fleet::Session& session) {
  fleet::Result const rows = session.query(R"sql(
    select n.nspname || '.' || c.relname as name, sum(s.n_tup_ins) as inserted, sum(s.n_tup_upd) as updated
      from pg_catalog.pg_stat_xact_user_tables s
      join pg_catalog.pg_class c on c.oid = coalesce(pg_catalog.pg_partition_root(s.relid), s.relid)
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where s.n_tup_ins + s.n_tup_upd > 0 and c.relpersistence <> 't' and n.nspname <> 'tenantsh'
     group by 1)sql");
  std::map<std::string, RowCounts> counts;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    counts[rows.text(row, "name")] = {std::stoll(rows.text(row, "inserted")),
                                      std::stoll(rows.text(row, "updated"))};
  return counts;
}

}  // namespace

RowCounter::RowCounter(fleet::Session& session) : session_(session), before_(read_counts(session)) {}

std::map<std::string, RowCounts> RowCounter::by_table() const {
  std::map<std::string, RowCounts> written;
  for (auto const& [table, after] : read_counts(session_)) {
    auto found = before_.find(table);
    RowCounts const before = found == before_.end() ? RowCounts{} : found->second;
    RowCounts const since{after.inserted - before.inserted, after.updated - before.updated};
    if (since.inserted > 0 || since.updated > 0) written[table] = since;
  }
  return written;
}

RowCounts RowCounter::total() const {
  RowCounts sum;
  for (auto const& [table, counts] : by_table()) {
    sum.inserted += counts.inserted;
    sum.updated += counts.updated;
  }
  return sum;
}

}  // namespace migrations
