#include "scripting/lua_lint.hpp"

#include "migrations/engine/lint_rule.hpp"

namespace scripting {

namespace {

constexpr std::string_view page =
    R"(tenantsh migrate lint [FILE…] [--set FOLDER] [--scope master] [--profile tsql] [--output sarif]

Reads migration files with PostgreSQL's own parser and says what is dangerous or against the rules, without a
server. It knows how tenantsh runs a file: in one transaction, with a lock_timeout, unless its header says
`-- tenantsh: no-transaction`. A table that the file itself creates is no table that holds rows.

Exit 8 with an error or a warning (with --strict also an info), else 0. help "RULE" explains one rule.

A comment allows what is meant, with its reason; without one, of an unknown rule, past its date or for nothing,
it is a finding itself:

  -- tenantsh: allow RULE[,RULE] the reason [until 2027-01-31]

  directly above a statement    that statement
  inside of a statement         the line below the comment
  behind code                   its own line
  at the file's top, with a
  blank line below it           the whole file

What a set decides stands in set.toml in its folder:

  [lint]
  naming = "lower"                     or "upper": snake case of all names
  index_prefix = "idx_"                an index is idx_TABLE_COLUMNS
  foreign_key_prefix = "fk_"           a foreign key is fk_CHILD_PARENT
  platform_schema = "platform"         what the platform's files make, and tenants' may not
  primary_key = "id"                   what a key of one column is called
  tenant_column = "tenant_id"          every tenant table has it, NOT NULL and indexed
  audit_columns = ["created_at timestamptz", "created_by"]
  money_columns = ["*amount*"]         globs: no float
  permission_tables = ["*permission"]  globs; permission_columns: where the name stands
  legacy_permissions = ["admin"]       names without a dot that stay
  enable = ["column-order"]            rules that are off otherwise
  disable = ["prefer-text-field"]
  profile = "tsql"
)";

}  // namespace

std::string lint_help(std::string_view topic) {
  if (topic == "lint") return std::string{page} + migrations::rules_text();
  migrations::Rule const* rule = migrations::find_rule(topic);
  return rule == nullptr ? "" : migrations::rule_text(*rule);
}

}  // namespace scripting
