#include "migrations/engine/lint_settings.hpp"

#include <algorithm>
#include <system_error>

#include "fleet/selection.hpp"
#include "fleet/toml_file.hpp"

namespace migrations {

namespace {

void check_rules(fleet::TomlTable const& table, char const* key, std::vector<std::string> const& ids) {
  for (std::string const& id : ids)
    if (find_rule(id) == nullptr)
      throw table
          .wrong(key, "names the rule " + fleet::in_quotes(id) + ", which does not exist" +
                          fleet::suggestion(id, rule_ids()))
          .with_hint("`tenantsh help lint` lists the rules");
}

}  // namespace

bool LintSettings::applies(Rule const& rule) const {
  auto const in = [&](std::vector<std::string> const& ids) {
    return std::find(ids.begin(), ids.end(), rule.id) != ids.end();
  };
  if (in(disable)) return false;
  if (!only.empty()) return in(only);
  bool const ours = rule.profile == Rule::For::both || rule.profile == Rule::For::comments ||
                    (rule.profile == Rule::For::tsql) == (profile == Profile::tsql);
  return ours && (rule.when != Rule::When::asked || in(enable));
}

LintSettings read_lint_settings(std::filesystem::path const& folder) {
  LintSettings settings;
  std::filesystem::path const file = folder / "set.toml";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return settings;
  fleet::TomlFile const toml = fleet::read_toml(file);
  auto const* const below = fleet::TomlTable{file, "", toml.root, {}}.below("lint");
  if (below == nullptr) return settings;
  fleet::TomlTable const table{
      file,
      "lint",
      *below,
      {"naming", "index_prefix", "foreign_key_prefix", "platform_schema", "primary_key", "tenant_column",
       "audit_columns", "money_columns", "permission_tables", "permission_columns", "legacy_permissions",
       "enable", "disable", "profile"}};
  table.take_word("naming", settings.naming, {"lower", "upper"});
  table.take("index_prefix", settings.index_prefix);
  table.take("foreign_key_prefix", settings.foreign_key_prefix);
  table.take("platform_schema", settings.platform_schema);
  table.take("primary_key", settings.primary_key);
  table.take("tenant_column", settings.tenant_column);
  table.take("audit_columns", settings.audit_columns);
  table.take("money_columns", settings.money_columns);
  table.take("permission_tables", settings.permission_tables);
  table.take("permission_columns", settings.permission_columns);
  table.take("legacy_permissions", settings.legacy_permissions);
  table.take("enable", settings.enable);
  table.take("disable", settings.disable);
  check_rules(table, "enable", settings.enable);
  check_rules(table, "disable", settings.disable);
  std::string profile;
  if (table.take_word("profile", profile, {"postgresql", "tsql"}) && profile == "tsql")
    settings.profile = Profile::tsql;
  return settings;
}

}  // namespace migrations
