// Up and down of a file, compared.

#include <algorithm>
#include <set>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

using Kind = SchemaEvent::Kind;

// What a down part takes away: "table s.t", "column s.t.c", "index s.i", …
struct Removals {
  std::set<std::string> names;
  bool everything = false;  // DROP SCHEMA … CASCADE, DROP OWNED
  bool empty = true;

  bool has(std::string const& name) const { return everything || names.count(name) != 0; }
};

std::string joined(std::vector<std::string> const& parts) {
  std::string text;
  for (std::string const& part : parts) text += (text.empty() ? "" : ".") + part;
  return text;
}

void note_removal(LintPass const& down, Removals& removals) {
  Node const node = down.node();
  removals.empty = false;
  if (down.kind() == "DropStmt") {
    std::string const type = lowered(node.text("removeType").substr(7));
    for (Node const& object : node.items("objects")) {
      Node const inner = object.inner();
      std::string const name = object.kind() == "String"     ? std::string{object.string()}
                               : object.kind() == "List"     ? joined(inner.strings("items"))
                               : object.kind() == "TypeName" ? joined(inner.strings("names"))
                                                             : joined(inner.strings("objname"));
      removals.names.insert((type == "matview" ? "view" : type == "domain" ? "type" : type) + " " + name);
      if (type == "schema" && node.text("behavior") == "DROP_CASCADE") removals.everything = true;
    }
  }
  if (down.kind() == "DropOwnedStmt") removals.everything = true;
  if (down.kind() == "AlterTableStmt") {
    std::string const table = relation_name(node["relation"]).text();
    for (Node const& each : node.items("cmds")) {
      std::string const name{each.inner().text("name")};
      std::string_view const what = each.inner().text("subtype");
      if (what == "AT_DropColumn") removals.names.insert("column " + table + "." + name);
      if (what == "AT_DropConstraint") removals.names.insert("constraint " + table + "." + name);
    }
  }
}

class Comparison {
 public:
  Comparison(LintPass& up, LintPass const& down, Removals const& removals)
      : up_(up), down_(down), removals_(removals) {
    for (SchemaEvent const& event : up.events)
      if (event.kind == Kind::create_table && event.type != "temporary") made_.insert(event.table);
    for (SchemaEvent const& event : up.events)
      if (event.kind == Kind::drop_table && made_.count(event.table) != 0) made_.erase(event.table);
  }

  void run() {
    for (SchemaEvent const& event : up_.events) check(event);
    for (std::string const& other : up_.others_made) {
      if (other.rfind("index ", 0) == 0) continue;  // by its event, which knows the table
      if (other.rfind("trigger ", 0) == 0) {
        std::size_t const dot = other.rfind('.');
        if (gone("table " + other.substr(8, dot - 8))) continue;
      }
      if (other.rfind("sequence ", 0) == 0 && !made_.empty()) continue;  // owned by a column, as a rule
      if (!gone(other)) left("it makes " + other + ", which the down part leaves");
    }
    for (SchemaEvent const& event : down_.events)
      if (event.kind == Kind::drop_table && !up_makes(event.table))
        more.push_back({"down-drops-more", event.offset,
                        "DROP TABLE " + event.table.text() + " drops what this file's up part did not make",
                        std::string{find_rule("down-drops-more")->fix}});
  }

  std::vector<LintPass::Found> more;

 private:
  bool gone(std::string const& name) const { return removals_.has(name); }
  bool up_makes(ObjectName const& table) const {
    if (made_.count(table) != 0) return true;
    return std::any_of(up_.events.begin(), up_.events.end(), [&](SchemaEvent const& event) {
      return event.kind == Kind::rename_table && event.other == table;
    });
  }
  bool down_has(Kind kind, ObjectName const& table, std::string const& name) const {
    return std::any_of(down_.events.begin(), down_.events.end(), [&](SchemaEvent const& event) {
      return event.kind == kind && event.table == table && (name.empty() || event.name == name);
    });
  }
  void left(std::string message, std::size_t at = 0) {
    up_.report("down-does-not-undo", at, std::move(message));
  }

  void check(SchemaEvent const& event) {
    std::string const table = event.table.text();
    bool const new_table = made_.count(event.table) != 0;
    bool const table_gone = gone("table " + table);
    switch (event.kind) {
      case Kind::create_table:
        if (new_table && !table_gone)
          left("it creates table " + table + ", which the down part leaves", event.offset);
        break;
      case Kind::add_column:
        if (!new_table && !table_gone && !gone("column " + table + "." + event.name))
          left("it adds column " + event.name + " to " + table + ", which the down part leaves",
               event.offset);
        break;
      case Kind::index: {
        if (new_table || table_gone || event.name.empty()) break;
        bool const with_column =
            std::any_of(event.columns.begin(), event.columns.end(),
                        [&](std::string const& column) { return gone("column " + table + "." + column); });
        if (!with_column && !gone("index " + ObjectName{event.table.schema, event.name}.text()))
          left("it creates index " + event.name + ", which the down part leaves", event.offset);
        break;
      }
      case Kind::foreign_key:
      case Kind::check_not_null: {
        bool const with_column =
            std::any_of(event.columns.begin(), event.columns.end(),
                        [&](std::string const& column) { return gone("column " + table + "." + column); });
        if (!new_table && !table_gone && !with_column && !event.name.empty() &&
            !gone("constraint " + table + "." + event.name))
          left("it adds constraint " + event.name + " to " + table + ", which the down part leaves",
               event.offset);
        break;
      }
      case Kind::drop_column:
        if (!new_table && !down_has(Kind::add_column, event.table, event.name) && !table_gone)
          left("it drops column " + event.name + " of " + table + ", which the down part does not bring back",
               event.offset);
        break;
      case Kind::drop_table:
        if (!down_has(Kind::create_table, event.table, "") &&
            !std::any_of(down_.events.begin(), down_.events.end(), [&](SchemaEvent const& other) {
              return other.kind == Kind::create_table && other.table == event.table;
            }))
          left("it drops table " + table + ", which the down part does not bring back", event.offset);
        break;
      case Kind::rename_table:
        if (!down_has(Kind::rename_table, event.other, "") && !table_gone)
          left("it renames " + table + " to " + event.other.text() +
                   ", and the down part does not rename it back",
               event.offset);
        break;
      case Kind::rename_column:
        if (!new_table && !down_has(Kind::rename_column, event.table, event.type))
          left("it renames column " + event.name + " of " + table +
                   ", and the down part does not rename it back",
               event.offset);
        break;
      case Kind::alter_type:
        if (!new_table && !table_gone && !down_has(Kind::alter_type, event.table, event.name))
          left("it changes the type of " + event.name + " in " + table +
                   ", and the down part does not change it back",
               event.offset);
        break;
      case Kind::key:
      case Kind::validate:
      case Kind::set_not_null: break;
    }
  }

  LintPass& up_;
  LintPass const& down_;
  Removals const& removals_;
  std::set<ObjectName> made_;
};

// A down part is there to drop: only what would not run, or reach another tenant, is wrong with it.
bool matters_in_down(std::string_view rule) {
  static std::set<std::string_view> const list{"syntax-error",
                                               "not-analysed",
                                               "tsql-residue",
                                               "psql-command",
                                               "copy-from-stdin",
                                               "drop-without-if-exists",
                                               "unqualified-tenant-object",
                                               "literal-tenant-schema",
                                               "platform-object-in-tenant-section",
                                               "tenant-object-in-platform-section",
                                               "cluster-object-in-tenant-file",
                                               "search-path-not-local",
                                               "set-not-local",
                                               "transaction-nesting",
                                               "ban-truncate-cascade",
                                               "ban-concurrent-index-creation-in-transaction",
                                               "ban-drop-database",
                                               "identifier-too-long"};
  return list.count(rule) != 0;
}

}  // namespace

void lint_down(LintPass& up, std::string const& text, std::vector<LintPass::Found>& in_down,
               std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
  LintPass down{up.file, up.settings, text};
  Removals removals;
  lint_text(down);
  parse_statements(text, [&](ParsedStatement const& statement) {
    down.statement = &statement;
    note_removal(down, removals);
    lint_statement(down);
  });
  ranges = down.ranges;
  for (LintPass::Found& found : down.found)
    if (matters_in_down(found.rule)) in_down.push_back(std::move(found));
  if (up.file.seed || up.file.baseline) return;
  Comparison comparison{up, down, removals};
  comparison.run();
  for (LintPass::Found& found : comparison.more)
    if (up.settings.applies(*find_rule(found.rule))) in_down.push_back(std::move(found));
}

}  // namespace migrations
