// Names: case, indexes, foreign keys, columns that every table has, by the set's settings.

#include <algorithm>
#include <cctype>

#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/lint_table_shape.hpp"
#include "migrations/engine/placeholder.hpp"

namespace migrations {

namespace {

void name_case(LintPass& pass, std::string const& what, std::string const& name, std::size_t at) {
  if (!name.empty() && !has_case(pass.settings.naming, name) && name != parseable(schema_placeholder))
    pass.report("naming-case", at, what + " " + name + " is not " + pass.settings.naming + " snake case",
                in_case(pass.settings.naming, name));
}

void index_name(LintPass& pass, Node node) {
  std::string const prefix = pass.settings.index_prefix;
  std::string const name{node.text("idxname")};
  if (prefix.empty() || name.empty()) return;
  std::string wanted = prefix + relation_name(node["relation"]).name;
  bool expressions = false;
  for (Node const& each : node.items("indexParams")) {
    std::string const column{each.inner().text("name")};
    if (column.empty()) expressions = true;
    if (!column.empty() && !expressions) wanted += "_" + column;
  }
  if (!pass.settings.naming.empty()) wanted = in_case(pass.settings.naming, wanted);
  // After an expression the rest of the name is free.
  bool const right = expressions ? name.rfind(wanted, 0) == 0 : name == wanted;
  if (!right) pass.report("index-name", "index " + name + " should be called " + wanted, wanted);
}

void foreign_key_names(LintPass& pass, ObjectName const& table, Node owner) {
  std::string const prefix = pass.settings.foreign_key_prefix;
  if (prefix.empty()) return;
  for (MadeConstraint const& made : constraints_of(owner)) {
    if (made.node.text("contype") != "CONSTR_FOREIGN") continue;
    std::string const wanted = prefix + table.name + "_" + relation_name(made.node["pktable"]).name;
    std::string const name{made.node.text("conname")};
    // A second key to the same parent carries more at its end.
    if (name != wanted && name.rfind(wanted + "_", 0) != 0)
      pass.report("foreign-key-name", pass.place(made.node),
                  name.empty() ? "the foreign key has no name; it should be called " + wanted
                               : "foreign key " + name + " should be called " + wanted,
                  "CONSTRAINT " + wanted);
  }
}

void shape(LintPass& pass, Node node) {
  TableShape table;
  table.name = relation_name(node["relation"]).text();
  table.offset = pass.statement->begin;
  table.tenant = pass.file.scope == Scope::tenant;
  for (Node const& each : node.items("tableElts")) {
    if (each.kind() == "ColumnDef") {
      Node const column = each.inner();
      table.columns.push_back(
          {std::string{column.text("colname")}, type_text(column["typeName"]),
           has_constraint(column, "CONSTR_NOTNULL") || has_constraint(column, "CONSTR_PRIMARY"),
           pass.place(column)});
    }
    if (each.kind() == "TableLikeClause") return;
  }
  for (MadeConstraint const& made : constraints_of(node))
    if (made.node.text("contype") == "CONSTR_PRIMARY") table.primary_key = made.columns;
  if (node["inhRelations"] || node["relation"].text("relpersistence") == "t") return;
  lint_table_shape(pass, table);
}

}  // namespace

void lint_names(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  std::size_t const at = pass.statement->begin;
  ObjectName const table = relation_name(node["relation"]);
  if (kind == "CreateStmt") {
    name_case(pass, "table", table.name, pass.place(node["relation"]));
    for (Node const& each : node.items("tableElts"))
      if (each.kind() == "ColumnDef")
        name_case(pass, "column", std::string{each.inner().text("colname")}, pass.place(each.inner()));
    for (MadeConstraint const& made : constraints_of(node))
      name_case(pass, "constraint", std::string{made.node.text("conname")}, pass.place(made.node));
    foreign_key_names(pass, table, node);
    shape(pass, node);
  }
  if (kind == "IndexStmt") {
    name_case(pass, "index", std::string{node.text("idxname")}, at);
    index_name(pass, node);
  }
  if (kind == "AlterTableStmt")
    for (Node const& each : node.items("cmds")) {
      Node const command = each.inner();
      if (command.text("subtype") == "AT_AddColumn")
        name_case(pass, "column", std::string{command["def"].inner().text("colname")},
                  pass.place(command["def"].inner()));
      for (MadeConstraint const& made : constraints_of(command))
        name_case(pass, "constraint", std::string{made.node.text("conname")}, pass.place(made.node));
      foreign_key_names(pass, table, command);
    }
  if (kind == "RenameStmt") name_case(pass, "the new name", std::string{node.text("newname")}, at);
  if (kind == "CreateSeqStmt") name_case(pass, "sequence", relation_name(node["sequence"]).name, at);
  if (kind == "ViewStmt") name_case(pass, "view", relation_name(node["view"]).name, at);
  if (kind == "CreateEnumStmt") name_case(pass, "type", object_name(node.strings("typeName")).name, at);
  if (kind == "CreateSchemaStmt") name_case(pass, "schema", std::string{node.text("schemaname")}, at);
  if (kind == "CreateFunctionStmt")
    name_case(pass, "function", object_name(node.strings("funcname")).name, at);
  if (kind == "CreateTrigStmt") name_case(pass, "trigger", std::string{node.text("trigname")}, at);
}

}  // namespace migrations
