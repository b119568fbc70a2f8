// Types of columns.

#include "fleet/selection.hpp"
#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

bool any_glob(std::vector<std::string> const& globs, std::string const& name) {
  for (std::string const& glob : globs)
    if (fleet::matches_glob(glob, name)) return true;
  return false;
}

void column_type(LintPass& pass, std::string const& name, Node type_name, std::size_t at) {
  std::string const type = type_base(type_name);
  bool const sized = !type_name.items("typmods").empty();
  if (type == "bpchar" || type == "char")
    pass.report("ban-char-field", at, name + " is " + (type == "char" ? "\"char\"" : "char(n)"));
  if (type == "varchar" && sized) pass.report("prefer-text-field", at, name + " is " + type_text(type_name));
  if (type == "timestamp") pass.report("prefer-timestamp-tz", at, name + " is a timestamp without time zone");
  if (type == "json") pass.report("prefer-jsonb", at, name + " is json");
  if (type == "money" ||
      ((type == "float4" || type == "float8") && any_glob(pass.settings.money_columns, lowered(name))))
    pass.report("float-for-money", at,
                name + " is " +
                    (type == "money"    ? "money"
                     : type == "float4" ? "real"
                                        : "double precision"));
  if (is_serial(type)) pass.report("prefer-identity", at, name + " is " + type);
}

void key_type(LintPass& pass, std::string const& name, Node column, bool primary) {
  std::string const type = type_base(column["typeName"]);
  bool const generated = has_constraint(column, "CONSTR_IDENTITY") || is_serial(type);
  std::size_t const at = pass.place(column);
  // A number that a person chose (a version, a code) does not run out.
  bool const counted = generated || (primary && (lowered(name) == "id" || lowered(name).ends_with("_id")));
  if ((type == "int4" && counted) || type == "serial" || type == "serial4")
    pass.report("prefer-bigint-over-int", at, "the key " + name + " has 32 bits");
  // A small fixed list may have a small key; one that counts up may not.
  if ((type == "int2" && generated) || type == "smallserial" || type == "serial2")
    pass.report("prefer-bigint-over-smallint", at, "the key " + name + " has 16 bits");
}

void column(LintPass& pass, Node column, std::set<std::string> const& primary) {
  std::string const name{column.text("colname")};
  column_type(pass, name, column["typeName"], pass.place(column));
  // A foreign key's type is its parent's.
  if (!has_constraint(column, "CONSTR_FOREIGN")) key_type(pass, name, column, primary.count(name) != 0);
  if (type_base(column["typeName"]) == "bool" && !column["typeName"]["arrayBounds"] &&
      !has_constraint(column, "CONSTR_DEFAULT") && !has_constraint(column, "CONSTR_GENERATED") &&
      !has_constraint(column, "CONSTR_NOTNULL"))
    pass.report("boolean-without-default", pass.place(column), name + " may be NULL and has no default");
}

std::size_t width(std::string const& type) {
  if (type == "int8" || type == "timestamptz" || type == "timestamp" || type == "float8" || type == "money" ||
      type == "time")
    return 8;
  if (type == "int4" || type == "float4" || type == "date") return 4;
  if (type == "int2") return 2;
  if (type == "bool") return 1;
  return 0;
}

void order(LintPass& pass, Node table) {
  std::size_t used = 0;
  std::size_t needed = 0;
  for (Node const& each : table.items("tableElts")) {
    std::size_t const bytes = each.kind() == "ColumnDef" ? width(type_base(each.inner()["typeName"])) : 0;
    if (bytes == 0) continue;
    used = (used + bytes - 1) / bytes * bytes + bytes;
    needed += bytes;
  }
  if (used >= needed + 8)
    pass.report("column-order", std::to_string(used - needed) + " bytes of each row of " +
                                    relation_name(table["relation"]).text() + " stay empty");
}

}  // namespace

void lint_types(LintPass& pass) {
  Node const node = pass.node();
  if (pass.kind() == "CreateStmt") {
    std::set<std::string> primary;
    for (MadeConstraint const& made : constraints_of(node))
      // A key of several columns is one of their combination.
      if (made.node.text("contype") == "CONSTR_PRIMARY" && made.columns.size() == 1)
        primary.insert(made.columns.begin(), made.columns.end());
    for (MadeConstraint const& made : constraints_of(node))
      if (made.node.text("contype") == "CONSTR_FOREIGN")
        for (std::string const& name : made.columns) primary.erase(name);
    for (Node const& each : node.items("tableElts"))
      if (each.kind() == "ColumnDef") column(pass, each.inner(), primary);
    order(pass, node);
  }
  if (pass.kind() == "AlterTableStmt")
    for (Node const& each : node.items("cmds")) {
      Node const command = each.inner();
      Node const definition = command["def"].inner();
      if (command.text("subtype") == "AT_AddColumn")
        column(pass, definition,
               has_constraint(definition, "CONSTR_PRIMARY")
                   ? std::set<std::string>{std::string{definition.text("colname")}}
                   : std::set<std::string>{});
      if (command.text("subtype") == "AT_AlterColumnType")
        column_type(pass, std::string{command.text("name")}, definition["typeName"], pass.place(definition));
    }
  if (pass.kind() == "CreateEnumStmt")
    pass.report("prefer-table-over-enum",
                "type " + object_name(node.strings("typeName")).text() + " is an enum");
}

}  // namespace migrations
