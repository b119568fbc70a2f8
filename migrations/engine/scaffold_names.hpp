#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrations/engine/naming_scheme.hpp"

namespace migrations {

// A table as a template writes it.
struct TableName {
  std::string text;  // "members.note", "{schema_name}.note"
  std::string schema, table;
  bool upper = false;  // written in capitals: what is named after it is too

  // "idx_note_member_id", IDX_NOTE_MEMBER_ID; cut to 63 bytes.
  std::string named(std::string_view prefix, std::vector<std::string> const& parts) const;
  std::string word(std::string_view lower) const;  // in the table's case
};

// Error{usage}: no plain name, no schema, another schema in a set for schemas.
TableName parse_table_name(std::string_view text, NamingScheme const& scheme, Scope scope);
// Error{usage} unless it is a plain name of at most 63 letters, digits and _.
std::string const& checked_name(std::string const& name, std::string_view what);

// "members.member(id)": a table and the columns in parentheses, if there are any.
struct TableColumns {
  TableName table;
  std::vector<std::string> columns;
};
TableColumns parse_table_columns(std::string_view text, NamingScheme const& scheme, Scope scope);

// "amount numeric(18,4) null default 0 references members.member(id)".
struct ColumnText {
  std::string name, type, value, references;
  bool null = false;      // said to be
  bool not_null = false;  // said to be
};
ColumnText parse_column(std::string_view text);

}  // namespace migrations
