#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/file_name.hpp"

namespace migrations {

enum class Scope { master, tenant };
std::string_view to_string(Scope scope);

// What a set is applied to within one database: the whole database (schema_name is empty), or one schema of
// it when the tenant's placement is a schema.
struct Target {
  Scope scope = Scope::tenant;
  std::string schema_name;
};

// SQL that runs as a whole: a file, or the part of one that is meant for one scope and one direction.
struct Script {
  std::string file;  // for messages: "055_x.sql", "20240101_x/migration.sql"
  std::filesystem::path path;
  std::string sql;              // no byte-order mark, lines end in LF
  int first_line = 1;           // of `sql` in the file
  bool no_transaction = false;  // -- tenantsh: no-transaction, -- +goose NO TRANSACTION, transaction:false

  // "055_x.sql:12" for a byte offset in `sql`.
  std::string at(std::size_t offset) const;
};

// One migration of a set; the script is its way up.
struct Migration : Script {
  std::string name;  // its identity in the ledger: "055_x.sql", of a pair "3_x.up.sql", Prisma's folder
  Version version;
  Scope scope = Scope::tenant;
  Language language = Language::sql;  // program: `sql` is empty
  std::string sha256;       // of `sql`, so that a checkout with CRLF has the same; of a program's text
  std::string title;        // "add_table"
  std::string stem;         // "055_add_table"
  bool repeatable = false;  // Flyway's R__: runs again when it changed
  std::optional<Script> down;
  std::filesystem::path wrapper;  // a program of the same stem that only runs this SQL; empty: none
  // From the header, the comment lines above the first statement:
  bool seed = false;               // -- tenantsh: seed
  std::vector<std::string> fills;  // -- fills: schema.table, schema.table
  bool overwrite = false;          // -- tenantsh: overwrite
  std::string profile;             // -- tenantsh: profile development; empty: every target gets it
  std::vector<std::string>
      secrets;  // -- secrets: name, name; current_setting('tenantsh.secret.NAME') in its text

  // Wants something that only `seed run` is told, so `up` leaves it to that.
  bool on_request() const { return !profile.empty() || !secrets.empty(); }
};

}  // namespace migrations
