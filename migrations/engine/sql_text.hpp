#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrations {

// What a stretch of SQL text is, without parsing it: enough to tell a word in a comment from one in a
// statement, also in text that PostgreSQL's parser would refuse.
enum class Stretch { code, text, identifier, dollar, comment };

struct Region {
  Stretch kind;
  std::size_t begin, end;  // bytes; quotes and comment marks included
  bool backslash = false;  // is special in it: E'…', U&'…', U&"…"
};

// The regions of `sql`, in order, without gaps. Text with standard_conforming_strings = on.
std::vector<Region> regions(std::string_view sql);

// The first words of a statement.
struct Head {
  std::size_t offset = 0;          // of its first word
  std::vector<std::string> words;  // upper case, at most 6; what is quoted or in parentheses is left out
  bool from_stdin = false;         // COPY … FROM STDIN
};

// The heads of all statements. BEGIN ATOMIC bodies and parentheses do not end a statement. A head with the
// one word "\name" is a command of psql; reading stops after it, and after COPY … FROM STDIN, for what
// follows is no SQL.
std::vector<Head> statement_heads(std::string_view sql);

// The end of the comment that begins at `at`; they nest. Nothing when it has none.
std::optional<std::size_t> block_comment_end(std::string_view sql, std::size_t at);

// 1-based line of a byte offset.
int line_of(std::string_view sql, std::size_t offset);
// Byte offset of PostgreSQL's 1-based character position in UTF-8 text.
std::size_t byte_offset(std::string_view sql, int position);
bool is_utf8(std::string_view bytes);

}  // namespace migrations
