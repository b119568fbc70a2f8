#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

class LintPass;

// One token of SQL Server's language. `text` is the name without its quotes where it has some.
struct TsqlToken {
  enum class Kind { word, bracketed, quoted, string, national, number, symbol, comment };
  Kind kind = Kind::symbol;
  std::size_t begin = 0, end = 0;
  std::string text;      // words in capitals
  bool complete = true;  // false: the text ended before its closing mark
};

// Any bytes are a text. Comments nest, ']' is doubled within [ ], quotes within quotes. Blanks are left out.
std::vector<TsqlToken> tsql_tokens(std::string_view sql);

// One column of CREATE TABLE or ALTER TABLE.
struct TsqlColumn {
  std::string name, type;  // type in capitals
  std::string arguments;   // "(18,4)"
  std::size_t offset = 0;
  bool not_null = false, has_default = false, identity = false, primary = false;
};
// What its type says against the house's conventions.
void lint_tsql_column(LintPass& pass, TsqlColumn const& column);

// The rules of profile tsql over a whole file; sets the pass's statement ranges.
void lint_tsql(LintPass& pass);

}  // namespace migrations
