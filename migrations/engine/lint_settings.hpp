#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/lint_rule.hpp"

namespace migrations {

// What a set decides for itself: the table [lint] of its set.toml. Empty texts and lists switch the rule that
// reads them off.
struct LintSettings {
  std::string naming;              // "lower", "upper": snake case of every name
  std::string index_prefix;        // "idx_": an index is called PREFIX + TABLE + "_" + COLUMNS
  std::string foreign_key_prefix;  // "fk_": a foreign key is called PREFIX + CHILD + "_" + PARENT
  std::string platform_schema;     // "platform": what the master section makes, and the tenant one may not
  std::string primary_key;         // "id": what a table's key of one column is called
  std::string tenant_column;       // "tenant_app_id": every tenant table has it, NOT NULL and indexed
  std::vector<std::string> audit_columns;  // "created_at timestamptz": every table has them; type optional
  std::vector<std::string> money_columns{
      "*amount*", "*price*",    "*cost*",    "*fee",     "*fee_*",   "*balance*", "*charge*", "*paid*",
      "*payment", "*discount*", "*percent*", "*salary*", "*total_*", "*_total",   "total",    "*revenue*"};
  std::vector<std::string> permission_tables{"*permission", "*permissions"};
  std::vector<std::string> permission_columns{"permission", "permission_name", "permission_code", "code",
                                              "name"};
  std::vector<std::string> legacy_permissions;  // names that stay as they are
  std::vector<std::string> enable, disable;     // rule ids

  // Of one call, not of the file:
  Profile profile = Profile::postgresql;
  std::string today;              // "2026-03-01": allow comments expire by it
  std::vector<std::string> only;  // nothing but these rules

  bool applies(Rule const& rule) const;
};

// From [lint] of the set.toml in `folder`; the defaults without one. Error{config} with file and line; for a
// rule that does not exist with the nearest.
//   [lint]
//   naming = "lower"                     index_prefix = "idx_"        foreign_key_prefix = "fk_"
//   platform_schema = "platform"         primary_key = "id"           tenant_column = "tenant_id"
//   audit_columns = ["created_at timestamptz", "created_by text"]
//   money_columns = ["*amount*"]         permission_tables = ["*permission"]      permission_columns =
//   ["code"] legacy_permissions = ["admin"]       enable = ["column-order"]    disable =
//   ["prefer-text-field"] profile = "tsql"
LintSettings read_lint_settings(std::filesystem::path const& folder);

}  // namespace migrations
