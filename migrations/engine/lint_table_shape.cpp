#include "migrations/engine/lint_table_shape.hpp"

#include <algorithm>
#include <cctype>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

TableShape::Column const* find(TableShape const& table, std::string const& name) {
  for (auto const& column : table.columns)
    if (lowered(column.name) == lowered(name)) return &column;
  return nullptr;
}

}  // namespace

bool has_case(std::string_view naming, std::string_view name) {
  if (naming.empty()) return true;
  bool const upper = naming == "upper";
  return std::all_of(name.begin(), name.end(), [&](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return (upper ? std::isupper(byte) : std::islower(byte)) != 0 || std::isdigit(byte) != 0 || c == '_';
  });
}

std::string in_case(std::string_view naming, std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto const byte = static_cast<unsigned char>(name[i]);
    bool const hump = i > 0 && std::isupper(byte) != 0 &&
                      (std::islower(static_cast<unsigned char>(name[i - 1])) != 0 ||
                       std::isdigit(static_cast<unsigned char>(name[i - 1])) != 0);
    if (hump) text += '_';
    if (std::isalnum(byte) != 0)
      text += static_cast<char>(naming == "upper" ? std::toupper(byte) : std::tolower(byte));
    else if (!text.empty() && text.back() != '_')
      text += '_';
  }
  return text;
}

void lint_table_shape(LintPass& pass, TableShape const& table) {
  LintSettings const& settings = pass.settings;
  if (!settings.primary_key.empty() && table.primary_key.size() == 1 &&
      lowered(table.primary_key[0]) != lowered(settings.primary_key))
    pass.report(
        "primary-key-name", table.offset,
        "the key of " + table.name + " is called " + table.primary_key[0] + ", not " + settings.primary_key);
  std::string missing;
  for (std::string const& wanted : settings.audit_columns) {
    std::size_t const blank = wanted.find(' ');
    std::string const name = wanted.substr(0, blank);
    std::string const type = blank == std::string::npos ? "" : wanted.substr(blank + 1);
    TableShape::Column const* column = find(table, name);
    if (column == nullptr)
      missing += (missing.empty() ? "" : ", ") + wanted;
    else if (!type.empty() && lowered(column->type) != lowered(type))
      pass.report("audit-columns", column->offset,
                  column->name + " of " + table.name + " is " + column->type + ", not " + type, wanted);
  }
  if (!missing.empty())
    pass.report("audit-columns", table.offset, table.name + " lacks " + missing, "add " + missing);
  if (settings.tenant_column.empty() || !table.tenant) return;
  TableShape::Column const* column = find(table, settings.tenant_column);
  if (column == nullptr)
    pass.report("tenant-column", table.offset, table.name + " lacks " + settings.tenant_column);
  else if (!column->not_null)
    pass.report("tenant-column", column->offset, column->name + " of " + table.name + " may be NULL");
}

}  // namespace migrations
