#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/lint.hpp"
#include "migrations/engine/lint_tree.hpp"

namespace migrations {

// What a statement does to the structure, for the rules that look at more than one statement or file.
struct SchemaEvent {
  enum class Kind {
    create_table,    // name: persistence; flag: IF NOT EXISTS
    drop_table,      //
    rename_table,    // other: the new name
    add_column,      // name, type; flag: NOT NULL
    drop_column,     // name
    rename_column,   // name, type: the new name
    alter_type,      // name, type
    key,             // columns: primary key; flag: it uses an index
    index,           // columns: of an index or a unique constraint; name: of the index
    foreign_key,     // columns, other: the parent; name: of the constraint, may be empty
    check_not_null,  // name: of the constraint, columns: {the column}; flag: NOT VALID
    validate,        // name: of the constraint
    set_not_null,    // name
  };
  Kind kind;
  ObjectName table;
  std::size_t offset = 0;
  std::string name = {};
  std::string type = {};
  std::vector<std::string> columns = {};
  ObjectName other = {};
  bool flag = false;
};

// One file being read, statement by statement. Rules report to it; offsets are bytes of the text.
class LintPass {
 public:
  struct Found {
    std::string_view rule;
    std::size_t offset;
    std::string message, fix;
  };

  LintPass(LintFile const& the_file, LintSettings const& the_settings, std::string_view the_text)
      : file(the_file), settings(the_settings), text(the_text) {}

  LintFile const& file;
  LintSettings const& settings;
  std::string_view text;  // as the parser reads it: as long as the file's

  // The statement at hand.
  ParsedStatement const* statement = nullptr;
  Node node() const { return statement->node; }
  std::string_view kind() const { return statement->kind; }
  // Where a node stands that has a location; the statement's first word when it has none.
  std::size_t place(Node node) const;
  std::string_view words() const { return text.substr(statement->begin, statement->end - statement->begin); }

  // Without `fix` the rule's own stands.
  void report(std::string_view rule, std::size_t offset, std::string message, std::string fix = {});
  void report(std::string_view rule, std::string message, std::string fix = {}) {
    report(rule, statement->begin, std::move(message), std::move(fix));
  }

  // A table may hold rows unless this file made it.
  bool holds_rows(ObjectName const& table) const { return tables_made.count(table) == 0 && !file.baseline; }
  bool one_transaction() const { return !file.no_transaction; }

  // What this file did so far.
  std::set<ObjectName> tables_made;
  std::set<std::string> others_made;                       // "index i", "type t", "schema s", …
  std::set<std::pair<ObjectName, std::string>> not_valid;  // constraints added NOT VALID
  std::map<ObjectName, std::size_t> altered;               // ALTER TABLE on what may hold rows
  std::map<ObjectName, std::size_t> exclusive;             // ACCESS EXCLUSIVE on what may hold rows
  std::set<std::string> scratch;                           // its temporary tables
  std::set<std::string> labels_added;                      // of enums
  ObjectName last_altered;                                 // by the statement before this one
  bool search_path_set = false;
  bool guarded = false;                                     // inside of DO, where conditions decide what runs
  std::size_t open_transaction = std::string::npos;         // of a BEGIN without COMMIT so far
  std::set<std::size_t> residues;                           // where tsql-residue was found
  std::vector<std::pair<std::size_t, std::size_t>> ranges;  // of the statements, in order
  std::size_t analysed = 0;                                 // of them

  std::vector<SchemaEvent> events;
  std::vector<Found> found;
};

// The rules by subject. Each looks at the statement at hand; together they are called once per statement.
void lint_indexes(LintPass& pass);
void lint_constraints(LintPass& pass);
void lint_columns(LintPass& pass);
void lint_destruction(LintPass& pass);
void lint_transactions(LintPass& pass);
void lint_types(LintPass& pass);
void lint_names(LintPass& pass);
void lint_tenancy(LintPass& pass);
void lint_seeds(LintPass& pass);
// After the rules: what the statement made.
void note_statement(LintPass& pass);

// Of a whole text.
void lint_text(LintPass& pass);  // long names, psql, SQL Server's spelling
std::string without_foreign_lines(LintPass& pass, std::string text);  // reports and blanks them
void lint_unparsed(LintPass& pass);   // the statement at hand could not be parsed
void lint_body(LintPass& pass);       // DO: its statements
void lint_statement(LintPass& pass);  // all rules, then note_statement
void lint_down(LintPass& pass, std::string const& down, std::vector<LintPass::Found>& found,
               std::vector<std::pair<std::size_t, std::size_t>>& ranges);

// Of a set: what the events of its files say together. One pass a file, in their order.
void lint_set(std::vector<LintPass*> const& files);

// Shared by the rules.
std::string lowered(std::string_view text);
// The column constraints and table constraints that a CREATE TABLE or ADD COLUMN/CONSTRAINT brings, with the
// columns that each is about.
struct MadeConstraint {
  Node node;
  std::vector<std::string> columns;
  Node column;  // the ColumnDef that it stands in; none for a table constraint
};
std::vector<MadeConstraint> constraints_of(Node create_or_command);
bool has_constraint(Node column_def, std::string_view contype);
bool is_serial(std::string const& type_base);

}  // namespace migrations
