// `migrations:new`: files that a person would otherwise copy from the last ones.

#include <fmt/format.h>

#include <algorithm>

#include "migrations/engine/scaffold.hpp"
#include "migrations/engine/scaffold_names.hpp"
#include "migrations/engine/set_settings.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;
using migrations::NewFile;
using migrations::ScaffoldRequest;
using migrations::Scope;
namespace oid = fleet::type_oid;

std::filesystem::path folder_of(World& world, Arguments const& arguments) {
  if (arguments.has("set")) return arguments.text("set");
  return world.shipped / "migrations" / std::string{to_string(scope_of(arguments, Scope::tenant))};
}

// "note text not null default ''": the one column that is added, or dropped.
void read_column(ScaffoldRequest& request) {
  if (request.columns.size() > 1)
    throw fleet::Error{ErrorKind::usage, "one column at a time"}.with_hint("each is a migration of its own");
  if (request.columns.empty()) return;
  std::string const& text = request.columns.front();
  if (text.find(' ') == std::string::npos) {
    request.column = text;
    return;
  }
  migrations::ColumnText const column = migrations::parse_column(text);
  request.column = column.name;
  request.type = column.type;
  request.value = column.value;
  request.not_null = column.not_null;
  if (!column.references.empty())
    throw fleet::Error{ErrorKind::usage, "a new column and its foreign key are two steps"}.with_hint(
        "first the column, then: migrate new foreign_key");
}

ScaffoldRequest request_of(Arguments const& arguments, std::filesystem::path const& folder) {
  ScaffoldRequest request;
  request.kind = migrations::parse_scaffold_kind(arguments.text("kind"));
  request.title = arguments.text("name");
  request.table = arguments.text("table");
  request.columns = arguments.list("columns");
  if (request.kind == ScaffoldRequest::Kind::column || request.kind == ScaffoldRequest::Kind::drop)
    read_column(request);
  request.unique = arguments.boolean("unique");
  request.references = arguments.text("references");
  request.index = arguments.text("index");
  request.roles = arguments.list("roles");
  request.permissions = arguments.list("permissions");
  request.permission_table.table = arguments.text("permission_table");
  request.permission_table.role_table = arguments.text("role_table");
  request.permission_table.catalog = arguments.text("catalog");
  request.reason = arguments.text("reason");
  auto const& said = migrations::read_set_settings(folder).permission;
  auto& into = request.permission_table;
  if (into.table.empty()) {
    into.table = said.table;
    into.role_column = said.role_column;
    into.permission_column = said.permission_column;
  }
  if (into.role_table.empty()) into.role_table = said.role_table;
  if (into.catalog.empty()) into.catalog = said.catalog;
  return request;
}

// "security.role_permission(role_code, permission_code)" says the columns as well.
void read_permission_columns(ScaffoldRequest& request) {
  std::string& table = request.permission_table.table;
  std::size_t const open = table.find('('), comma = table.find(',');
  if (open == std::string::npos) return;
  if (comma == std::string::npos || comma < open || table.back() != ')')
    throw fleet::Error{ErrorKind::usage, fleet::in_quotes(table) + " is no table with two columns"}.with_hint(
        "write schema.role_permission(role, permission)");
  auto part = [&](std::size_t from, std::size_t to) {
    std::string text = table.substr(from, to - from);
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    return text;
  };
  request.permission_table.role_column = part(open + 1, comma);
  request.permission_table.permission_column = part(comma + 1, table.size() - 1);
  table.erase(open);
}

std::vector<NewFile> files_of(World& world, Arguments const& arguments) {
  std::filesystem::path const folder = folder_of(world, arguments);
  migrations::NamingScheme const scheme = migrations::naming_scheme(migrations::read_names(folder));
  Scope const scope = scope_of(arguments, Scope::tenant);
  ScaffoldRequest request = request_of(arguments, folder);
  read_permission_columns(request);
  return migrations::lay_out(migrations::scaffold(request, scheme, scope), scheme, scope,
                             migrations::taken_names(folder), world.fleet.clock().now());
}

Answer make(World& world, Arguments const& arguments) {
  std::filesystem::path const folder = folder_of(world, arguments);
  std::vector<NewFile> const files = files_of(world, arguments);
  migrations::write_new_files(folder, files);
  fleet::Result rows{{{"file"}, {"lines", oid::int8}}};
  for (NewFile const& file : files) {
    rows.append((folder / file.path).string());
    rows.append(std::to_string(std::count(file.text.begin(), file.text.end(), '\n')));
  }
  return {Rows{std::move(rows), {}, 0}, {}, {}};
}

std::vector<std::string> describe_make(World& world, Arguments const& arguments) {
  std::filesystem::path const folder = folder_of(world, arguments);
  std::vector<std::string> lines;
  for (NewFile const& file : files_of(world, arguments))
    lines.push_back(fmt::format("write {}:\n{}", (folder / file.path).string(), file.text));
  return lines;
}

}  // namespace

void add_new_migrations(Registry& registry) {
  registry.add(Method{
      .object = "migrations",
      .name = "new",
      .effect = Effect::write,
      .parameters =
          {{.name = "kind",
            .required = true,
            .positional = true,
            .brief = "table, column, index, foreign_key, drop or permission"},
           {.name = "table", .brief = "schema.table; in a set with {schema_name} the table alone"},
           {.name = "columns",
            .type = Type::list,
            .brief = "of a table, and the one to add: \"name type [null | not null] [default …] [references "
                     "schema.table]\"; of an index or a foreign key, and the one to drop: names"},
           {.name = "unique", .type = Type::boolean, .default_text = "false", .brief = "a unique index"},
           {.name = "references", .brief = "table of a foreign key: schema.table or schema.table(column)"},
           {.name = "index", .brief = "an index to drop: schema.index"},
           {.name = "roles", .type = Type::list, .brief = "roles that get the permissions"},
           {.name = "permissions", .type = Type::list, .brief = "ENTITY.ACTION"},
           {.name = "permission_table",
            .default_text = "what set.toml says",
            .brief = "schema.role_permission(role column, permission column)"},
           {.name = "role_table",
            .default_text = "what set.toml says, or the permission table",
            .brief = "where a role has to be: schema.role(code)"},
           {.name = "catalog",
            .default_text = "none",
            .brief = "gets new permissions too: schema.permission(code, description)"},
           {.name = "name", .default_text = "what it does", .brief = "the title in the file's name"},
           {.name = "scope", .default_text = "tenant", .brief = "master or tenant"},
           {.name = "set",
            .type = Type::path,
            .default_text = "the shipped set",
            .brief = "folder of the files"}},
      .returns = "result: file, lines",
      .errors =
          "usage for a bad name or what PostgreSQL's parser refuses; refused when a file is there already",
      .brief =
          "Writes migration files with the next free numbers, named and laid out like the newest ones of the "
          "folder: safe on a table in use, each with its way back. Nothing is overwritten.",
      .example = "migrations:new(\"column\", { table = \"members.member\", columns = { \"note text\" }, plan "
                 "= true })",
      .aliases = {"migrate new"},
      .asks = false,
      .run = make,
      .describe = describe_make});
}

}  // namespace scripting
