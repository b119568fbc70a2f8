// Constraints that are added to tables which may hold rows.

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

std::string named(Node constraint) {
  return constraint.text("conname").empty() ? "" : " " + std::string{constraint.text("conname")};
}

void added(LintPass& pass, ObjectName const& table, MadeConstraint const& made) {
  std::string_view const type = made.node.text("contype");
  bool const not_valid = made.node.flag("skip_validation");
  bool const using_index = !made.node.text("indexname").empty();
  std::size_t const at = pass.place(made.node);
  std::string const to = named(made.node) + " on " + table.text();
  if (type == "CONSTR_FOREIGN" && !not_valid)
    pass.report("adding-foreign-key-constraint", at,
                "the foreign key" + to + " is checked against all rows while neither " + table.text() +
                    " nor " + relation_name(made.node["pktable"]).text() + " takes writes");
  // On a new column, CHECK reads its table too.
  if (type == "CONSTR_CHECK" && !not_valid)
    pass.report("constraint-missing-not-valid", at,
                "the check" + to + " reads all rows while the table is closed");
  if (type == "CONSTR_UNIQUE" && !using_index)
    pass.report("disallowed-unique-constraint", at,
                "UNIQUE" + to + " builds its index while the table is closed");
  if (type == "CONSTR_PRIMARY" && !using_index)
    pass.report("adding-serial-primary-key-field", at,
                "PRIMARY KEY" + to + " builds its index while the table is closed");
  if (type == "CONSTR_EXCLUSION")
    pass.report("adding-exclusion-constraint", at,
                "EXCLUDE" + to + " builds its index while the table is closed");
}

}  // namespace

void lint_constraints(LintPass& pass) {
  Node const node = pass.node();
  std::string_view const kind = pass.kind();
  if (kind == "AlterTableStmt" && node.text("objtype") == "OBJECT_TABLE") {
    ObjectName const table = relation_name(node["relation"]);
    if (!pass.holds_rows(table)) return;
    for (Node const& each : node.items("cmds")) {
      Node const command = each.inner();
      for (MadeConstraint const& made : constraints_of(command)) added(pass, table, made);
      std::string const name{command.text("name")};
      if (command.text("subtype") == "AT_ValidateConstraint" && pass.one_transaction()) {
        if (pass.not_valid.count({table, name}) != 0)
          pass.report("validate-in-same-transaction",
                      "VALIDATE CONSTRAINT " + name + " runs under the lock that ADD CONSTRAINT took on " +
                          table.text());
        else if (pass.exclusive.count(table) != 0)
          pass.report("long-work-under-exclusive-lock", "VALIDATE CONSTRAINT " + name + " reads " +
                                                            table.text() +
                                                            " while an earlier statement keeps it closed");
      }
      if (command.text("subtype") == "AT_DropConstraint")
        pass.report("ban-drop-constraint", "DROP CONSTRAINT " + name + " on " + table.text());
    }
  }
  if (kind == "CreateDomainStmt" && node["constraints"])
    pass.report("ban-create-domain-with-constraint",
                "domain " + object_name(node.strings("domainname")).text() + " carries a constraint");
  if (kind == "AlterDomainStmt" && node.text("subtype") == "C")
    pass.report("ban-alter-domain-with-add-constraint",
                "the constraint is checked in every column of domain " +
                    object_name(node.strings("typeName")).text());
}

}  // namespace migrations
