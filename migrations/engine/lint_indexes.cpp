// Indexes: what blocks their table while they are built or dropped.

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

constexpr std::string_view in_transaction = "ban-concurrent-index-creation-in-transaction";

void concurrently(LintPass& pass, std::string const& what) {
  if (pass.one_transaction())
    pass.report(in_transaction, what + " CONCURRENTLY cannot run in this file's transaction");
}

void create_index(LintPass& pass, Node node) {
  ObjectName const table = relation_name(node["relation"]);
  std::string const name{node.text("idxname")};
  std::string const what = "CREATE INDEX" + (name.empty() ? "" : " " + name);
  bool const concurrent = node.flag("concurrent");
  if (concurrent) {
    concurrently(pass, "CREATE INDEX");
    if (node.flag("if_not_exists"))
      pass.report("concurrent-index-if-not-exists",
                  what + " IF NOT EXISTS keeps an INVALID index that a failed build left");
    if (pass.file.schema_placed)
      pass.report("concurrent-index-waits-for-other-tenants",
                  what + " CONCURRENTLY waits for the transactions of all tenants in this database");
  } else if (pass.holds_rows(table)) {
    pass.report("require-concurrent-index-creation",
                what + " lets nobody write to " + table.text() + " until it is built");
    if (auto const held = pass.exclusive.find(table); held != pass.exclusive.end() && pass.one_transaction())
      pass.report("long-work-under-exclusive-lock",
                  what + " is built while " + table.text() + " is closed to readers by an earlier statement");
  }
  auto const columns = node.items("indexParams").size();
  if (columns > 3 && !node.flag("unique"))
    pass.report("index-with-many-columns", what + " has " + std::to_string(columns) + " columns");
}

}  // namespace

void lint_indexes(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  if (kind == "IndexStmt") create_index(pass, node);
  if (kind == "DropStmt" && node.text("removeType") == "OBJECT_INDEX") {
    if (node.flag("concurrent")) {
      concurrently(pass, "DROP INDEX");
    } else {
      for (Node const& object : node.items("objects")) {
        ObjectName const index = object_name(object.inner().strings("items"));
        if (pass.others_made.count("index " + index.text()) == 0)
          pass.report("require-concurrent-index-deletion",
                      "DROP INDEX " + index.text() + " closes its table to readers until the commit");
      }
    }
  }
  if (kind == "ReindexStmt") {
    bool concurrent = false;
    for (Node const& each : node.items("params"))
      concurrent = concurrent || each.inner().text("defname") == "concurrently";
    std::string const what =
        "REINDEX" + (node["relation"] ? " " + relation_name(node["relation"]).text() : "");
    if (concurrent)
      concurrently(pass, "REINDEX");
    else
      pass.report("require-concurrent-reindex", what + " blocks writes until the index is built anew");
  }
  if (kind == "RefreshMatViewStmt" && !node.flag("concurrent") && !node.flag("skipData") &&
      pass.holds_rows(relation_name(node["relation"])))
    pass.report("require-concurrent-refresh", "REFRESH MATERIALIZED VIEW " +
                                                  relation_name(node["relation"]).text() +
                                                  " closes the view to readers until it is filled");
  if (kind == "AlterTableStmt") {
    ObjectName const table = relation_name(node["relation"]);
    for (Node const& each : node.items("cmds")) {
      if (each.inner().text("subtype") != "AT_DetachPartition") continue;
      if (each.inner()["def"].inner().flag("concurrent"))
        concurrently(pass, "DETACH PARTITION");
      else if (pass.holds_rows(table))
        pass.report("require-concurrent-partition-detach",
                    "DETACH PARTITION closes " + table.text() + " to readers until the commit");
    }
  }
}

}  // namespace migrations
