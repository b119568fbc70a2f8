// What cannot be taken back, and DROP that stops where an object is missing.

#include <map>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

// "table s.t" and its kind in SQL, of one object of a DROP.
std::string object_text(Node object) {
  std::string_view const kind = object.kind();
  if (kind == "String") return std::string{object.string()};
  Node const inner = object.inner();
  std::vector<std::string> const parts = kind == "List"       ? inner.strings("items")
                                         : kind == "TypeName" ? inner.strings("names")
                                                              : inner.strings("objname");
  std::string text;
  for (std::string const& part : parts) text += (text.empty() ? "" : ".") + part;
  return text;
}

std::string_view word_of(std::string_view remove_type) {
  static std::map<std::string_view, std::string_view> const words{
      {"OBJECT_TABLE", "TABLE"},        {"OBJECT_INDEX", "INDEX"},
      {"OBJECT_VIEW", "VIEW"},          {"OBJECT_MATVIEW", "MATERIALIZED VIEW"},
      {"OBJECT_SEQUENCE", "SEQUENCE"},  {"OBJECT_SCHEMA", "SCHEMA"},
      {"OBJECT_TYPE", "TYPE"},          {"OBJECT_DOMAIN", "DOMAIN"},
      {"OBJECT_FUNCTION", "FUNCTION"},  {"OBJECT_PROCEDURE", "PROCEDURE"},
      {"OBJECT_TRIGGER", "TRIGGER"},    {"OBJECT_EXTENSION", "EXTENSION"},
      {"OBJECT_POLICY", "POLICY"},      {"OBJECT_RULE", "RULE"},
      {"OBJECT_AGGREGATE", "AGGREGATE"}};
  auto const found = words.find(remove_type);
  return found == words.end() ? "object" : found->second;
}

bool made_here(LintPass const& pass, std::string_view type, std::string const& name) {
  if (type == "OBJECT_TABLE") {
    std::size_t const dot = name.find('.');
    ObjectName const table = dot == std::string::npos ? ObjectName{"", name}
                                                      : ObjectName{name.substr(0, dot), name.substr(dot + 1)};
    return pass.tables_made.count(table) != 0;
  }
  return pass.others_made.count(lowered(word_of(type)) + " " + name) != 0;
}

void drop(LintPass& pass, Node node) {
  std::string_view const type = node.text("removeType");
  for (Node const& object : node.items("objects")) {
    std::string const name = object_text(object);
    if (made_here(pass, type, name)) continue;
    std::string const what = "DROP " + std::string{word_of(type)} + " " + name;
    if (type == "OBJECT_TABLE") pass.report("ban-drop-table", what + " takes its rows away for good");
    if (type == "OBJECT_SCHEMA") pass.report("ban-drop-schema", what + " takes all that is in it");
    if (!node.flag("missing_ok") && !pass.guarded)
      pass.report("drop-without-if-exists", what + " fails where it does not exist");
  }
}

}  // namespace

void lint_destruction(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  if (kind == "DropStmt") drop(pass, node);
  if (kind == "DropdbStmt")
    pass.report("ban-drop-database", "DROP DATABASE " + std::string{node.text("dbname")});
  if (kind == "AlterTableStmt" && node.text("objtype") == "OBJECT_TABLE") {
    ObjectName const table = relation_name(node["relation"]);
    for (Node const& each : node.items("cmds")) {
      std::string_view const what = each.inner().text("subtype");
      std::string const name{each.inner().text("name")};
      if (!pass.holds_rows(table)) continue;
      if (what == "AT_DropColumn")
        pass.report("ban-drop-column",
                    "DROP COLUMN " + name + " takes its values in " + table.text() + " away for good");
      if ((what == "AT_DropColumn" || what == "AT_DropConstraint") && !each.inner().flag("missing_ok") &&
          !pass.guarded)
        pass.report("drop-without-if-exists",
                    std::string{what == "AT_DropColumn" ? "DROP COLUMN " : "DROP CONSTRAINT "} + name +
                        " fails where it does not exist");
    }
  }
  if (kind == "TruncateStmt") {
    bool rows = false;
    std::string names;
    for (Node const& each : node.items("relations")) {
      ObjectName const table = relation_name(each.inner());
      rows = rows || pass.holds_rows(table);
      names += (names.empty() ? "" : ", ") + table.text();
    }
    if (node.text("behavior") == "DROP_CASCADE")
      pass.report("ban-truncate-cascade", "TRUNCATE " + names + " CASCADE empties what refers to it as well");
    else if (rows)
      pass.report("truncate-table", "TRUNCATE " + names + " takes all rows away for good");
  }
  if ((kind == "DeleteStmt" || kind == "UpdateStmt") && !node["whereClause"] && !node["usingClause"] &&
      !node["fromClause"]) {
    ObjectName const table = relation_name(node["relation"]);
    if (!pass.holds_rows(table)) return;
    if (kind == "DeleteStmt")
      pass.report("delete-without-where", "DELETE FROM " + table.text() + " takes all rows away");
    else
      pass.report("update-without-where", "UPDATE " + table.text() + " writes every row anew");
  }
}

}  // namespace migrations
