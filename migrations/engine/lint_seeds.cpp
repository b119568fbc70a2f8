// Seeds run again at will; a baseline creates only; permissions have two parts.

#include <algorithm>
#include <cctype>

#include "fleet/selection.hpp"
#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

bool is_one_of(std::vector<std::string> const& globs, std::string const& name) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](std::string const& glob) { return fleet::matches_glob(glob, lowered(name)); });
}

// The first expression below that differs from run to run: a function's name, "" when there is none.
std::string volatile_value(Node node) {
  static std::set<std::string> const functions{"now",
                                               "random",
                                               "gen_random_uuid",
                                               "uuid_generate_v4",
                                               "uuid_generate_v1",
                                               "clock_timestamp",
                                               "nextval",
                                               "timeofday",
                                               "statement_timestamp",
                                               "transaction_timestamp",
                                               "txid_current",
                                               "pg_current_xact_id"};
  std::string name;
  node.walk([&](std::string_view kind, Node inner) {
    if (kind == "FuncCall") {
      auto const parts = inner.strings("funcname");
      if (!parts.empty() && functions.count(parts.back()) != 0) name = parts.back() + "()";
    }
    if (kind == "SQLValueFunction") {
      std::string_view const which = inner.text("op");
      if (which.find("CURRENT_DATE") != which.npos || which.find("TIME") != which.npos)
        name = "the current time";
    }
  });
  return name;
}

void seed(LintPass& pass, Node node) {
  static std::set<std::string_view> const schema_changes{
      "CreateStmt",         "AlterTableStmt", "IndexStmt",     "DropStmt",
      "RenameStmt",         "CreateEnumStmt", "ViewStmt",      "CreateSchemaStmt",
      "CreateFunctionStmt", "CreateTrigStmt", "CreateSeqStmt", "AlterEnumStmt"};
  std::string_view const kind = pass.kind();
  if (schema_changes.count(kind) != 0 && node["relation"].text("relpersistence") != "t")
    pass.report("seed-with-schema-change", "a seed changes the structure");
  if (kind != "InsertStmt" && kind != "UpdateStmt") return;
  ObjectName const table = relation_name(node["relation"]);
  if (pass.tables_made.count(table) != 0) return;  // its own scratch table
  if (std::string const value = volatile_value(node); !value.empty())
    pass.report("seed-with-volatile-value", value + " gives another value in each run");
  if (kind != "InsertStmt") return;
  Node const conflict = node["onConflictClause"];
  // INSERT … SELECT … WHERE NOT EXISTS, and SELECT … EXCEPT, say themselves what is new.
  bool decides = false;
  Node const select = node["selectStmt"].inner();
  decides = select["whereClause"] || select.text("op") == "SETOP_EXCEPT";
  if (!conflict && !decides)
    pass.report("seed-without-on-conflict", "a second run fails or doubles the rows of " + table.text());
  if (conflict && conflict.text("action") == "ONCONFLICT_NOTHING" && !conflict["infer"])
    pass.report("seed-without-natural-key",
                "no key says which rows of " + table.text() + " are there already");
}

bool is_permission(std::string const& name) {
  std::size_t const dot = name.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) {
                       auto const byte = static_cast<unsigned char>(c);
                       return std::isupper(byte) != 0 || std::isdigit(byte) != 0 || c == '_' || c == '.';
                     }) &&
         name.find('.', dot + 1) == std::string::npos;
}

void permissions(LintPass& pass, Node node) {
  ObjectName const table = relation_name(node["relation"]);
  if (!is_one_of(pass.settings.permission_tables, table.name)) return;
  auto const columns = node.items("cols");
  auto const& known = pass.settings.permission_columns;
  // The first of the known names that the table's list has: `code` before `name`.
  std::size_t which = columns.size();
  for (std::string const& name : known)
    for (std::size_t i = 0; i < columns.size() && which == columns.size(); ++i)
      if (lowered(columns[i].inner().text("name")) == lowered(name)) which = i;
  if (which == columns.size()) return;
  for (Node const& list : node["selectStmt"].inner().items("valuesLists")) {
    auto const values = list.inner().items("items");
    if (which >= values.size() || values[which].kind() != "A_Const") continue;
    std::string const name{values[which].inner()["sval"].text("sval")};
    auto const& legacy = pass.settings.legacy_permissions;
    if (!name.empty() && !is_permission(name) &&
        std::find(legacy.begin(), legacy.end(), name) == legacy.end())
      pass.report("permission-name", pass.place(values[which].inner()),
                  "permission " + name + " is not of the form ENTITY.ACTION");
  }
}

// ALTER TABLE that finishes what CREATE began, as pg_dump writes it: keys and foreign keys after all tables,
// identity, defaults from a sequence, partitions, row security.
bool finishes_create(Node const& node) {
  static std::set<std::string_view> const finishing{
      "AT_AddConstraint",     "AT_AddIdentity",       "AT_ColumnDefault",   "AT_AttachPartition",
      "AT_EnableRowSecurity", "AT_ForceRowSecurity",  "AT_ReplicaIdentity", "AT_ClusterOn",
      "AT_SetStatistics",     "AT_SetStorage",        "AT_SetOptions",      "AT_SetRelOptions",
      "AT_DisableTrig",       "AT_EnableReplicaTrig", "AT_ChangeOwner",     "AT_SetCompression",
      "AT_EnableAlwaysTrig"};
  auto const commands = node.items("cmds");
  return std::all_of(commands.begin(), commands.end(),
                     [&](Node const& each) { return finishing.count(each.inner().text("subtype")) != 0; });
}

void baseline(LintPass& pass) {
  static std::set<std::string_view> const creating{"CreateStmt",
                                                   "IndexStmt",
                                                   "CreateSchemaStmt",
                                                   "CreateSeqStmt",
                                                   "ViewStmt",
                                                   "CreateEnumStmt",
                                                   "CreateDomainStmt",
                                                   "CreateFunctionStmt",
                                                   "CreateTrigStmt",
                                                   "CommentStmt",
                                                   "GrantStmt",
                                                   "CompositeTypeStmt",
                                                   "CreateExtensionStmt",
                                                   "CreatePolicyStmt",
                                                   "AlterOwnerStmt",
                                                   "VariableSetStmt",
                                                   "AlterSeqStmt",
                                                   "AlterDefaultPrivilegesStmt",
                                                   "CreateTableAsStmt",
                                                   "CreateRangeStmt",
                                                   "DefineStmt",
                                                   "RuleStmt",
                                                   "CreateStatsStmt",
                                                   "InsertStmt",
                                                   "SelectStmt",
                                                   "RefreshMatViewStmt",
                                                   "AlterEventTrigStmt",
                                                   "CreateEventTrigStmt"};
  if (creating.count(pass.kind()) != 0) return;
  if (pass.kind() == "AlterTableStmt" && finishes_create(pass.node())) return;
  std::string const words{pass.words().substr(0, pass.words().find_first_of(" \n\t("))};
  pass.report("baseline-only-creates", words + " in a baseline");
}

}  // namespace

void lint_seeds(LintPass& pass) {
  Node const node = pass.node();
  if (pass.file.seed) seed(pass, node);
  if (pass.file.baseline) baseline(pass);
  if (pass.kind() == "InsertStmt") permissions(pass, node);
}

}  // namespace migrations
