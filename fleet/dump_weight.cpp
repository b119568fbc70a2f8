#include "fleet/dump_weight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "fleet/selection.hpp"

namespace fleet {
namespace {

// From here on a schema is worth a word.
constexpr double heavy = 0.2;

template <typename Number>
Number number(std::string const& text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string> lines(std::string const& text) {
  std::vector<std::string> all;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

}  // namespace

DumpWeight weigh_dump(Session& session, std::string const& schema,
                      std::vector<std::string> const& structure) {
  Result const rows = session.query(
      {"select n.nspname, count(c.oid) as tables, coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0)::bigint "
       "as "
       "bytes, (array_agg(c.relname::text order by pg_catalog.pg_table_size(c.oid) desc))[1] as heaviest, "
       "string_agg(c.relname, e'\\n' order by pg_catalog.pg_table_size(c.oid) desc) filter (where c.relname "
       "~* "
       "'(^|_)(job|jobs|queue|queues|outbox|inbox|message|messages|event|events|task|tasks)(_|$)') as queue "
       "from pg_catalog.pg_namespace n join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relkind in "
       "('r', 'm') where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ($1 = '' or n.nspname "
       "= "
       "$1) group by 1 order by 3 desc, 1",
       {schema}});
  DumpWeight weight;
  double travelling = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    SchemaWeight one{rows.text(row, "nspname"), number<std::int64_t>(rows.text(row, "tables")),
                     number<std::uint64_t>(rows.text(row, "bytes"))};
    one.heaviest = rows.text(row, "heaviest");
    one.queue = lines(rows.text(row, "queue"));
    one.structure_only = std::any_of(structure.begin(), structure.end(),
                                     [&](std::string const& glob) { return matches_glob(glob, one.schema); });
    if (!one.structure_only) travelling += static_cast<double>(one.bytes);
    weight.schemas.push_back(std::move(one));
  }
  for (SchemaWeight& one : weight.schemas) {
    if (one.structure_only || travelling == 0) continue;
    one.share = static_cast<double>(one.bytes) / travelling;
    if (one.share < heavy || one.queue.empty() || one.schema == schema) continue;
    std::string inputs;
    for (std::string const& glob : structure) inputs += glob + ",";
    weight.advice.push_back(
        fmt::format("schema {} is {:.0f} % of what is dumped and holds a queue ({}): --input structure={}{} "
                    "leaves its rows "
                    "out, its tables travel",
                    one.schema, one.share * 100, one.queue.front(), inputs, one.schema));
  }
  return weight;
}

}  // namespace fleet
