#include "migrations/engine/history.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "fleet/error.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using Names = std::set<std::string, std::less<>>;

struct Known {
  HistoryTool tool;
  std::string_view word;
  std::string_view table;      // as the tool names it unless told otherwise
  std::string_view columns;    // that tell its table from others
  std::string_view statement;  // after "select": name, version, applied_at, batch, checksum, state, says
};

// `?T` is the table, `?(x)` the time x in UTC. Times without zone were written by now() in the database's own
// time zone, which a cast to timestamptz assumes as well.
constexpr std::array<Known, 10> known_tools{{
    {HistoryTool::knex, "knex", "knex_migrations", "name batch migration_time",
     "name, null, ?(migration_time), batch, null, 'applied', null from ?T order by id"},
    {HistoryTool::sequelize, "sequelize", "SequelizeMeta", "name",
     "name, null, null, 0, null, 'applied', null from ?T order by name"},
    {HistoryTool::sequelize_seeds, "sequelize-seeds", "SequelizeData", "name",
     "name, null, null, 0, null, 'applied', null from ?T order by name"},
    {HistoryTool::prisma, "prisma", "_prisma_migrations",
     "migration_name checksum finished_at rolled_back_at",
     "migration_name, null, ?(finished_at), 0, checksum, "
     "case when finished_at is null then 'failed' else 'applied' end, logs from ?T "
     "where rolled_back_at is null order by started_at, migration_name"},
    {HistoryTool::flyway, "flyway", "flyway_schema_history",
     "installed_rank version type script checksum success",
     "script, version, ?(installed_on), 0, checksum::text, case when not success then 'failed' "
     "when type like '%BASELINE' then 'baseline' when type = 'DELETE' or type like 'UNDO%' then 'undone' "
     "else 'applied' end, null from ?T where type <> 'SCHEMA' order by installed_rank"},
    {HistoryTool::dbmate, "dbmate", "schema_migrations", "version",
     "null, version::text, null, 0, null, 'applied', null from ?T order by version"},
    {HistoryTool::rails, "rails", "schema_migrations", "version",
     "null, version::text, null, 0, null, 'applied', null from ?T order by version"},
    {HistoryTool::golang_migrate, "golang-migrate", "schema_migrations", "version dirty",
     "null, version::text, null, 0, null, case when dirty then 'failed' else 'applied' end, null from ?T"},
    {HistoryTool::goose, "goose", "goose_db_version", "version_id is_applied tstamp",
     "null, version_id::text, ?(tstamp), 0, null, case when is_applied then 'applied' else 'undone' end, "
     "null "
     "from ?T where version_id <> 0 order by id"},
    {HistoryTool::node_pg_migrate, "node-pg-migrate", "pgmigrations", "name run_on",
     "name, null, ?(run_on), 0, null, 'applied', null from ?T order by run_on, id"},
}};

Known const& known(HistoryTool tool) {
  return *std::find_if(known_tools.begin(), known_tools.end(),
                       [&](Known const& each) { return each.tool == tool; });
}

std::string tool_list() {
  std::string text;
  for (Known const& each : known_tools) text += (text.empty() ? "" : ", ") + std::string{each.word};
  return text;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = std::min(text.find(' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// The first column of the tool's that is not among `columns`; empty when all are.
std::string lacking(Known const& tool, Names const& columns) {
  for (std::string& word : words_of(tool.columns))
    if (!columns.contains(word)) return std::move(word);
  return {};
}

struct Table {
  std::string schema, name;
  Names columns;
  bool beside_rails = false;
};

// Every table of the database, or of `schema`, that has one of the names.
std::vector<Table> tables(fleet::Session& session, std::vector<std::string> const& names,
                          std::string const& schema) {
  std::string list;
  for (std::string const& name : names) list += (list.empty() ? "" : ", ") + session.quote_literal(name);
  fleet::Result const rows = session.query({R"sql(
    select n.nspname as schema, c.relname as name,
           pg_catalog.to_regclass(pg_catalog.format('%I.ar_internal_metadata', n.nspname)) is not null as rails,
           (select pg_catalog.string_agg(a.attname, ' ') from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and ($1 = '' or n.nspname = $1) and n.nspname !~ '^pg_'
       and n.nspname not in ('information_schema', 'tenantsh', 'runbook') and c.relname in ()sql" +
                                                list + ") order by 1, 2",
                                            {schema}});
  std::vector<Table> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::vector<std::string> columns = words_of(rows.text(row, "columns"));
    found.push_back({rows.text(row, "schema"), rows.text(row, "name"), Names{columns.begin(), columns.end()},
                     rows.text(row, "rails") == "t"});
  }
  return found;
}

// Which tool made a table that has a usual name; nothing for a stranger.
std::optional<HistoryTool> tool_of(Table const& table) {
  for (Known const& each : known_tools) {
    if (table.name != each.table || !lacking(each, table.columns).empty()) continue;
    bool const golang = table.columns.contains("dirty");
    if (each.tool == HistoryTool::golang_migrate) return each.tool;
    if (each.tool == HistoryTool::dbmate && (golang || table.beside_rails)) continue;
    if (each.tool == HistoryTool::rails && golang) continue;
    return each.tool;
  }
  return std::nullopt;
}

std::string with_table(std::string_view statement, std::string const& table) {
  std::string text;
  for (std::size_t at = 0; at < statement.size(); ++at) {
    if (statement[at] != '?') {
      text += statement[at];
    } else if (statement[++at] == 'T') {
      text += table;
    } else {  // "(column)"
      std::size_t const end = statement.find(')', at);
      text += "pg_catalog.to_char(" + std::string{statement.substr(at + 1, end - at - 1)} +
              "::timestamptz at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
      at = end;
    }
  }
  return text;
}

// What identifies a migration within its history.
std::string key_of(HistoryPlace const& place, HistoryRow const& row) {
  return place.tool == HistoryTool::flyway && !row.version.empty() ? row.version : row.label();
}

std::string first_line(std::string const& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string_view to_string(HistoryTool tool) { return known(tool).word; }

HistoryTool parse_history_tool(std::string_view text) {
  for (Known const& each : known_tools)
    if (each.word == text) return each.tool;
  throw Error{ErrorKind::usage, fleet::in_quotes(text) + " is no tool whose history can be read"}.with_hint(
      "known are " + tool_list());
}

std::string qualified(fleet::Session& session, std::string_view schema, std::string_view table) {
  return session.quote_identifier(schema) + "." + session.quote_identifier(table);
}

HistoryRow const* History::failure() const {
  auto const found = std::find_if(
      rows.begin(), rows.end(), [](HistoryRow const& row) { return row.state == HistoryRow::State::failed; });
  return found == rows.end() ? nullptr : &*found;
}

std::vector<HistoryPlace> find_histories(fleet::Session& session, HistorySettings const& settings,
                                         std::string const& schema_name) {
  std::string const& schema = settings.schema.empty() ? schema_name : settings.schema;
  std::vector<std::string> names;
  if (!settings.table.empty())
    names.push_back(settings.table);
  else
    for (Known const& each : known_tools)
      if (!settings.tool || *settings.tool == each.tool) names.emplace_back(each.table);
  std::vector<HistoryPlace> places;
  for (Table const& table : tables(session, names, schema)) {
    if (settings.tool) {
      std::string const missing = lacking(known(*settings.tool), table.columns);
      if (!missing.empty())
        throw Error{ErrorKind::refused, table.schema + "." + table.name + " is no history of " +
                                            std::string{to_string(*settings.tool)} + ": it has no column " +
                                            missing};
      places.push_back({*settings.tool, table.schema, table.name});
    } else if (std::optional<HistoryTool> const tool = tool_of(table)) {
      places.push_back({*tool, table.schema, table.name});
    } else if (!settings.table.empty()) {
      throw Error{ErrorKind::refused, "whose history is " + table.schema + "." + table.name + "?"}.with_hint(
          "name the tool: " + tool_list());
    }
  }
  if (places.empty() && !settings.table.empty())
    throw Error{ErrorKind::not_found,
                "there is no table " + (schema.empty() ? "" : schema + ".") + settings.table};
  return places;
}

History read_history(fleet::Session& session, HistoryPlace const& place) {
  fleet::Result const rows =
      session.query("select * from (select " +
                    with_table(known(place.tool).statement, qualified(session, place.schema, place.table)) +
                    ") h (name, version, applied_at, batch, checksum, state, says)");
  History history{place, {}};
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    HistoryRow one;
    one.name = rows.text(row, "name");
    one.version = rows.text(row, "version");
    one.applied_at = rows.text(row, "applied_at");
    if (auto const batch = rows.at(row, "batch")) one.batch = std::stoll(std::string{*batch});
    one.checksum = rows.text(row, "checksum");
    one.says = first_line(rows.text(row, "says"));
    std::string const state = rows.text(row, "state");
    one.state = state == "failed"     ? HistoryRow::State::failed
                : state == "baseline" ? HistoryRow::State::baseline
                                      : HistoryRow::State::applied;
    // A later row of the same migration says what became of it.
    std::erase_if(history.rows, [&](HistoryRow const& earlier) {
      return key_of(place, earlier) == key_of(place, one) &&
             (place.tool != HistoryTool::prisma || earlier.state != HistoryRow::State::applied);
    });
    if (state != "undone") history.rows.push_back(std::move(one));
  }
  return history;
}

std::optional<HistoryPlace> choose_history(fleet::Session& session, HistorySettings const& settings,
                                           std::string const& schema_name) {
  std::vector<HistoryPlace> places = find_histories(session, settings, schema_name);
  if (!settings.tool)
    std::erase_if(places,
                  [](HistoryPlace const& place) { return place.tool == HistoryTool::sequelize_seeds; });
  if (places.empty()) return std::nullopt;
  if (places.size() == 1) return places.front();
  std::string list;
  for (HistoryPlace const& place : places)
    list += (list.empty() ? "" : ", ") + place.text() + " (" + std::string{to_string(place.tool)} + ")";
  throw Error{ErrorKind::refused, "there are several histories: " + list}.with_hint(
      "say which one goes on: --tool, --history-table, --history-schema, or history in the set's set.toml");
}

}  // namespace migrations
