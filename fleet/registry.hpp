#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/result.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// A list's entry on its way to a Server or a Tenant: column → value, without what is NULL or absent.
using ListEntry = std::map<std::string, std::string>;

// The columns that a list may have (PRODUCT: fixed names). Our registry, a foreign fleet's SQL and an
// inventory file all come through here.
struct ListColumns {
  std::string what;  // "servers", "tenants"
  std::vector<std::string> required, optional;
};
ListColumns const& server_columns();
ListColumns const& tenant_columns();

// The statements that read our own registry in master.
extern char const* const registry_servers_sql;
extern char const* const registry_tenants_sql;

// Throws Error{config} naming a missing or unknown column, and `source` ("the servers query", a file).
void check_columns(ListColumns const& columns, std::vector<std::string> const& present,
                   std::string const& source);
std::vector<ListEntry> entries_of(Result const& rows, ListColumns const& columns, std::string const& source);

// Throw Error{config} naming entry, column and `source` for a value that cannot be.
std::vector<Server> servers_from(std::vector<ListEntry> const& entries, std::string const& source);
std::vector<Tenant> tenants_from(std::vector<ListEntry> const& entries, std::vector<Server> const& servers,
                                 std::string const& source);

// An inventory file (fleet/inventory.cpp): JSON when it ends in .json, TOML otherwise, holding a list of that
// name. JSON: {"servers": [{"name": "pg-1", …}], "tenants": […]}; TOML: [[servers]] and [[tenants]] tables.
// `labels` is a table of strings.
std::vector<ListEntry> read_inventory(std::filesystem::path const& file, ListColumns const& columns);

}  // namespace fleet
