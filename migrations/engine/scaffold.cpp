#include "migrations/engine/scaffold.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"
#include "fleet/statement.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/scaffold_names.hpp"

namespace migrations {

namespace {

using Kind = ScaffoldRequest::Kind;
using Drafts = std::vector<Draft>;

constexpr std::array<std::pair<std::string_view, Kind>, 6> kinds{{{"table", Kind::table},
                                                                  {"column", Kind::column},
                                                                  {"index", Kind::index},
                                                                  {"foreign_key", Kind::foreign_key},
                                                                  {"drop", Kind::drop},
                                                                  {"permission", Kind::permission}}};

fleet::Error missing(std::string const& what, std::string hint) {
  return fleet::Error{fleet::ErrorKind::usage, what}.with_hint(std::move(hint));
}

std::string joined(std::vector<std::string> const& items, char const* between = ", ") {
  std::string text;
  for (std::string const& item : items) text += (text.empty() ? "" : between) + item;
  return text;
}

std::string literal(std::string const& text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

struct Author {
  ScaffoldRequest const& request;
  NamingScheme const& scheme;
  Scope scope;

  TableName table() const { return parse_table_name(request.table, scheme, scope); }
  std::string title(std::string const& otherwise) const {
    return request.title.empty() ? otherwise : request.title;
  }

  Drafts table_drafts() const;
  Drafts column_drafts() const;
  Drafts index_drafts(TableName const& name, std::vector<std::string> const& columns,
                      std::string const& title) const;
  Drafts foreign_key_drafts() const;
  Drafts drop_drafts() const;
  Drafts permission_drafts() const;
};

Drafts Author::table_drafts() const {
  TableName const name = table();
  struct Line {
    std::string name, text;
  };
  std::string const id = name.word("id");
  std::vector<Line> lines{{id, "uuid not null default gen_random_uuid()"}};
  std::vector<std::string> constraints{"constraint " + name.named("pk", {name.table}) + " primary key (" +
                                       id + ")"};
  std::string indexes;
  for (std::string const& text : request.columns) {
    ColumnText const column = parse_column(text);
    lines.push_back({column.name, column.type + (column.null ? "" : " not null") +
                                      (column.value.empty() ? "" : " default " + column.value)});
    if (column.references.empty()) continue;
    TableColumns const parent = parse_table_columns(column.references, scheme, scope);
    constraints.push_back("constraint " + name.named("fk", {name.table, column.name}) + " foreign key (" +
                          column.name + ") references " + parent.table.text + " (" +
                          (parent.columns.empty() ? name.word("id") : joined(parent.columns)) + ")");
    indexes += "create index " + name.named("idx", {name.table, column.name}) + " on " + name.text + " (" +
               column.name + ");\n";
  }
  for (char const* when : {"created", "updated"}) {
    lines.push_back({name.word(std::string{when} + "_at"), "timestamptz not null default now()"});
    lines.push_back({name.word(std::string{when} + "_by"), "text not null default current_user"});
  }
  std::size_t width = 0;
  for (Line const& line : lines) width = std::max(width, line.name.size());
  std::string up = "create table " + name.text + " (\n";
  for (Line const& line : lines)
    up += "    " + line.name + std::string(width - line.name.size() + 1, ' ') + line.text + ",\n";
  up += "    " + joined(constraints, ",\n    ") + "\n);\n" + indexes;
  return {{title("create_" + name.table), up, "drop table if exists " + name.text + ";\n", false, false}};
}

Drafts Author::column_drafts() const {
  TableName const name = table();
  std::string const& column = checked_name(request.column, "column");
  if (request.type.empty())
    throw missing("column " + column + " has no type", "columns = { \"" + column + " text\" }");
  std::string const stem = title(name.table + "_add_" + column);
  std::string const alter = "alter table " + name.text + " ";
  Draft add{stem, alter + "add column " + column + " " + request.type + ";\n",
            alter + "drop column if exists " + column + ";\n", false, false};
  if (!request.value.empty())
    add.up += alter + "alter column " + column + " set default " + request.value + ";\n";
  if (!request.not_null) return {add};
  if (request.value.empty())
    throw missing("a column that is not null needs a value for the rows that are there",
                  "columns = { \"" + column + " text not null default ''\" }");
  // Each row is written once and locked for a moment: 5,000 at a time, every batch a transaction of its own.
  Draft const fill{stem + "_backfill",
                   "do $$\nbegin\n    loop\n        update " + name.text + " set " + column + " = " +
                       request.value + "\n         where ctid = any (array(select ctid from " + name.text +
                       " where " + column + " is null and (" + request.value +
                       ") is not null limit 5000));\n        exit when not found;\n        commit;\n    end "
                       "loop;\nend\n$$;\n",
                   "select 1; -- the values go with the column\n", true, false};
  // A validated check lets SET NOT NULL do without reading the table under an exclusive lock.
  std::string const check = name.named("ck", {name.table, column, name.word("not_null")});
  Draft const forbid{stem + "_not_null",
                     alter + "drop constraint if exists " + check + ";\n" + alter + "add constraint " +
                         check + " check (" + column + " is not null) not valid;\n" + alter +
                         "validate constraint " + check + ";\n" + alter + "alter column " + column +
                         " set not null;\n" + alter + "drop constraint if exists " + check + ";\n",
                     alter + "drop constraint if exists " + check + ";\n" + alter + "alter column " + column +
                         " drop not null;\n",
                     true, false};
  return {add, fill, forbid};
}

Drafts Author::index_drafts(TableName const& name, std::vector<std::string> const& columns,
                            std::string const& file_title) const {
  if (columns.empty()) throw missing("an index needs columns", "columns = { \"member_id\" }");
  for (std::string const& column : columns) checked_name(column, "column");
  std::vector<std::string> parts{name.table};
  parts.insert(parts.end(), columns.begin(), columns.end());
  std::string const index = name.named(request.unique && request.kind == Kind::index ? "uq" : "idx", parts);
  std::string const away = "drop index concurrently if exists " + name.schema + "." + index + ";\n";
  // What an attempt that was cut off left behind is invalid: IF NOT EXISTS would keep it.
  return {{file_title.empty() ? "index_" + joined(parts, "_") : file_title,
           away + "create " + (request.unique && request.kind == Kind::index ? "unique " : "") +
               "index concurrently " + index + " on " + name.text + " (" + joined(columns) + ");\n",
           away, true, true}};
}

Drafts Author::foreign_key_drafts() const {
  TableName const name = table();
  std::vector<std::string> columns = request.columns;
  if (columns.empty() && !request.column.empty()) columns = {request.column};
  if (columns.empty()) throw missing("a foreign key needs columns", "columns = { \"member_id\" }");
  if (request.references.empty())
    throw missing("a foreign key needs a table to point at", "references = \"members.member\"");
  TableColumns const parent = parse_table_columns(request.references, scheme, scope);
  std::vector<std::string> parts{name.table};
  parts.insert(parts.end(), columns.begin(), columns.end());
  std::string const key = name.named("fk", parts);
  std::string const stem = title(joined(parts, "_") + "_references_" + parent.table.table);
  std::string const alter = "alter table " + name.text + " ";
  Drafts drafts = index_drafts(name, columns, stem + "_index");
  drafts.push_back({stem,
                    alter + "add constraint " + key + " foreign key (" + joined(columns) + ") references " +
                        parent.table.text + " (" +
                        (parent.columns.empty() ? name.word("id") : joined(parent.columns)) +
                        ") not valid;\n",
                    alter + "drop constraint if exists " + key + ";\n", false, false});
  // In a transaction of its own: reads the whole table, and must not do so under the lock of ADD CONSTRAINT.
  drafts.push_back({stem + "_validate", alter + "validate constraint " + key + ";\n",
                    "select 1; -- a constraint does not become unvalidated\n", false, false});
  return drafts;
}

Drafts Author::drop_drafts() const {
  std::string const why = request.reason.empty() ? "asked for when this file was made" : request.reason;
  if (!request.index.empty()) {
    TableName const index = parse_table_name(request.index, scheme, scope);
    return {{title("drop_" + index.table), "drop index concurrently if exists " + index.text + ";\n", "",
             true, false}};
  }
  TableName const name = table();
  if (request.column.empty())
    return {{title("drop_" + name.table),
             "-- tenantsh: allow ban-drop-table " + why + "\ndrop table if exists " + name.text + ";\n", "",
             false, false}};
  std::string const& column = checked_name(request.column, "column");
  return {{title(name.table + "_drop_" + column),
           "-- tenantsh: allow ban-drop-column " + why + "\nalter table if exists " + name.text +
               " drop column if exists " + column + ";\n",
           request.type.empty() ? ""
                                : "alter table " + name.text + " add column if not exists " + column + " " +
                                      request.type + ";\n",
           false, false}};
}

void check_permission(std::string const& permission) {
  auto const word = [](std::string_view text) {
    return !text.empty() && std::isupper(static_cast<unsigned char>(text.front())) != 0 &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
             return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
           });
  };
  std::size_t const dot = permission.find('.');
  if (dot == std::string::npos || !word(std::string_view{permission}.substr(0, dot)) ||
      !word(std::string_view{permission}.substr(dot + 1)))
    throw missing("permission " + fleet::in_quotes(permission) + " is not ENTITY.ACTION",
                  "for example CLAIM.EDIT");
}

Drafts Author::permission_drafts() const {
  auto const& into = request.permission_table;
  if (into.table.empty())
    throw missing("no table is known for permissions",
                  "say it in the set's set.toml, [permission] table = \"platform.role_permission\"");
  if (request.roles.empty()) throw missing("no role is named", "roles = { \"biller\" }");
  if (request.permissions.empty())
    throw missing("no permission is named", "permissions = { \"CLAIM.EDIT\" }");
  TableName const name = parse_table_name(into.table, scheme, scope);
  std::string const& role_column = checked_name(into.role_column, "column");
  std::string const& permission_column = checked_name(into.permission_column, "column");
  TableColumns roles{name, {role_column}};
  if (!into.role_table.empty()) roles = parse_table_columns(into.role_table, scheme, scope);
  if (roles.columns.size() != 1)
    throw missing("of " + fleet::in_quotes(into.role_table) + " one column is needed",
                  "write schema.role(code)");
  std::string role_rows, permission_list, role_list;
  for (std::string const& role : request.roles)
    role_rows += (role_rows.empty() ? "(" : ", (") + literal(role) + ")";
  for (std::string const& role : request.roles) role_list += (role_list.empty() ? "" : ", ") + literal(role);
  std::string catalog;
  for (std::string const& permission : request.permissions) {
    check_permission(permission);
    permission_list += (permission_list.empty() ? "" : ", ") + literal(permission);
  }
  if (!into.catalog.empty()) {
    TableColumns const known = parse_table_columns(into.catalog, scheme, scope);
    if (known.columns.empty() || known.columns.size() > 2)
      throw missing("of " + fleet::in_quotes(into.catalog) + " one or two columns are needed",
                    "write schema.permission(code, description)");
    std::string rows;
    for (std::string const& permission : request.permissions)
      rows += (rows.empty() ? "    (" : ",\n    (") + literal(permission) +
              (known.columns.size() == 2 ? ", " + literal(permission) : "") + ")";
    catalog = "insert into " + known.table.text + " (" + joined(known.columns) + ")\nvalues\n" + rows +
              "\non conflict do nothing;\n\n";
  }
  std::string const up =
      "do $$\ndeclare\n    missing text;\nbegin\n    select string_agg(wanted.role, ', ') into missing\n"
      "      from (values " +
      role_rows + ") wanted (role)\n     where not exists (select from " + roles.table.text +
      " known where known." + roles.columns[0] +
      " = wanted.role);\n    if missing is not null then\n"
      "        raise exception 'no such role: %', missing;\n    end if;\nend\n$$;\n\n" +
      catalog + "insert into " + name.text + " (" + role_column + ", " + permission_column +
      ")\nselect wanted.role, granted.permission\n  from (values " + role_rows +
      ") wanted (role)\n cross join unnest(array[" + permission_list +
      "]) granted (permission)\n where not exists (select from " + name.text +
      " known\n                    where known." + role_column + " = wanted.role and known." +
      permission_column + " = granted.permission)\non conflict do nothing;\n";
  std::string const down = "delete from " + name.text + "\n where " + role_column + " in (" + role_list +
                           ")\n   and " + permission_column + " in (" + permission_list + ");\n";
  std::string stem = "permission_" + request.permissions.front();
  return {{title(stem), up, down, false, false}};
}

void check_text(std::string const& sql) {
  if (sql.empty()) return;
  try {
    fleet::examine_statement(parseable(sql));
  } catch (fleet::Error const& error) {
    throw missing("PostgreSQL cannot read what this would make: " + error.message,
                  "a name that is a word of SQL, or a type or default that is none; choose another");
  }
}

}  // namespace

ScaffoldRequest::Kind parse_scaffold_kind(std::string_view text) {
  std::vector<std::string> names;
  for (auto const& [name, kind] : kinds) {
    if (name == text) return kind;
    names.emplace_back(name);
  }
  std::string const near = fleet::nearest(std::string{text}, names);
  throw missing("there is no template " + fleet::in_quotes(text),
                near.empty() ? "templates: " + joined(names) : "did you mean " + near + "?");
}

std::vector<Draft> scaffold(ScaffoldRequest const& request, NamingScheme const& scheme, Scope scope) {
  Author const author{request, scheme, scope};
  Drafts drafts;
  switch (request.kind) {
    case Kind::table: drafts = author.table_drafts(); break;
    case Kind::column: drafts = author.column_drafts(); break;
    case Kind::index: drafts = author.index_drafts(author.table(), request.columns, request.title); break;
    case Kind::foreign_key: drafts = author.foreign_key_drafts(); break;
    case Kind::drop: drafts = author.drop_drafts(); break;
    case Kind::permission: drafts = author.permission_drafts(); break;
  }
  for (Draft const& draft : drafts) {
    check_text(draft.up);
    check_text(draft.down);
  }
  return drafts;
}

}  // namespace migrations
