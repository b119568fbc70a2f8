#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scripting {

// A place in a file: both from 1; columns count characters, not bytes. Line 0: nowhere in particular.
struct Place {
  int line = 0;
  int column = 0;
};

enum class TokenKind { name, keyword, string, number, symbol, end };

// One word of Lua 5.4.
struct Token {
  TokenKind kind = TokenKind::end;
  Place at;
  std::string text;       // a string's value, escapes resolved; everything else as written
  Place content = {};     // string: where its first character stands
  bool verbatim = false;  // string: the value stands in the file byte for byte (but for CRLF)
};

// Splits text that Lua has compiled; text that is no Lua gives tokens of no meaning but ends. A byte order
// mark and a first line that begins with # are skipped, as Lua does with files. The last token is `end`.
std::vector<Token> lua_tokens(std::string_view source);

// The number of characters in UTF-8 text.
int characters(std::string_view bytes);

// Where a Lua chunk begins in a file: behind a byte order mark. A first line that begins with # belongs to
// the file, not to the chunk, and is left for the caller to blank.
std::size_t byte_order_mark(std::string_view source);

}  // namespace scripting
