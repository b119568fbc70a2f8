#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/migration.hpp"
#include "migrations/engine/naming_scheme.hpp"

namespace migrations {

// What a new migration is to do.
struct ScaffoldRequest {
  enum class Kind { table, column, index, foreign_key, drop, permission } kind = Kind::table;
  std::string title;  // of the file's name; empty: made from what it does
  std::string table;  // "members.note"; in a set for schemas "note"
  std::vector<std::string>
      columns;         // of a table "note text null", "member_id uuid references members.member",
                       // "amount numeric(18,4) default 0"; of an index or a foreign key names
  std::string column;  // of a new or dropped column
  std::string type;    // its type; of a dropped one, for the way back
  std::string value;   // its default, and what older rows get: an expression
  bool not_null = false;
  bool unique = false;                          // of an index
  std::string references;                       // of a foreign key: "members.member" or "members.member(id)"
  std::string index;                            // to drop: "members.idx_note_member_id"
  std::vector<std::string> roles, permissions;  // "CLAIM.EDIT"
  struct Permissions {
    std::string table, role_column = "role", permission_column = "permission";
    std::string
        role_table;       // "security.role(code)": where a role has to be; empty: it has a permission already
    std::string catalog;  // "security.permission(code, description)": gets the permission too; empty: none
  } permission_table;
  std::string reason;  // why something may be dropped
};

// "table", "column", "index", "foreign_key", "drop", "permission"; Error{usage} that lists them.
ScaffoldRequest::Kind parse_scaffold_kind(std::string_view text);

// One migration to be: several where one transaction would hold a lock too long.
struct Draft {
  std::string title;
  std::string up, down;  // an empty way down: there is none
  bool no_transaction = false;
  bool down_no_transaction = false;
};
// Error{usage} for a name that is none, for what is missing, and for text that PostgreSQL's parser refuses.
std::vector<Draft> scaffold(ScaffoldRequest const& request, NamingScheme const& scheme, Scope scope);

struct NewFile {
  std::filesystem::path path;  // relative to the set's folder
  std::string text;
};
// The migrations of a folder with the texts of the SQL files, for naming_scheme(). Error{not_found},
// Error{io}.
std::vector<NamedText> read_names(std::filesystem::path const& folder);
// All names whose numbers are taken: those of the folder, and of archive, sqls and sql below it.
std::vector<std::string> taken_names(std::filesystem::path const& folder);

// The files that these drafts become, numbered after `names`.
std::vector<NewFile> lay_out(std::vector<Draft> const& drafts, NamingScheme const& scheme, Scope scope,
                             std::vector<std::string> const& names,
                             std::chrono::system_clock::time_point now);

// Writes all of them or none. Error{refused} when one is there already; nothing is ever overwritten.
void write_new_files(std::filesystem::path const& folder, std::vector<NewFile> const& files);

}  // namespace migrations
