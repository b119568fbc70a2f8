#include "migrations/engine/lint_tsql.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

using Kind = TsqlToken::Kind;

bool is_name_start(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || c == '@' || c == '#' || byte >= 0x80;
}

bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
}

// From the opening mark at `at` to behind the closing one; `text` gets what is between.
std::size_t quoted(std::string_view sql, std::size_t at, char close, TsqlToken& token) {
  std::size_t i = at + 1;
  for (; i < sql.size(); ++i) {
    if (sql[i] == close) {
      if (i + 1 >= sql.size() || sql[i + 1] != close) return i + 1;
      ++i;
    }
    token.text += sql[i];
  }
  token.complete = false;
  return sql.size();
}

}  // namespace

std::vector<TsqlToken> tsql_tokens(std::string_view sql) {
  std::vector<TsqlToken> tokens;
  for (std::size_t i = 0; i < sql.size();) {
    char const c = sql[i];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
      continue;
    }
    TsqlToken token;
    token.begin = i;
    bool const national = (c == 'N' || c == 'n') && i + 1 < sql.size() && sql[i + 1] == '\'';
    if (c == '\'' || national) {
      token.kind = national ? Kind::national : Kind::string;
      i = quoted(sql, national ? i + 1 : i, '\'', token);
    } else if (c == '[') {
      token.kind = Kind::bracketed;
      i = quoted(sql, i, ']', token);
    } else if (c == '"') {
      token.kind = Kind::quoted;
      i = quoted(sql, i, '"', token);
    } else if (sql.substr(i, 2) == "--") {
      token.kind = Kind::comment;
      i = std::min(sql.find('\n', i), sql.size());
    } else if (sql.substr(i, 2) == "/*") {
      token.kind = Kind::comment;
      std::optional<std::size_t> const end = block_comment_end(sql, i);
      token.complete = end.has_value();
      i = end.value_or(sql.size());
    } else if (is_name_start(c)) {
      token.kind = Kind::word;
      while (i < sql.size() && is_name_part(sql[i]))
        token.text += static_cast<char>(std::toupper(static_cast<unsigned char>(sql[i++])));
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      token.kind = Kind::number;
      while (i < sql.size() && (is_name_part(sql[i]) || sql[i] == '.')) token.text += sql[i++];
    } else {
      token.text = std::string(1, c);
      ++i;
    }
    token.end = i;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace migrations
