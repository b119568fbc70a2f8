#include "fleet/statement_tree.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "fleet/statement_functions.hpp"

// Node and field names are those of PostgreSQL's src/include/nodes/parsenodes.h; fields that are zero, false
// or null are left out of the JSON. A field of a fixed node type holds the node's fields without its name.

namespace fleet {
namespace {

using Json = nlohmann::json;

struct Cause {
  StatementEffect effect = StatementEffect::read;
  std::string verb;
};

// The verb of the first of the strongest causes stays.
void strengthen(Cause& cause, StatementEffect effect, std::string verb) {
  if (effect <= cause.effect && !cause.verb.empty()) return;
  cause = {effect, std::move(verb)};
}

// The field, or null; never a copy, because a tree can be as large as memory allows.
Json const& field(Json const& fields, char const* name) {
  static Json const nothing;
  if (!fields.is_object()) return nothing;
  auto const found = fields.find(name);
  return found == fields.end() ? nothing : *found;
}

bool flag(Json const& fields, char const* name) {
  auto const& value = field(fields, name);
  return value.is_boolean() && value.get<bool>();
}

std::string text(Json const& fields, char const* name) {
  auto const& value = field(fields, name);
  return value.is_string() ? value.get<std::string>() : "";
}

// "OBJECT_FOREIGN_TABLE" → "FOREIGN TABLE".
std::string object_words(std::string const& kind) {
  auto words = kind.substr(kind.rfind("OBJECT_", 0) == 0 ? 7 : 0);
  if (words == "MATVIEW") return "MATERIALIZED VIEW";
  if (words == "FDW") return "FOREIGN DATA WRAPPER";
  if (words == "TABCONSTRAINT" || words == "DOMCONSTRAINT") return "CONSTRAINT";
  if (words.rfind("TS", 0) == 0) return "TEXT SEARCH " + words.substr(2);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// "CreateExtensionStmt" → "CREATE EXTENSION".
std::string node_words(std::string name) {
  if (name.size() > 4 && name.compare(name.size() - 4, 4, "Stmt") == 0) name.resize(name.size() - 4);
  std::string words;
  for (auto letter : name) {
    if (std::isupper(static_cast<unsigned char>(letter)) && !words.empty()) words += ' ';
    words += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return words;
}

// A boolean option as PostgreSQL's defGetBoolean reads it; an option without a value is on.
bool option(Json const& fields, char const* list, std::string_view name, bool otherwise) {
  for (auto const& item : field(fields, list)) {
    auto const& element = field(item, "DefElem");
    if (text(element, "defname") != name) continue;
    auto const& argument = field(element, "arg");
    if (argument.contains("Integer")) {
      otherwise = field(field(argument, "Integer"), "ival").is_number();
    } else if (argument.contains("Boolean")) {
      otherwise = flag(field(argument, "Boolean"), "boolval");
    } else if (argument.contains("String")) {
      auto value = text(field(argument, "String"), "sval");
      std::transform(value.begin(), value.end(), value.begin(),
                     [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
      otherwise = value != "false" && value != "off";
    } else {
      otherwise = true;
    }
  }
  return otherwise;
}

bool has_option(Json const& fields, char const* list, std::string_view name) {
  for (auto const& item : field(fields, list))
    if (text(field(item, "DefElem"), "defname") == name) return true;
  return false;
}

// Adds one call: `name` is the node's list of String nodes, schema first.
void add_call(Json const& name, std::string const& caller, Cause& cause, StatementFacts& facts) {
  std::string written, last, schema;
  for (auto const& part : name) {
    schema = std::exchange(last, text(field(part, "String"), "sval"));
    written += (written.empty() ? "" : ".") + last;
  }
  auto const effect =
      schema.empty() || schema == "pg_catalog" ? effect_of_function(last) : StatementEffect::write;
  if (effect == StatementEffect::read) return;
  if (std::find(facts.functions.begin(), facts.functions.end(), written) == facts.functions.end())
    facts.functions.push_back(written);
  strengthen(cause, effect, caller + " calling " + written + "()");
}

// (5).lo_create, x.nextval: PostgreSQL calls a function of one argument that is written like a column.
void add_attribute(Json const& parts, std::string const& caller, Cause& cause, StatementFacts& facts) {
  for (auto const& part : parts) {
    auto const name = text(field(part, "String"), "sval");
    if (effect_of_attribute(name) != StatementEffect::read)
      add_call(Json::array({part}), caller, cause, facts);
  }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> row_writers{{
    {"InsertStmt", "INSERT"},
    {"UpdateStmt", "UPDATE"},
    {"DeleteStmt", "DELETE"},
    {"MergeStmt", "MERGE"},
}};

std::string lock_verb(std::string const& strength) {
  if (strength == "LCS_FORKEYSHARE") return "SELECT FOR KEY SHARE";
  if (strength == "LCS_FORSHARE") return "SELECT FOR SHARE";
  if (strength == "LCS_FORNOKEYUPDATE") return "SELECT FOR NO KEY UPDATE";
  return "SELECT FOR UPDATE";
}

// Everything below a query: calls, data-modifying CTEs, SELECT INTO, row locks. Not recursive, because the
// tree is as deep as the text is long ("1+1+1+…").
void add_query(Json const& root, std::string const& caller, Cause& cause, StatementFacts& facts) {
  std::vector<std::pair<int, Json const*>> calls;  // by place in the text
  std::vector<Json const*> open{&root};
  while (!open.empty()) {
    auto const& node = *open.back();
    open.pop_back();
    if (auto const& name = field(node, "funcname"); name.is_array())
      calls.emplace_back(node.value("location", 0), &name);
    if (node.is_object()) {
      add_attribute(field(field(node, "A_Indirection"), "indirection"), caller, cause, facts);
      if (auto const& fields = field(field(node, "ColumnRef"), "fields"); fields.size() > 1)
        add_attribute(Json::array({fields.back()}), caller, cause, facts);
      if (node.contains("intoClause")) strengthen(cause, StatementEffect::write, "SELECT INTO");
      if (auto const& lock = field(node, "LockingClause"); !lock.is_null())
        strengthen(cause, StatementEffect::write, lock_verb(text(lock, "strength")));
      for (auto const& [writer, verb] : row_writers)
        if (node.contains(writer)) strengthen(cause, StatementEffect::write, std::string(verb));
    }
    for (auto const& child : node)
      if (child.is_structured()) open.push_back(&child);
  }
  std::sort(calls.begin(), calls.end());
  for (auto const& call : calls) add_call(*call.second, caller, cause, facts);
}

void add_select(Json const& fields, Cause& cause, StatementFacts& facts) {
  std::string const verb = fields.contains("valuesLists") ? "VALUES" : "SELECT";
  strengthen(cause, StatementEffect::read, verb);
  add_query(fields, verb, cause, facts);
}

void examine(std::string const& name, Json const& fields, Cause& cause, StatementFacts& facts);

void examine_inner(Json const& node, Cause& cause, StatementFacts& facts) {
  for (auto const& [name, fields] : node.items()) examine(name, fields, cause, facts);
}

void add_copy(Json const& fields, Cause& cause, StatementFacts& facts) {
  auto const from = flag(fields, "is_from");
  if (flag(fields, "is_program"))
    return strengthen(cause, StatementEffect::outside, from ? "COPY FROM PROGRAM" : "COPY TO PROGRAM");
  if (from) return strengthen(cause, StatementEffect::write, "COPY FROM");
  if (fields.contains("filename"))
    return strengthen(cause, StatementEffect::outside, "COPY TO a server file");
  strengthen(cause, StatementEffect::read, "COPY TO STDOUT");
  examine_inner(field(fields, "query"), cause, facts);
}

void add_transaction(Json const& fields, Cause& cause, StatementFacts& facts) {
  auto const kind = text(fields, "kind");
  auto words = kind.substr(kind.rfind("TRANS_STMT_", 0) == 0 ? 11 : 0);
  std::replace(words.begin(), words.end(), '_', ' ');
  if (words == "PREPARE") words = "PREPARE TRANSACTION";
  auto const prepared = words.find("PREPARE") != std::string::npos;
  facts.transaction_control =
      facts.transaction_control || !(words == "SAVEPOINT" || words == "RELEASE" || words == "ROLLBACK TO");
  if (words == "COMMIT PREPARED" || words == "ROLLBACK PREPARED") facts.transaction_forbidden = true;
  strengthen(cause, prepared ? StatementEffect::outside : StatementEffect::session, words);
}

// What PostgreSQL keeps out of a transaction block (PreventInTransactionBlock in its source), where that
// depends on the statement's options. Returns the verb, "" when a transaction takes it.
std::string forbidden_verb(std::string const& name, Json const& fields) {
  if (name == "VacuumStmt") return flag(fields, "is_vacuumcmd") ? "VACUUM" : "";
  if (name == "IndexStmt") return flag(fields, "concurrent") ? "CREATE INDEX CONCURRENTLY" : "";
  if (name == "DropStmt") return flag(fields, "concurrent") ? "DROP INDEX CONCURRENTLY" : "";
  if (name == "ClusterStmt") return fields.contains("relation") ? "" : "CLUSTER";
  if (name == "AlterDatabaseStmt")
    return has_option(fields, "options", "tablespace") ? "ALTER DATABASE SET TABLESPACE" : "";
  if (name == "ReindexStmt") {
    if (option(fields, "params", "concurrently", false)) return "REINDEX CONCURRENTLY";
    auto const kind = text(fields, "kind");
    for (auto const* whole : {"SCHEMA", "SYSTEM", "DATABASE"})
      if (kind == std::string("REINDEX_OBJECT_") + whole) return std::string("REINDEX ") + whole;
    return "";
  }
  if (name == "AlterTableStmt") {
    for (auto const& item : field(fields, "cmds")) {
      auto const& command = field(item, "AlterTableCmd");
      auto const& partition = field(field(command, "def"), "PartitionCmd");
      if (text(command, "subtype") == "AT_DetachPartition" && flag(partition, "concurrent"))
        return "ALTER TABLE DETACH PARTITION CONCURRENTLY";
    }
    return "";
  }
  if (name == "CreateSubscriptionStmt") {
    auto const connect = option(fields, "options", "connect", true);
    return option(fields, "options", "create_slot", connect) ? "CREATE SUBSCRIPTION" : "";
  }
  if (name == "AlterSubscriptionStmt") {
    auto const kind = text(fields, "kind");
    auto const refreshes =
        kind == "ALTER_SUBSCRIPTION_REFRESH" ||
        (kind.find("PUBLICATION") != std::string::npos && option(fields, "options", "refresh", true));
    return refreshes ? "ALTER SUBSCRIPTION" : "";
  }
  return "";
}

struct Row {
  std::string_view node;
  StatementEffect effect;
  std::string_view verb;
  bool transaction_forbidden = false;
};

// Statements whose effect does not depend on their fields. Every other node is a write.
constexpr Row rows[] = {
    {"CreatedbStmt", StatementEffect::outside, "CREATE DATABASE", true},
    {"DropdbStmt", StatementEffect::outside, "DROP DATABASE", true},
    {"CreateTableSpaceStmt", StatementEffect::outside, "CREATE TABLESPACE", true},
    {"DropTableSpaceStmt", StatementEffect::outside, "DROP TABLESPACE", true},
    {"AlterSystemStmt", StatementEffect::outside, "ALTER SYSTEM", true},
    {"DropSubscriptionStmt", StatementEffect::outside, "DROP SUBSCRIPTION", true},
    {"CheckPointStmt", StatementEffect::outside, "CHECKPOINT"},
    {"VariableShowStmt", StatementEffect::read, "SHOW"},
    {"ConstraintsSetStmt", StatementEffect::session, "SET CONSTRAINTS"},
    {"ListenStmt", StatementEffect::session, "LISTEN"},
    {"UnlistenStmt", StatementEffect::session, "UNLISTEN"},
    {"LoadStmt", StatementEffect::session, "LOAD"},
    {"PrepareStmt", StatementEffect::session, "PREPARE"},
    {"DeallocateStmt", StatementEffect::session, "DEALLOCATE"},
    {"ClosePortalStmt", StatementEffect::session, "CLOSE"},
    {"CreateStmt", StatementEffect::write, "CREATE TABLE"},
    {"ViewStmt", StatementEffect::write, "CREATE VIEW"},
    {"IndexStmt", StatementEffect::write, "CREATE INDEX"},
    {"CreateSeqStmt", StatementEffect::write, "CREATE SEQUENCE"},
    {"AlterSeqStmt", StatementEffect::write, "ALTER SEQUENCE"},
    {"CreateTrigStmt", StatementEffect::write, "CREATE TRIGGER"},
    {"CreateEventTrigStmt", StatementEffect::write, "CREATE EVENT TRIGGER"},
    {"AlterEventTrigStmt", StatementEffect::write, "ALTER EVENT TRIGGER"},
    {"CompositeTypeStmt", StatementEffect::write, "CREATE TYPE"},
    {"CreateEnumStmt", StatementEffect::write, "CREATE TYPE"},
    {"CreateRangeStmt", StatementEffect::write, "CREATE TYPE"},
    {"AlterEnumStmt", StatementEffect::write, "ALTER TYPE"},
    {"RuleStmt", StatementEffect::write, "CREATE RULE"},
    {"CreatePLangStmt", StatementEffect::write, "CREATE LANGUAGE"},
    {"CreateFdwStmt", StatementEffect::write, "CREATE FOREIGN DATA WRAPPER"},
    {"AlterFdwStmt", StatementEffect::write, "ALTER FOREIGN DATA WRAPPER"},
    {"CreateForeignServerStmt", StatementEffect::write, "CREATE SERVER"},
    {"AlterForeignServerStmt", StatementEffect::write, "ALTER SERVER"},
    {"CreateStatsStmt", StatementEffect::write, "CREATE STATISTICS"},
    {"AlterStatsStmt", StatementEffect::write, "ALTER STATISTICS"},
    {"CreateOpClassStmt", StatementEffect::write, "CREATE OPERATOR CLASS"},
    {"CreateOpFamilyStmt", StatementEffect::write, "CREATE OPERATOR FAMILY"},
    {"AlterOpFamilyStmt", StatementEffect::write, "ALTER OPERATOR FAMILY"},
    {"CreateAmStmt", StatementEffect::write, "CREATE ACCESS METHOD"},
    {"AlterDatabaseSetStmt", StatementEffect::write, "ALTER DATABASE"},
    {"AlterDatabaseRefreshCollStmt", StatementEffect::write, "ALTER DATABASE"},
    {"AlterRoleSetStmt", StatementEffect::write, "ALTER ROLE"},
    {"AlterExtensionContentsStmt", StatementEffect::write, "ALTER EXTENSION"},
    {"AlterTableSpaceOptionsStmt", StatementEffect::write, "ALTER TABLESPACE"},
    {"AlterTableMoveAllStmt", StatementEffect::write, "ALTER TABLE ALL IN TABLESPACE"},
    {"RefreshMatViewStmt", StatementEffect::write, "REFRESH MATERIALIZED VIEW"},
    {"SecLabelStmt", StatementEffect::write, "SECURITY LABEL"},
    {"VacuumStmt", StatementEffect::write, "ANALYZE"},
};

// The verb of a write that is in no table: from the node's name and the kind of object it names.
std::string write_verb(std::string const& name, Json const& fields) {
  if (name == "DropStmt") return "DROP " + object_words(text(fields, "removeType"));
  if (name == "AlterTableStmt") return "ALTER " + object_words(text(fields, "objtype"));
  if (name == "RenameStmt") {
    auto const kind = object_words(text(fields, "renameType"));
    auto const part = kind == "COLUMN" || kind == "CONSTRAINT" || kind == "ATTRIBUTE";
    return "ALTER " + (part ? object_words(text(fields, "relationType")) : kind) + " RENAME";
  }
  if (name == "AlterObjectSchemaStmt")
    return "ALTER " + object_words(text(fields, "objectType")) + " SET SCHEMA";
  if (name == "AlterOwnerStmt") return "ALTER " + object_words(text(fields, "objectType")) + " OWNER";
  if (name == "DefineStmt") return "CREATE " + object_words(text(fields, "kind"));
  if (name == "CreateFunctionStmt")
    return flag(fields, "is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  if (name == "GrantStmt" || name == "GrantRoleStmt") return flag(fields, "is_grant") ? "GRANT" : "REVOKE";
  return node_words(name);
}

void examine(std::string const& name, Json const& fields, Cause& cause, StatementFacts& facts) {
  if (name == "SelectStmt") return add_select(fields, cause, facts);
  if (name == "ExplainStmt") {
    strengthen(cause, StatementEffect::read, "EXPLAIN");
    if (option(fields, "options", "analyze", false)) examine_inner(field(fields, "query"), cause, facts);
    return;
  }
  if (name == "CopyStmt") return add_copy(fields, cause, facts);
  if (name == "TransactionStmt") return add_transaction(fields, cause, facts);
  if (name == "DeclareCursorStmt") {  // FETCH runs the query later; what it writes is said here
    strengthen(cause, StatementEffect::session, "DECLARE");
    return examine_inner(field(fields, "query"), cause, facts);
  }
  if (name == "FetchStmt")
    return strengthen(cause, StatementEffect::session, flag(fields, "ismove") ? "MOVE" : "FETCH");
  if (name == "VariableSetStmt") {
    auto const reset = text(fields, "kind").rfind("VAR_RESET", 0) == 0;
    return strengthen(cause, StatementEffect::session, reset ? "RESET" : "SET");
  }
  if (name == "DiscardStmt") {
    if (text(fields, "target") == "DISCARD_ALL") facts.transaction_forbidden = true;
    return strengthen(cause, StatementEffect::session, "DISCARD");
  }
  if (auto verb = forbidden_verb(name, fields); !verb.empty()) {
    facts.transaction_forbidden = true;
    return strengthen(cause, StatementEffect::outside, std::move(verb));
  }
  for (auto const& row : rows) {
    if (row.node != name) continue;
    facts.transaction_forbidden = facts.transaction_forbidden || row.transaction_forbidden;
    return strengthen(cause, row.effect, std::string(row.verb));
  }
  auto verb = name == "CreateTableAsStmt" && text(fields, "objtype") == "OBJECT_MATVIEW"
                  ? std::string("CREATE MATERIALIZED VIEW")
              : name == "CreateTableAsStmt"
                  ? std::string(flag(fields, "is_select_into") ? "SELECT INTO" : "CREATE TABLE AS")
                  : write_verb(name, fields);
  strengthen(cause, StatementEffect::write, verb);
  // These run what they hold; a function's or view's body only waits.
  constexpr std::array<std::string_view, 7> running{
      "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CallStmt", "CreateTableAsStmt", "ExecuteStmt"};
  if (std::find(running.begin(), running.end(), name) != running.end()) add_query(fields, verb, cause, facts);
}

// What takes databases, schemas, tables or columns of data away, also in a WITH or behind EXPLAIN ANALYZE. A
// loop, because the tree is as deep as the text is long.
std::string destruction(Json const& root) {
  std::vector<Json const*> open{&root};
  while (!open.empty()) {
    auto const& node = *open.back();
    open.pop_back();
    if (node.is_object()) {
      if (node.contains("DropdbStmt")) return "DROP DATABASE";
      if (node.contains("TruncateStmt")) return "TRUNCATE";
      if (auto const kind = text(field(node, "DropStmt"), "removeType"); kind == "OBJECT_SCHEMA")
        return "DROP SCHEMA";
      else if (kind == "OBJECT_TABLE")
        return "DROP TABLE";
      if (text(field(node, "AlterTableCmd"), "subtype") == "AT_DropColumn") return "DROP COLUMN";
      if (node.contains("DropOwnedStmt")) return "DROP OWNED";
      if (auto const& removal = field(node, "DeleteStmt");
          !removal.is_null() && !removal.contains("whereClause"))
        return "DELETE without WHERE";
    }
    for (auto const& child : node)
      if (child.is_structured()) open.push_back(&child);
  }
  return "";
}

}  // namespace

void add_statement(Json const& node, StatementFacts& facts) {
  Cause cause;
  examine_inner(node, cause, facts);
  if (facts.destroys.empty() && cause.effect >= StatementEffect::write) facts.destroys = destruction(node);
  ++facts.statements;
  if (facts.verb.empty() || cause.effect > facts.effect) {
    facts.effect = cause.effect;
    facts.verb = std::move(cause.verb);
  }
}

}  // namespace fleet
