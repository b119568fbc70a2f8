// Locks that are held too long, and what a file's transaction allows.

#include <array>

#include "fleet/error.hpp"
#include "fleet/statement.hpp"
#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

bool has_option(Node list_owner, char const* key, std::string_view name) {
  for (Node const& each : list_owner.items(key))
    if (each.inner().text("defname") == name) return true;
  return false;
}

// Rows of a table that this file alters: written under the ALTER's lock.
void changed_rows(LintPass& pass, Node node) {
  ObjectName const table = relation_name(node["relation"]);
  bool const many = pass.kind() != "InsertStmt" ||
                    (node["selectStmt"] && node["selectStmt"].inner().items("valuesLists").empty());
  if (many && pass.one_transaction() && pass.exclusive.count(table) != 0 && pass.holds_rows(table))
    pass.report("backfill-with-schema-change",
                "rows of " + table.text() + " are written while this file's ALTER keeps the table closed");
}

void transaction(LintPass& pass, Node node) {
  std::string_view const kind = node.text("kind");
  for (auto const& [name, word] : std::array<std::pair<std::string_view, char const*>, 6>{
           {{"TRANS_STMT_BEGIN", "BEGIN"},
            {"TRANS_STMT_START", "START TRANSACTION"},
            {"TRANS_STMT_COMMIT", "COMMIT"},
            {"TRANS_STMT_ROLLBACK", "ROLLBACK"},
            {"TRANS_STMT_PREPARE", "PREPARE TRANSACTION"},
            {"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED"}}})
    if (kind == name)
      pass.report(
          "transaction-nesting",
          std::string{word} + (pass.one_transaction()
                                   ? " in a file that runs in one transaction, which tenantsh opens"
                                   : " in a no-transaction file, whose statements each commit on their own"));
}

void setting(LintPass& pass, Node node) {
  std::string const name{node.text("name")};
  bool const sets = node.text("kind") == "VAR_SET_VALUE";
  if (name == "search_path") {
    if (sets && !node.flag("is_local"))
      pass.report("search-path-not-local", "SET search_path stays in force after this file");
    return;
  }
  if (sets && !node.flag("is_local"))
    pass.report("set-not-local", "SET " + name + " stays in force after this file", "SET LOCAL " + name);
  if (sets && (name == "lock_timeout" || name == "statement_timeout")) {
    auto const values = node.items("args");
    Node const value = values.empty() ? Node{} : values[0].inner();
    bool const zero =
        (value["ival"] && value["ival"].number("ival") == 0) || value["sval"].text("sval") == "0";
    if (zero) pass.report("disabling-timeout", name + " = 0 lets a statement wait for ever");
  }
}

// What fails when the file starts again from its top.
std::string not_robust(std::string_view kind, Node node) {
  if (kind == "CreateStmt" && !node.flag("if_not_exists")) return "CREATE TABLE without IF NOT EXISTS";
  if (kind == "IndexStmt" && !node.flag("if_not_exists") && !node.flag("concurrent"))
    return "CREATE INDEX without IF NOT EXISTS";
  if (kind == "CreateSeqStmt" && !node.flag("if_not_exists")) return "CREATE SEQUENCE without IF NOT EXISTS";
  if (kind == "CreateSchemaStmt" && !node.flag("if_not_exists")) return "CREATE SCHEMA without IF NOT EXISTS";
  if ((kind == "CreateFunctionStmt" || kind == "ViewStmt") && !node.flag("replace"))
    return "CREATE without OR REPLACE";
  if (kind == "CreateEnumStmt" || kind == "CompositeTypeStmt" || kind == "CreateDomainStmt")
    return "CREATE TYPE knows no IF NOT EXISTS";
  if (kind == "AlterEnumStmt" && node.text("oldVal").empty() && !node.flag("skipIfNewValExists"))
    return "ADD VALUE without IF NOT EXISTS";
  if (kind == "AlterTableStmt")
    for (Node const& each : node.items("cmds")) {
      Node const command = each.inner();
      std::string_view const what = command.text("subtype");
      if (what == "AT_AddColumn" && !command.flag("missing_ok")) return "ADD COLUMN without IF NOT EXISTS";
      if (what == "AT_AddConstraint") return "ADD CONSTRAINT knows no IF NOT EXISTS";
    }
  return {};
}

bool uses_label(Node node, std::set<std::string> const& labels) {
  bool used = false;
  node.walk([&](std::string_view kind, Node inner) {
    if (kind == "A_Const" && labels.count(std::string{inner["sval"].text("sval")}) != 0 &&
        !inner["sval"].text("sval").empty())
      used = true;
  });
  return used;
}

void trigger(LintPass& pass, Node node) {
  ObjectName const table = relation_name(node["relation"]);
  if (pass.holds_rows(table))
    pass.report("creating-trigger-on-existing-table", "CREATE TRIGGER " + std::string{node.text("trigname")} +
                                                          " waits for the writers of " + table.text());
}

// What the other rules name already is left to them.
void forbidden(LintPass& pass) {
  static std::set<std::string_view> const candidates{"VacuumStmt",
                                                     "CreatedbStmt",
                                                     "DropdbStmt",
                                                     "AlterSystemStmt",
                                                     "CreateTableSpaceStmt",
                                                     "DropTableSpaceStmt",
                                                     "ClusterStmt",
                                                     "AlterDatabaseStmt",
                                                     "CreateSubscriptionStmt",
                                                     "DropSubscriptionStmt",
                                                     "AlterDatabaseRefreshCollStmt"};
  if (!pass.one_transaction() || candidates.count(pass.kind()) == 0) return;
  try {
    auto const facts = fleet::examine_statement(pass.words());
    if (facts.transaction_forbidden)
      pass.report("forbidden-in-transaction", facts.verb + " cannot run inside a transaction");
  } catch (fleet::Error const&) {
    // The parser took it a moment ago; its server may still refuse it.
  }
}

}  // namespace

void lint_transactions(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  if (kind == "UpdateStmt" || kind == "DeleteStmt" || kind == "InsertStmt") changed_rows(pass, node);
  if (kind == "TransactionStmt") transaction(pass, node);
  if (kind == "VariableSetStmt") setting(pass, node);
  if (kind == "LockStmt") pass.report("lock-table", "LOCK TABLE holds its lock until the commit");
  if (kind == "VacuumStmt" && has_option(node, "options", "full"))
    pass.report("vacuum-full", "VACUUM FULL writes the table anew while it is closed");
  if (kind == "ClusterStmt")
    pass.report("cluster-table",
                "CLUSTER writes " + relation_name(node["relation"]).text() + " anew while it is closed");
  if (kind == "CreateTrigStmt") trigger(pass, node);
  if (kind == "AlterTableStmt")
    for (Node const& each : node.items("cmds"))
      if (each.inner().text("subtype").substr(0, 14) == "AT_DisableTrig")
        pass.report("disabling-trigger",
                    "triggers of " + relation_name(node["relation"]).text() + " are off for all sessions");
  if (kind == "AlterEnumStmt" && node.text("oldVal").empty() && node.text("newValNeighbor").empty())
    pass.report("require-enum-value-ordering",
                "'" + std::string{node.text("newVal")} + "' goes behind whatever labels are there");
  if (!pass.labels_added.empty() && pass.one_transaction() && kind != "AlterEnumStmt" &&
      uses_label(node, pass.labels_added))
    pass.report("enum-value-used-in-same-transaction",
                "the label that this file adds is not usable before its commit");
  if (!pass.one_transaction() && !pass.guarded)
    if (std::string const what = not_robust(kind, node); !what.empty())
      pass.report("prefer-robust-stmts", what + ", and what stands above it is not rolled back");
  forbidden(pass);
}

}  // namespace migrations
