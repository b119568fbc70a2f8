// Columns of tables that may hold rows: what rewrites the table or breaks the programs that use it.

#include <set>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

// Functions that give one value to all rows of a statement, or the same for the same arguments. What is not
// known counts as volatile: PostgreSQL calls it for each row.
bool known_stable(std::string const& name) {
  static std::set<std::string> const stable{"now",
                                            "transaction_timestamp",
                                            "statement_timestamp",
                                            "current_setting",
                                            "lower",
                                            "upper",
                                            "coalesce",
                                            "to_jsonb",
                                            "jsonb_build_object",
                                            "jsonb_build_array",
                                            "to_timestamp",
                                            "make_date",
                                            "make_interval",
                                            "date_trunc",
                                            "array_fill",
                                            "md5",
                                            "length",
                                            "abs",
                                            "round",
                                            "timezone",
                                            "to_char",
                                            "to_date",
                                            "json_build_object",
                                            "int4range",
                                            "tstzrange",
                                            "daterange",
                                            "numrange",
                                            "concat",
                                            "decode",
                                            "sha256"};
  return stable.count(name) != 0;
}

// The first function in an expression that is called for each row; "" when there is none.
std::string volatile_call(Node expression) {
  std::string name;
  Node{expression}.walk([&](std::string_view kind, Node inner) {
    if (kind != "FuncCall") return;
    auto const parts = inner.strings("funcname");
    if (!parts.empty() && !known_stable(parts.back())) name = parts.back();
  });
  if (expression.kind() == "FuncCall")
    if (auto const parts = expression.inner().strings("funcname");
        !parts.empty() && !known_stable(parts.back()))
      name = parts.back();
  return name;
}

void add_column(LintPass& pass, ObjectName const& table, Node column) {
  std::string const name{column.text("colname")};
  std::string const type = type_base(column["typeName"]);
  std::size_t const at = pass.place(column);
  bool has_value = is_serial(type);
  std::string computed = is_serial(type) ? type : "";
  for (Node const& each : column.items("constraints")) {
    Node const constraint = each.inner();
    std::string_view const what = constraint.text("contype");
    if (what == "CONSTR_IDENTITY") computed = "an identity";
    if (what == "CONSTR_GENERATED") computed = "a stored generated column";
    if (what == "CONSTR_DEFAULT")
      if (std::string const call = volatile_call(constraint["raw_expr"]); !call.empty())
        computed = "the default " + call + "()";
    has_value =
        has_value || what == "CONSTR_DEFAULT" || what == "CONSTR_IDENTITY" || what == "CONSTR_GENERATED";
  }
  if (!computed.empty())
    pass.report("adding-field-with-default", at,
                computed + " for " + name + " is computed for each row: " + table.text() + " is rewritten");
  bool const required = has_constraint(column, "CONSTR_NOTNULL") || has_constraint(column, "CONSTR_PRIMARY");
  if (required && !has_value)
    pass.report("adding-required-field", at,
                name + " is NOT NULL and has no default: rows of " + table.text() + " would have none");
}

void rename(LintPass& pass, Node node) {
  std::string_view const what = node.text("renameType");
  ObjectName const table = relation_name(node["relation"]);
  std::string const to{node.text("newname")};
  if (what == "OBJECT_COLUMN" && pass.holds_rows(table))
    pass.report("renaming-column", "column " + std::string{node.text("subname")} + " of " + table.text() +
                                       " is called " + to + " from then on");
  if (what == "OBJECT_TABLE" && pass.holds_rows(table))
    pass.report("renaming-table", table.text() + " is called " + to + " from then on");
  if (what == "OBJECT_SCHEMA")
    pass.report("renaming-schema",
                "schema " + std::string{node.text("subname")} + " is called " + to + " from then on");
}

void duplicates(LintPass& pass, std::vector<std::pair<std::string, std::size_t>> const& columns,
                std::string_view rule, std::string const& what) {
  std::set<std::string> seen;
  for (auto const& [name, at] : columns)
    if (!seen.insert(name).second) pass.report(rule, at, what + " " + name + " twice");
}

void alter(LintPass& pass, Node node) {
  ObjectName const table = relation_name(node["relation"]);
  if (!pass.holds_rows(table)) return;
  std::vector<std::pair<std::string, std::size_t>> added;
  for (Node const& each : node.items("cmds")) {
    Node const command = each.inner();
    std::string_view const what = command.text("subtype");
    std::string const name{command.text("name")};
    if (what == "AT_AddColumn") {
      Node const column = command["def"].inner();
      add_column(pass, table, column);
      added.emplace_back(column.text("colname"), pass.place(column));
    }
    if (what == "AT_DropNotNull")
      pass.report("ban-drop-not-null", name + " of " + table.text() + " may be NULL from then on");
    if (what == "AT_SetLogged" || what == "AT_SetUnLogged" || what == "AT_SetTableSpace" ||
        what == "AT_SetAccessMethod")
      pass.report("rewriting-table", table.text() + " is written anew while it is closed");
  }
  duplicates(pass, added, "duplicate-column", "the statement adds");
  if (pass.last_altered == table && !pass.guarded)
    pass.report("combine-alter-table", "the statement before this one alters " + table.text() + " too");
}

}  // namespace

void lint_columns(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  if (kind == "AlterTableStmt" && node.text("objtype") == "OBJECT_TABLE") alter(pass, node);
  if (kind == "RenameStmt") rename(pass, node);
  if (kind == "AlterObjectSchemaStmt" && node.text("objectType") == "OBJECT_TABLE" &&
      pass.holds_rows(relation_name(node["relation"])))
    pass.report("renaming-table", relation_name(node["relation"]).text() + " is in schema " +
                                      std::string{node.text("newschema")} + " from then on");
  if (kind == "AlterEnumStmt" && !node.text("oldVal").empty())
    pass.report("renaming-enum-value", "'" + std::string{node.text("oldVal")} + "' is called '" +
                                           std::string{node.text("newVal")} + "' from then on");
  std::vector<std::pair<std::string, std::size_t>> columns;
  if (kind == "CreateStmt") {
    for (Node const& each : node.items("tableElts"))
      if (each.kind() == "ColumnDef")
        columns.emplace_back(each.inner().text("colname"), pass.place(each.inner()));
    duplicates(pass, columns, "duplicate-column", "the table has");
  }
  if (kind == "UpdateStmt") {
    for (Node const& each : node.items("targetList"))
      if (!each.inner()["indirection"])
        columns.emplace_back(each.inner().text("name"), pass.place(each.inner()));
    duplicates(pass, columns, "ban-duplicate-column-assignments", "the UPDATE sets");
  }
}

}  // namespace migrations
