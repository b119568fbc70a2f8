#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

enum class Scope { master, tenant };
std::string_view to_string(Scope scope);

// What a set is applied to within one database: the whole database (schema_name is empty), or one schema of
// it when the tenant's placement is a schema.
struct Target {
  Scope scope = Scope::tenant;
  std::string schema_name;
};

// One file of a set.
struct Migration {
  std::string name;         // file name, "001_extensions.sql": its identity in the ledger
  std::int64_t number = 0;  // 1; compared as a number, 9 < 10 < 48
  std::filesystem::path path;
  Scope scope = Scope::tenant;
  std::string sql;     // the text that runs: no byte-order mark, lines end in LF
  std::string sha256;  // of `sql`, so that a checkout with CRLF has the same digest
  // From the header, the comment lines above the first statement:
  bool seed = false;               // -- tenantsh: seed
  bool no_transaction = false;     // -- tenantsh: no-transaction
  std::vector<std::string> fills;  // -- fills: schema.table, schema.table
};

}  // namespace migrations
