#include "shell/describe_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;
using Cells = std::vector<std::string>;

// $1: schema, $2: table; as LIKE patterns.
char const* const tables_sql = R"sql(
  select n.nspname, c.relname,
         case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
                        when 'm' then 'materialized view' when 'f' then 'foreign table' end
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'tenantsh')
     and n.nspname !~ '^pg_' and n.nspname like $1 and c.relname like $2
   order by 1, 2)sql";
char const* const columns_sql = R"sql(
  select n.nspname || '.' || c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
         case when a.attnotnull then 'not null' else '' end,
         coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), case a.attidentity when '' then '' else 'identity' end)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and n.nspname like $1 and c.relname like $2
   order by n.nspname, c.relname, a.attnum)sql";

// "ac*" as a pattern of LIKE.
std::string like(std::string_view glob) {
  std::string pattern;
  for (char const c : glob) {
    if (c == '*')
      pattern += '%';
    else if (c == '?')
      pattern += '_';
    else if (c == '%' || c == '_' || c == '\\')
      (pattern += '\\') += c;
    else
      pattern += c;
  }
  return pattern;
}

// Rows of several tenants, each once, with who has it.
struct Seen {
  std::vector<Cells> order;
  std::map<Cells, std::vector<std::string>> owners;
};

void add(Seen& seen, fleet::Result const& result, std::string const& tenant) {
  for (std::size_t row = 0; row < result.rows(); ++row) {
    Cells cells;
    for (std::size_t column = 0; column < result.columns().size(); ++column)
      cells.emplace_back(result.at(row, column).value_or(""));
    auto& owners = seen.owners[cells];
    if (owners.empty()) seen.order.push_back(cells);
    owners.push_back(tenant);
  }
}

// "all 20", "19: not beta", "1: acme".
std::string who(std::vector<std::string> const& owners, std::vector<std::string> const& all) {
  if (owners.size() == all.size()) return fmt::format("all {}", all.size());
  std::vector<std::string> others;
  std::set_difference(all.begin(), all.end(), owners.begin(), owners.end(), std::back_inserter(others));
  auto list = [](std::vector<std::string> const& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) text += (i > 0 ? ", " : "") + names[i];
    return names.size() > 3 ? text + ", …" : text;
  };
  return owners.size() <= others.size() ? fmt::format("{}: {}", owners.size(), list(owners))
                                        : fmt::format("{}: not {}", owners.size(), list(others));
}

}  // namespace

scripting::Answer describe_tables(PromptSession& session, std::string const& pattern) {
  scripting::World& world = session.workplace().world();
  std::size_t const dot = pattern.find('.');
  bool const one = !pattern.empty() && pattern.find_first_of("*?") == pattern.npos;
  fleet::Statement statement{one ? columns_sql : tables_sql,
                             {like(dot == pattern.npos ? "*" : pattern.substr(0, dot)),
                              like(pattern.empty()       ? "*"
                                   : dot == pattern.npos ? pattern
                                                         : pattern.substr(dot + 1))}};
  Seen seen;
  std::vector<std::string> asked;
  scripting::Answer answer;
  scripting::Rows rows;
  Scope const& scope = session.scope();
  if (scope.master) {
    add(seen,
        world.fleet.read(world.fleet.master(), statement, world.settings.timeout_ms,
                         world.interrupt.get_token()),
        "master");
    asked.emplace_back("master");
  } else {
    fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), scope.tenants);
    rows.asked = chosen.tenants.size();
    for (fleet::Outcome& outcome : world.fleet.query(chosen.tenants, statement,
                                                     {.jobs = world.settings.jobs,
                                                     .timeout_ms = world.settings.timeout_ms,
                                                     .stop = world.interrupt.get_token()})) {
      if (outcome.error) {
        rows.failures.push_back(std::move(*outcome.error));
        continue;
      }
      asked.push_back(outcome.tenant.slug);
      add(seen, *outcome.result, outcome.tenant.slug);
    }
  }
  std::sort(asked.begin(), asked.end());
  bool const several = asked.size() > 1;
  std::vector<fleet::Column> columns =
      one ? std::vector<fleet::Column>{{"table"}, {"column"}, {"type"}, {"null"}, {"default"}}
          : std::vector<fleet::Column>{{"schema"}, {"name"}, {"kind"}};
  if (several) columns.push_back({"tenants"});
  rows.result = fleet::Result{columns};
  for (Cells const& cells : seen.order) {
    for (std::string const& cell : cells)
      rows.result.append(cell.empty() ? std::nullopt : std::optional<std::string_view>{cell});
    if (!several) continue;
    std::vector<std::string> owners = seen.owners[cells];
    std::sort(owners.begin(), owners.end());
    rows.result.append(who(owners, asked));
  }
  if (seen.order.empty() && rows.failures.empty())
    throw Error{ErrorKind::not_found, pattern.empty()
                                          ? "there is no table in " + scope.text()
                                          : "there is no table " + pattern + " in " + scope.text()}
        .with_hint("\\d lists what there is; \\use says where it looks");
  answer.value = std::move(rows);
  return answer;
}

}  // namespace shell
