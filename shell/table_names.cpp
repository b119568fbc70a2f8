#include "shell/table_names.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "shell/highlight.hpp"

namespace shell {
namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_part(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// As it must be written: quoted when it is no plain name.
std::string written(std::string const& name) {
  bool const plain = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return (c >= 'a' && c <= 'z') || std::isdigit(c) != 0 || c == '_';
                     });
  if (plain) return name;
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// Names and what stands between them: "from", "a", ".", "b", ",".
std::vector<std::string> words_of(std::string_view sql) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < sql.size();) {
    if (is_part(sql[at])) {
      std::size_t end = at;
      while (end < sql.size() && is_part(sql[end])) ++end;
      words.push_back(lower(sql.substr(at, end - at)));
      at = end;
    } else if (sql[at] == '\'') {
      at = std::min(sql.find('\'', at + 1), sql.size() - 1) + 1;
    } else {
      if (std::isspace(static_cast<unsigned char>(sql[at])) == 0) words.emplace_back(1, sql[at]);
      ++at;
    }
  }
  return words;
}

bool names_table(std::string const& word) {
  return word == "from" || word == "join" || word == "into" || word == "update" || word == "table";
}

// The tables that a statement names, by their own name and by their alias.
std::map<std::string, TableName const*> named_tables(std::string_view sql,
                                                     std::vector<TableName> const& tables) {
  std::map<std::string, TableName const*> named;
  static std::set<std::string> const no_alias{"where", "on",    "join", "left",   "right",
                                              "inner", "cross", "full", "group",  "order",
                                              "limit", "using", "set",  "values", "natural"};
  std::vector<std::string> const words = words_of(sql);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (!names_table(words[i]) && words[i] != ",") continue;
    std::string schema, name = words[i + 1];
    std::size_t next = i + 2;
    if (next + 1 < words.size() && words[next] == ".") {
      schema = name;
      name = words[next + 1];
      next += 2;
    }
    auto const found = std::find_if(tables.begin(), tables.end(), [&](TableName const& table) {
      return table.name == name && (schema.empty() || table.schema == schema);
    });
    if (found == tables.end()) continue;
    named[name] = &*found;
    if (next < words.size() && words[next] == "as") ++next;
    if (next < words.size() && is_part(words[next][0]) && no_alias.count(words[next]) == 0)
      named[words[next]] = &*found;
  }
  return named;
}

}  // namespace

char const* const table_names_sql = R"sql(
  select n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) as visible,
         coalesce(pg_catalog.json_agg(a.attname order by a.attnum) filter (where a.attname is not null), '[]')
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     and n.nspname !~ '^pg_(temp|toast_temp)_'
   group by n.nspname, c.relname, c.oid
   order by n.nspname, c.relname
   limit 5000)sql";

std::vector<TableName> table_names_of(fleet::Result const& result) {
  std::vector<TableName> tables;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    auto const cell = [&](std::size_t column) { return std::string{result.at(row, column).value_or("")}; };
    TableName table{cell(0), cell(1), {}, cell(2) == "t"};
    std::string const list = cell(3);
    // ["id", "name"]: names only, so the quotes tell them apart.
    for (std::size_t at = list.find('"'); at != list.npos; at = list.find('"', at + 1)) {
      std::string name;
      for (++at; at < list.size() && list[at] != '"'; ++at) {
        if (list[at] == '\\' && at + 1 < list.size()) ++at;
        name += list[at];
      }
      table.columns.push_back(std::move(name));
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

Candidates sql_candidates(std::string_view sql, std::size_t cursor, std::vector<TableName> const& tables) {
  std::string_view const before = sql.substr(0, cursor);
  std::size_t begin = before.size();
  while (begin > 0 && is_part(before[begin - 1])) --begin;
  std::string const typed{before.substr(begin)};
  std::string const start = lower(typed);
  Candidates found{begin, {}};
  std::set<std::string> seen;
  auto offer = [&](std::string const& text, std::string brief) {
    if (lower(text).starts_with(start) && seen.insert(text).second)
      found.all.push_back({text, std::move(brief)});
  };
  auto offer_columns = [&](TableName const& table) {
    for (std::string const& column : table.columns) offer(written(column), "column of " + table.name);
  };
  auto offer_tables = [&](std::string const& schema) {
    for (TableName const& table : tables)
      if (schema.empty() ? table.visible : table.schema == schema) offer(written(table.name), "");
  };
  // The word being typed is no alias yet.
  std::string const others = std::string{before.substr(0, begin)} + std::string{sql.substr(cursor)};
  auto const named = named_tables(others, tables);
  if (begin > 0 && before[begin - 1] == '.') {
    std::size_t name = begin - 1;
    while (name > 0 && is_part(before[name - 1])) --name;
    std::string const owner = lower(before.substr(name, begin - 1 - name));
    if (auto const table = named.find(owner); table != named.end()) offer_columns(*table->second);
    offer_tables(owner.empty() ? "." : owner);
    return found;
  }
  std::vector<std::string> const words = words_of(before.substr(0, begin));
  bool const table_wanted = !words.empty() && names_table(words.back());
  if (!table_wanted)
    for (auto const& [name, table] : named) offer_columns(*table);
  offer_tables("");
  for (TableName const& table : tables)
    if (!table.visible) offer(written(table.schema) + ".", "schema");
  if (table_wanted) return found;
  if (!named.empty() && !typed.empty())
    for (auto const& [name, table] : named)
      if (name != table->name) offer(name, "alias of " + table->name);
  bool const small = typed.empty() || std::islower(static_cast<unsigned char>(typed.back())) != 0;
  if (!typed.empty())
    for (std::string const& word : sql_words()) offer(small ? lower(word) : word, "");
  return found;
}

}  // namespace shell
