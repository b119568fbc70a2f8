// What was restored against its manifest, and what the source has done since: fleet/restore.hpp.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/restore.hpp"
#include "fleet/selection.hpp"
#include "fleet/table_digest.hpp"

namespace fleet {
namespace {

using Counts = std::map<std::string, std::int64_t>;

std::unique_ptr<Session> connect(Endpoint const& place, DumpMeans const& means) {
  return means.driver.connect(place, means.secrets,
                              {.access = Access::read_only,
                               .application_name = this_operator().application_name("compare"),
                               .stop = means.stop});
}

struct FoundTable {
  std::string schema, name;
};

std::vector<FoundTable> tables_of(Session& session, std::string const& schema) {
  Result const rows = session.query(
      {"select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
       "c.relnamespace where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and "
       "n.nspname "
       "<> 'information_schema' and ($1 = '' or n.nspname = $1) and not exists (select from "
       "pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and "
       "d.deptype = 'e') order by 1, 2",
       {schema}});
  std::vector<FoundTable> found;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    found.push_back({rows.text(row, "nspname"), rows.text(row, "relname")});
  return found;
}

std::int64_t count(Session& session, std::string const& schema, std::string const& name) {
  auto const text = session
                        .query(fmt::format("select count(*) from only {}.{}",
                                           session.quote_identifier(schema), session.quote_identifier(name)))
                        .value()
                        .value_or("0");
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The content of a table as its manifest has it.
std::string digest(Session& session, FoundTable const& table) {
  return session
      .query(fmt::format("select {} from only {}.{} t", digest_expression(),
                         session.quote_identifier(table.schema), session.quote_identifier(table.name)))
      .value()
      .value_or("");
}

// A tenant in a schema has another name beside itself: what is compared is named as it was.
std::string named(std::string const& schema, std::string const& name, std::string const& placed_in,
                  std::string const& was_in) {
  return (!placed_in.empty() && schema == placed_in ? was_in : schema) + "." + name;
}

// Markers and write fences are about one database, not about the tenant: those of a copy are its own.
bool is_marker(std::string const& table) {
  return table == "tenantsh.step_marker" || table.starts_with("tenantsh.fence");
}

void compare_with_manifest(ComparisonRequest const& request, DumpMeans const& means, Comparison& comparison) {
  Manifest const& manifest = request.archive.manifest;
  auto const session = connect(request.restored, means);
  Transaction const snapshot{*session, Access::read_only,
                             "set transaction isolation level repeatable read; " + digest_settings()};
  std::map<std::string, FoundTable> there;
  for (FoundTable& table : tables_of(*session, request.restored_schema)) {
    std::string name = named(table.schema, table.name, request.restored_schema, manifest.schema);
    there.emplace(std::move(name), std::move(table));
  }
  std::size_t digests = 0;
  for (DumpedTable const& table : manifest.tables) {
    ComparedTable line{table.full_name(), table.rows, {}, {}, {}};
    if (is_marker(line.table)) {
      there.erase(line.table);
      continue;
    }
    auto const found = there.find(line.table);
    if (found == there.end()) {
      line.state = "missing";
      comparison.problems.push_back(line.table + " is in the archive, not in what was restored");
    } else {
      line.restored = count(*session, found->second.schema, found->second.name);
      bool const structure_only = !table.rows;
      std::int64_t const wanted = table.rows.value_or(0);
      line.state = *line.restored != wanted ? "differs" : structure_only ? "structure only" : "equal";
      if (line.state == "equal" && table.digest) {
        line.state = digest(*session, found->second) == *table.digest ? "same content" : "other content";
        if (line.state == "other content")
          comparison.problems.push_back(line.table +
                                        " has as many rows as the manifest says, but other ones");
        ++digests;
      }
      if (line.state == "differs")
        comparison.problems.push_back(
            fmt::format("{} has {} rows, its manifest says {}", line.table, *line.restored, wanted));
      there.erase(found);
    }
    comparison.tables.push_back(std::move(line));
  }
  comparison.notes.push_back(
      digests > 0 ? fmt::format("the contents of {} tables are those of the dump, by their digests", digests)
                  : "rows were counted, contents not compared: the manifest has no digests");
  if (request.restored_schema.empty() && !request.archive.foreign && manifest.mode == DumpMode::full) {
    auto const objects =
        session->query("select count(*) from pg_catalog.pg_largeobject_metadata").value().value_or("0");
    if (objects != std::to_string(manifest.large_objects))
      comparison.problems.push_back(
          fmt::format("there are {} large objects, its manifest says {}", objects, manifest.large_objects));
  }
  // A foreign archive is known by its rows only: tables without any have no name in it.
  for (auto const& [name, table] : there) {
    if (is_marker(name)) continue;
    ComparedTable line{name, {}, count(*session, table.schema, table.name), {}, "not in the manifest"};
    if (*line.restored != 0 || !request.archive.foreign)
      comparison.problems.push_back(name + " was restored, the manifest does not name it");
    if (request.archive.foreign) line.state = "structure only";
    comparison.tables.push_back(std::move(line));
  }
}

void compare_with_source(ComparisonRequest const& request, DumpMeans const& means, Comparison& comparison) {
  Manifest const& manifest = request.archive.manifest;
  Counts now;
  try {
    auto const session = connect(*request.source, means);
    Transaction const snapshot{*session, Access::read_only,
                               "set transaction isolation level repeatable read"};
    for (FoundTable const& table : tables_of(*session, request.source_schema)) {
      std::string const name = named(table.schema, table.name, request.source_schema, manifest.schema);
      if (std::none_of(request.source_tables.begin(), request.source_tables.end(),
                       [&](std::string const& glob) { return matches_glob(glob, name); }))
        continue;
      now[name] = count(*session, table.schema, table.name);
    }
  } catch (Error const& error) {
    // Often the very reason for restoring.
    if (error.kind == ErrorKind::interrupted) throw;
    comparison.notes.push_back("the source was not compared: " + error.message);
    return;
  }
  std::size_t drifted = 0;
  for (ComparedTable& line : comparison.tables) {
    auto const found = now.find(line.table);
    if (found == now.end()) continue;
    line.source = found->second;
    now.erase(found);
    if (line.state == "structure only" || !line.restored) continue;
    if (auto const more = *line.source - *line.restored; more != 0) {
      ++drifted;
      comparison.notes.push_back(fmt::format("{}: {} rows {} in the source since the dump of {}", line.table,
                                             std::abs(more), more > 0 ? "more" : "fewer", manifest.taken_at));
    }
  }
  for (auto const& [name, rows] : now)
    if (!is_marker(name))
      comparison.notes.push_back(fmt::format("{} ({} rows) is in the source only", name, rows));
  if (drifted == 0)
    comparison.notes.push_back("no drift: the source has as many rows as the dump in every table compared");
}

}  // namespace

Comparison compare_restored(ComparisonRequest const& request, DumpMeans const& means) {
  Comparison comparison;
  compare_with_manifest(request, means, comparison);
  if (request.source) compare_with_source(request, means, comparison);
  return comparison;
}

}  // namespace fleet
