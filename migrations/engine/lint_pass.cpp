#include "migrations/engine/lint_pass.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "migrations/engine/placeholder.hpp"

namespace migrations {

namespace {

// What parseable() wrote in the placeholder's place, back again.
std::string as_written(std::string text) {
  static std::string const stand_in = parseable(schema_placeholder);
  for (std::size_t at = 0; (at = text.find(stand_in, at)) != std::string::npos;
       at += schema_placeholder.size())
    text.replace(at, stand_in.size(), schema_placeholder);
  return text;
}

// Of a column or table constraint without its kind.
std::vector<std::string> columns_of(Node constraint, Node column) {
  auto columns = constraint.strings(constraint.text("contype") == "CONSTR_FOREIGN" ? "fk_attrs" : "keys");
  if (columns.empty() && column) columns.emplace_back(column.text("colname"));
  return columns;
}

void add_column_constraints(Node column, std::vector<MadeConstraint>& list) {
  for (Node const& each : column.items("constraints"))
    if (each.kind() == "Constraint") list.push_back({each.inner(), columns_of(each.inner(), column), column});
}

// The column of CHECK (column IS NOT NULL), "" for any other condition.
std::string checked_column(Node expression) {
  if (expression.kind() != "NullTest" || expression.inner().text("nulltesttype") != "IS_NOT_NULL") return {};
  Node const argument = expression.inner()["arg"];
  auto const fields =
      argument.kind() == "ColumnRef" ? argument.inner().strings("fields") : std::vector<std::string>{};
  return fields.empty() ? "" : fields.back();
}

class Notes {
 public:
  explicit Notes(LintPass& pass) : pass_(pass) {}

  void constraint(ObjectName const& table, MadeConstraint const& made) {
    std::string_view const type = made.node.text("contype");
    std::string const name{made.node.text("conname")};
    bool const using_index = !made.node.text("indexname").empty();
    std::size_t const at = pass_.place(made.node);
    if (type == "CONSTR_PRIMARY")
      add({.kind = SchemaEvent::Kind::key,
           .table = table,
           .offset = at,
           .columns = made.columns,
           .flag = using_index});
    if (type == "CONSTR_UNIQUE" && !using_index)
      add({.kind = SchemaEvent::Kind::index, .table = table, .offset = at, .columns = made.columns});
    if (type == "CONSTR_EXCLUSION") {
      std::vector<std::string> columns;
      for (Node const& each : made.node.items("exclusions")) {
        auto const pair = each.kind() == "List" ? each.inner().items("items") : each.items();
        if (!pair.empty()) columns.emplace_back(pair[0].inner().text("name"));
      }
      add({.kind = SchemaEvent::Kind::index, .table = table, .offset = at, .columns = columns});
    }
    if (type == "CONSTR_FOREIGN")
      add({.kind = SchemaEvent::Kind::foreign_key,
           .table = table,
           .offset = at,
           .name = name,
           .columns = made.columns,
           .other = relation_name(made.node["pktable"])});
    if (std::string const column = checked_column(made.node["raw_expr"]);
        type == "CONSTR_CHECK" && !column.empty())
      add({.kind = SchemaEvent::Kind::check_not_null,
           .table = table,
           .offset = at,
           .name = name,
           .columns = {column},
           .flag = made.node.flag("skip_validation")});
    if (made.node.flag("skip_validation")) pass_.not_valid.emplace(table, name);
  }

  void column(ObjectName const& table, Node column) {
    add({.kind = SchemaEvent::Kind::add_column,
         .table = table,
         .offset = pass_.place(column),
         .name = std::string{column.text("colname")},
         .type = type_text(column["typeName"]),
         .flag = has_constraint(column, "CONSTR_NOTNULL") || has_constraint(column, "CONSTR_PRIMARY")});
  }

  void create_table(Node node) {
    ObjectName const table = relation_name(node["relation"]);
    bool const first = pass_.tables_made.insert(table).second;
    std::string kind;
    if (node["relation"].text("relpersistence") == "t") {
      kind = "temporary";
      pass_.scratch.insert(table.name);
    }
    if (node["inhRelations"]) kind = "partition";
    if (node["ofTypename"]) kind = "typed";
    for (Node const& each : node.items("tableElts"))
      if (each.kind() == "TableLikeClause") kind = "like";
    add({.kind = SchemaEvent::Kind::create_table,
         .table = table,
         .name = node.flag("if_not_exists") || pass_.guarded || !first ? "if not exists" : "",
         .type = kind});
    for (Node const& each : node.items("tableElts"))
      if (each.kind() == "ColumnDef") column(table, each.inner());
    for (MadeConstraint const& made : constraints_of(node)) constraint(table, made);
  }

  void command(ObjectName const& table, Node command) {
    std::string_view const what = command.text("subtype");
    std::string const name{command.text("name")};
    if (what == "AT_AddColumn") column(table, command["def"].inner());
    for (MadeConstraint const& made : constraints_of(command)) constraint(table, made);
    if (what == "AT_DropColumn") add({.kind = SchemaEvent::Kind::drop_column, .table = table, .name = name});
    if (what == "AT_SetNotNull") add({.kind = SchemaEvent::Kind::set_not_null, .table = table, .name = name});
    if (what == "AT_ValidateConstraint")
      add({.kind = SchemaEvent::Kind::validate, .table = table, .name = name});
    if (what == "AT_AlterColumnType")
      add({.kind = SchemaEvent::Kind::alter_type,
           .table = table,
           .name = name,
           .type = type_text(command["def"].inner()["typeName"])});
    static std::set<std::string_view> const weak{
        "AT_ValidateConstraint", "AT_SetStatistics",    "AT_EnableTrig",      "AT_DisableTrig",
        "AT_AttachPartition",    "AT_ClusterOn",        "AT_EnableTrigAll",   "AT_DisableTrigAll",
        "AT_SetOptions",         "AT_SetRelOptions",    "AT_ResetRelOptions", "AT_DisableTrigUser",
        "AT_EnableTrigUser",     "AT_ReplaceRelOptions"};
    bool foreign = what == "AT_AddConstraint" && command["def"].inner().text("contype") == "CONSTR_FOREIGN";
    if (weak.count(what) == 0 && !foreign && pass_.holds_rows(table))
      pass_.exclusive.emplace(table, pass_.statement->begin);
  }

  void rename() {
    Node const node = pass_.node();
    ObjectName const table = relation_name(node["relation"]);
    std::string const to{node.text("newname")};
    if (node.text("renameType") == "OBJECT_TABLE") {
      add({.kind = SchemaEvent::Kind::rename_table, .table = table, .other = {table.schema, to}});
      if (pass_.tables_made.count(table) != 0) pass_.tables_made.insert({table.schema, to});
    }
    if (node.text("renameType") == "OBJECT_COLUMN" && node.text("relationType") == "OBJECT_TABLE")
      add({.kind = SchemaEvent::Kind::rename_column,
           .table = table,
           .name = std::string{node.text("subname")},
           .type = to});
    if (pass_.holds_rows(table) && !table.name.empty())
      pass_.exclusive.emplace(table, pass_.statement->begin);
  }

  void drop() {
    Node const node = pass_.node();
    if (node.text("removeType") != "OBJECT_TABLE") return;
    for (Node const& object : node.items("objects")) {
      std::vector<std::string> parts = object.inner().strings("items");
      ObjectName const table = object_name(parts);
      add({.kind = SchemaEvent::Kind::drop_table, .table = table});
      pass_.tables_made.erase(table);
    }
  }

  void index() {
    Node const node = pass_.node();
    std::vector<std::string> columns;
    for (Node const& each : node.items("indexParams")) columns.emplace_back(each.inner().text("name"));
    ObjectName const table = relation_name(node["relation"]);
    add({.kind = SchemaEvent::Kind::index,
         .table = table,
         .name = std::string{node.text("idxname")},
         .columns = std::move(columns)});
    pass_.others_made.insert("index " + ObjectName{table.schema, std::string{node.text("idxname")}}.text());
  }

 private:
  void add(SchemaEvent event) {
    if (event.offset == 0) event.offset = pass_.statement->begin;
    pass_.events.push_back(std::move(event));
  }

  LintPass& pass_;
};

}  // namespace

std::string lowered(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return lower;
}

bool has_constraint(Node column_def, std::string_view contype) {
  for (Node const& each : column_def.items("constraints"))
    if (each.inner().text("contype") == contype) return true;
  return false;
}

bool is_serial(std::string const& type) {
  return type == "serial" || type == "bigserial" || type == "smallserial" || type == "serial4" ||
         type == "serial8" || type == "serial2";
}

std::vector<MadeConstraint> constraints_of(Node node) {
  std::vector<MadeConstraint> list;
  auto const element = [&](Node each) {
    if (each.kind() == "ColumnDef") add_column_constraints(each.inner(), list);
    if (each.kind() == "Constraint") list.push_back({each.inner(), columns_of(each.inner(), {}), {}});
  };
  for (Node const& each : node.items("tableElts")) element(each);
  std::string_view const what = node.text("subtype");
  if (what == "AT_AddColumn" || what == "AT_AddConstraint") element(node["def"]);
  return list;
}

std::size_t LintPass::place(Node at) const {
  int const location = at.number("location", -1);
  if (location < 0) return statement->begin;
  std::size_t const offset = statement->base + static_cast<std::size_t>(location);
  return offset >= statement->begin && offset < statement->end ? offset : statement->begin;
}

void LintPass::report(std::string_view rule, std::size_t offset, std::string message, std::string fix) {
  Rule const* row = find_rule(rule);
  if (row->id == "tsql-residue") residues.insert(offset);
  if (!settings.applies(*row)) return;
  found.push_back({row->id, offset, as_written(std::move(message)),
                   as_written(fix.empty() ? std::string{row->fix} : fix)});
}

void note_statement(LintPass& pass) {
  Notes notes{pass};
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  ObjectName altered;
  if (kind == "CreateStmt") notes.create_table(node);
  if (kind == "CreateTableAsStmt" || kind == "SelectStmt") {
    ObjectName const table = relation_name(node[kind == "SelectStmt" ? "intoClause" : "into"]["rel"]);
    if (!table.name.empty()) {
      pass.tables_made.insert(table);
      bool const scratch =
          node[kind == "SelectStmt" ? "intoClause" : "into"]["rel"].text("relpersistence") == "t";
      if (scratch) pass.scratch.insert(table.name);
      if (!scratch && node.text("objtype") != "OBJECT_MATVIEW")
        pass.events.push_back({.kind = SchemaEvent::Kind::create_table,
                               .table = table,
                               .offset = pass.statement->begin,
                               .name = "if not exists",
                               .type = "as"});
    }
  }
  if (kind == "AlterTableStmt" && node.text("objtype") == "OBJECT_TABLE") {
    altered = relation_name(node["relation"]);
    if (pass.holds_rows(altered)) pass.altered.emplace(altered, pass.statement->begin);
    for (Node const& each : node.items("cmds")) notes.command(altered, each.inner());
  }
  if (kind == "RenameStmt") notes.rename();
  if (kind == "AlterObjectSchemaStmt" && node.text("objectType") == "OBJECT_TABLE") {
    ObjectName const table = relation_name(node["relation"]);
    pass.events.push_back({.kind = SchemaEvent::Kind::rename_table,
                           .table = table,
                           .offset = pass.statement->begin,
                           .other = {std::string{node.text("newschema")}, table.name}});
  }
  if (kind == "DropStmt") notes.drop();
  if (kind == "IndexStmt") notes.index();
  if (kind == "CreateEnumStmt" || kind == "CompositeTypeStmt" || kind == "CreateDomainStmt") {
    auto parts = node.strings(kind == "CreateDomainStmt" ? "domainname" : "typeName");
    if (kind == "CompositeTypeStmt") parts = {relation_name(node["typevar"]).text()};
    pass.others_made.insert("type " + object_name(parts).text());
  }
  if (kind == "CreateSchemaStmt") pass.others_made.insert("schema " + std::string{node.text("schemaname")});
  if (kind == "ViewStmt") pass.others_made.insert("view " + relation_name(node["view"]).text());
  if (kind == "CreateSeqStmt") pass.others_made.insert("sequence " + relation_name(node["sequence"]).text());
  if (kind == "CreateFunctionStmt")
    pass.others_made.insert("function " + object_name(node.strings("funcname")).text());
  if (kind == "CreateTrigStmt")
    pass.others_made.insert("trigger " + relation_name(node["relation"]).text() + "." +
                            std::string{node.text("trigname")});
  if (kind == "AlterEnumStmt" && node.text("oldVal").empty()) pass.labels_added.emplace(node.text("newVal"));
  if (kind == "VariableSetStmt" && node.text("name") == "search_path") pass.search_path_set = true;
  if (kind == "TransactionStmt")
    pass.open_transaction =
        node.text("kind") == "TRANS_STMT_BEGIN" || node.text("kind") == "TRANS_STMT_START"
            ? pass.statement->begin
        : node.text("kind") == "TRANS_STMT_COMMIT" || node.text("kind") == "TRANS_STMT_ROLLBACK"
            ? std::string::npos
            : pass.open_transaction;
  if (kind == "TruncateStmt")
    for (Node const& each : node.items("relations"))
      if (ObjectName const table = relation_name(each.inner()); pass.holds_rows(table))
        pass.exclusive.emplace(table, pass.statement->begin);
  if (!pass.guarded) pass.last_altered = altered;
}

void lint_statement(LintPass& pass) {
  if (!pass.guarded) pass.ranges.emplace_back(pass.statement->begin, pass.statement->end);
  if (pass.kind().empty()) {
    lint_unparsed(pass);
    return;
  }
  if (!pass.guarded) ++pass.analysed;
  lint_indexes(pass);
  lint_constraints(pass);
  lint_columns(pass);
  lint_destruction(pass);
  lint_transactions(pass);
  lint_types(pass);
  lint_names(pass);
  lint_tenancy(pass);
  lint_seeds(pass);
  note_statement(pass);
  if (pass.kind() == "DoStmt") lint_body(pass);
}

}  // namespace migrations
