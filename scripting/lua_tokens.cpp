#include "scripting/lua_tokens.hpp"

#include <algorithm>
#include <array>

namespace scripting {

namespace {

constexpr std::array<std::string_view, 22> keywords{
    "and", "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
    "in",  "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while"};

// Longest first, so that the first that fits is the one.
constexpr std::array<std::string_view, 33> symbols{
    "...", "..", "==", "~=", "<=", ">=", "<<", ">>", "//", "::", "+", "-", "*", "/", "%", "^", "#",
    "&",   "~",  "|",  "<",  ">",  "=",  "(",  ")",  "{",  "}",  "[", "]", ";", ":", ",", "."};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || is_digit(c); }
int hex_value(char c) { return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

void append_utf8(std::string& text, unsigned long code) {
  // Lua writes up to 2^31 in the original six-byte form; such text is no valid UTF-8 and stands for itself.
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else {
    int const extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : code < 0x200000 ? 3 : code < 0x4000000 ? 4 : 5;
    text += static_cast<char>(((0xFF00UL >> (extra + 1)) & 0xFFUL) | (code >> (6 * extra)));
    for (int i = extra - 1; i >= 0; --i) text += static_cast<char>(0x80UL | ((code >> (6 * i)) & 0x3FUL));
  }
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view source) : source_(source), at_(byte_order_mark(source)) {
    if (peek() == '#') skip_line();
  }

  std::vector<Token> all() {
    std::vector<Token> tokens;
    do tokens.push_back(next());
    while (tokens.back().kind != TokenKind::end);
    return tokens;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= source_.size(); }
  Place here() const { return {line_, column_}; }

  // One byte on; "\r\n" and "\n\r" are one line break, as for Lua.
  void advance() {
    char const c = source_[at_++];
    if (c == '\n' || c == '\r') {
      char const second = peek();
      if ((second == '\n' || second == '\r') && second != c) ++at_;
      ++line_;
      column_ = 1;
    } else if (at_ >= source_.size() || (static_cast<unsigned char>(source_[at_]) & 0xC0U) != 0x80U) {
      ++column_;  // the next byte begins a character
    }
  }
  void advance(std::size_t count) {
    while (count-- > 0 && !at_end()) advance();
  }

  void skip_line() {
    while (!at_end() && peek() != '\n' && peek() != '\r') advance();
  }

  // At "[[" or "[=…=[": the number of equals signs, else -1.
  int long_bracket() const {
    if (peek() != '[') return -1;
    std::size_t level = 1;
    while (peek(level) == '=') ++level;
    return peek(level) == '[' ? static_cast<int>(level) - 1 : -1;
  }

  std::string long_text(int level, Place& content) {
    advance(static_cast<std::size_t>(level) + 2);
    if (peek() == '\n' || peek() == '\r') advance();
    content = here();
    std::string const close = "]" + std::string(static_cast<std::size_t>(level), '=') + "]";
    std::string text;
    while (!at_end() && source_.substr(at_, close.size()) != close) {
      bool const breaks = peek() == '\n' || peek() == '\r';
      text += breaks ? '\n' : peek();
      advance();
    }
    advance(close.size());
    return text;
  }

  void skip_blank() {
    while (!at_end()) {
      char const c = peek();
      if (c == ' ' || (c >= '\t' && c <= '\r')) {
        advance();
      } else if (c == '-' && peek(1) == '-') {
        advance(2);
        Place ignored;
        if (int const level = long_bracket(); level >= 0)
          long_text(level, ignored);
        else
          skip_line();
      } else {
        return;
      }
    }
  }

  void escape(std::string& text) {
    char const c = peek();
    static constexpr std::string_view letters = "abfnrtv\\\"'", values = "\a\b\f\n\r\t\v\\\"'";
    if (auto const found = letters.find(c); c != '\0' && found != letters.npos) {
      text += values[found];
      advance();
    } else if (c == '\n' || c == '\r') {
      text += '\n';
      advance();
    } else if (c == 'x') {
      advance();
      int value = 0;
      for (int i = 0; i < 2 && is_hex(peek()); ++i, advance()) value = value * 16 + hex_value(peek());
      text += static_cast<char>(value);
    } else if (c == 'z') {
      advance();
      while (!at_end() && (peek() == ' ' || (peek() >= '\t' && peek() <= '\r'))) advance();
    } else if (is_digit(c)) {
      int value = 0;
      for (int i = 0; i < 3 && is_digit(peek()); ++i, advance()) value = value * 10 + (peek() - '0');
      text += static_cast<char>(value);
    } else if (c == 'u') {
      advance(2);
      unsigned long code = 0;
      for (; is_hex(peek()); advance())
        code = (code * 16 + static_cast<unsigned long>(hex_value(peek()))) & 0x7FFFFFFFUL;
      advance();
      append_utf8(text, code);
    }
  }

  Token quoted() {
    Token token{.kind = TokenKind::string, .at = here(), .text = {}, .content = {}, .verbatim = true};
    char const quote = peek();
    advance();
    token.content = here();
    while (!at_end() && peek() != quote) {
      if (peek() == '\\') {
        token.verbatim = false;
        advance();
        if (!at_end()) escape(token.text);
      } else {
        token.text += peek();
        advance();
      }
    }
    advance(1);
    return token;
  }

  Token word(TokenKind kind, std::size_t length) {
    Token token{.kind = kind, .at = here(), .text = std::string{source_.substr(at_, length)}, .content = {}};
    advance(length);
    return token;
  }

  Token next() {
    skip_blank();
    if (at_end()) return {.kind = TokenKind::end, .at = here(), .text = {}, .content = {}};
    char const c = peek();
    if (starts_name(c)) {
      std::size_t length = 1;
      while (continues_name(peek(length))) ++length;
      Token token = word(TokenKind::name, length);
      if (std::find(keywords.begin(), keywords.end(), token.text) != keywords.end())
        token.kind = TokenKind::keyword;
      return token;
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return word(TokenKind::number, number_length());
    if (c == '"' || c == '\'') return quoted();
    if (int const level = long_bracket(); level >= 0) {
      Token token{.kind = TokenKind::string, .at = here(), .text = {}, .content = {}, .verbatim = true};
      token.text = long_text(level, token.content);
      return token;
    }
    for (std::string_view symbol : symbols)
      if (source_.substr(at_, symbol.size()) == symbol) return word(TokenKind::symbol, symbol.size());
    return word(TokenKind::symbol, 1);
  }

  // As Lua reads numbers: everything that could belong to one, signs after an exponent letter included.
  std::size_t number_length() const {
    bool const hex = peek() == '0' && (peek(1) | 0x20) == 'x';
    std::size_t length = hex ? 2 : 1;
    while (true) {
      char const c = peek(length);
      bool const exponent = (c | 0x20) == (hex ? 'p' : 'e');
      if (exponent && (peek(length + 1) == '+' || peek(length + 1) == '-'))
        length += 2;
      else if (is_hex(c) || c == '.' || exponent)
        ++length;
      else
        return length;
    }
  }

  std::string_view source_;
  std::size_t at_;
  int line_ = 1;
  int column_ = 1;
};

}  // namespace

std::vector<Token> lua_tokens(std::string_view source) { return Tokenizer{source}.all(); }

int characters(std::string_view bytes) {
  return static_cast<int>(std::count_if(bytes.begin(), bytes.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

std::size_t byte_order_mark(std::string_view source) { return source.starts_with("\xEF\xBB\xBF") ? 3 : 0; }

}  // namespace scripting
