#include "migrations/engine/sql_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

namespace migrations {

std::optional<std::size_t> block_comment_end(std::string_view sql, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i + 1 < sql.size(); ++i) {
    if (sql[i] == '/' && sql[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (sql[i] == '*' && sql[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return std::nullopt;
}

namespace {

bool is_word(char c) {
  auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

std::size_t end_of_quoted(std::string_view sql, std::size_t at, bool backslashes) {
  char const quote = sql[at];
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (backslashes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == quote) {
      if (i + 1 < sql.size() && sql[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return sql.size();
}

bool starts_word(char c) { return is_word(c) && std::isdigit(static_cast<unsigned char>(c)) == 0; }

// PostgreSQL ends a line, and with it a comment, at either.
std::size_t end_of_line(std::string_view sql, std::size_t at) {
  return std::min(sql.find_first_of("\r\n", at), sql.size());
}

// An unquoted identifier may hold digits and dollar signs, so that a$b$ opens no quote.
std::size_t end_of_word(std::string_view sql, std::size_t at) {
  while (at < sql.size() && (is_word(sql[at]) || sql[at] == '$')) ++at;
  return at;
}

// The end of $tag$…$tag$ at `at`, or `at` itself when no dollar quote starts there ($1).
std::size_t end_of_dollar(std::string_view sql, std::size_t at) {
  std::size_t i = at + 1;
  if (i < sql.size() && std::isdigit(static_cast<unsigned char>(sql[i])) != 0) return at;
  while (i < sql.size() && is_word(sql[i])) ++i;
  if (i >= sql.size() || sql[i] != '$') return at;
  std::string_view const tag = sql.substr(at, i + 1 - at);
  std::size_t const close = sql.find(tag, i + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  std::vector<Region> scan() {
    while (at_ < sql_.size()) {
      char const c = sql_[at_];
      if (c == '\'') {
        quoted(continued_ == Continued::on_another_line);
      } else if (c == '"') {
        cut(Stretch::identifier, end_of_quoted(sql_, at_, false), after_u());
        continued_ = Continued::no;
      } else if (c == '-' && sql_.substr(at_, 2) == "--") {
        cut(Stretch::comment, end_of_line(sql_, at_));
      } else if (c == '/' && sql_.substr(at_, 2) == "/*") {
        take(Stretch::comment, block_comment_end(sql_, at_).value_or(sql_.size()));
      } else if (std::size_t const end = c == '$' ? end_of_dollar(sql_, at_) : at_; end != at_) {
        take(Stretch::dollar, end);
      } else if (starts_word(c)) {
        word();
      } else {
        blank_or_sign(c);
      }
    }
    if (code_ < at_) found_.push_back({Stretch::code, code_, at_});
    return std::move(found_);
  }

 private:
  // E'a' and a 'b' on the next line are one constant, and backslashes escape in both.
  enum class Continued { no, on_this_line, on_another_line };

  void take(Stretch kind, std::size_t end) {
    cut(kind, end);
    continued_ = Continued::no;
  }
  void cut(Stretch kind, std::size_t end, bool backslash = false) {
    if (code_ < at_) found_.push_back({Stretch::code, code_, at_});
    found_.push_back({kind, at_, end, backslash});
    at_ = code_ = end;
  }
  void quoted(bool backslashes) {
    cut(Stretch::text, end_of_quoted(sql_, at_, backslashes), backslashes || after_u());
    continued_ = backslashes ? Continued::on_this_line : Continued::no;
  }
  // Whether U& stands before.
  bool after_u() const {
    return at_ >= 2 && sql_[at_ - 1] == '&' && (sql_[at_ - 2] == 'u' || sql_[at_ - 2] == 'U') &&
           (at_ == 2 || (!is_word(sql_[at_ - 3]) && sql_[at_ - 3] != '$'));
  }
  void word() {
    bool const is_e = sql_[at_] == 'e' || sql_[at_] == 'E';
    std::size_t const end = end_of_word(sql_, at_);
    bool const escapes = is_e && end == at_ + 1 && end < sql_.size() && sql_[end] == '\'';
    at_ = end;
    continued_ = Continued::no;
    if (escapes) quoted(true);
  }
  void blank_or_sign(char c) {
    if (c == '\n' || c == '\r') {
      if (continued_ != Continued::no) continued_ = Continued::on_another_line;
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      continued_ = Continued::no;
    }
    ++at_;
  }

  std::string_view sql_;
  std::vector<Region> found_;
  std::size_t code_ = 0, at_ = 0;
  Continued continued_ = Continued::no;
};

}  // namespace

std::vector<Region> regions(std::string_view sql) { return Scanner{sql}.scan(); }

std::vector<Head> statement_heads(std::string_view sql) {
  std::vector<Head> heads;
  Head head;
  int parentheses = 0;
  int atomic = 0;  // nesting of BEGIN ATOMIC … CASE … END … END
  std::string previous;
  auto finish = [&] {
    if (!head.words.empty()) heads.push_back(std::move(head));
    head = {};
    parentheses = atomic = 0;
    previous.clear();
  };
  for (Region const& region : regions(sql)) {
    if (region.kind != Stretch::code) continue;
    for (std::size_t i = region.begin; i < region.end;) {
      char const c = sql[i];
      if (is_word(c)) {
        std::size_t const end = std::min(end_of_word(sql, i), region.end);
        std::string word{sql.substr(i, end - i)};
        std::transform(word.begin(), word.end(), word.begin(),
                       [](unsigned char b) { return static_cast<char>(std::toupper(b)); });
        if (head.words.empty()) head.offset = i;
        if (head.words.size() < 6 && parentheses == 0) head.words.push_back(word);
        std::string_view const verb = head.words.empty() ? "" : std::string_view{head.words.front()};
        if (word == "STDIN" && previous == "FROM" && verb == "COPY") head.from_stdin = true;
        if (word == "ATOMIC" && previous == "BEGIN" && verb == "CREATE")
          atomic = 1;
        else if (atomic > 0 && word == "CASE")
          ++atomic;
        else if (atomic > 0 && word == "END")
          --atomic;
        previous = std::move(word);
        i = end;
        continue;
      }
      if (c == '\\') {
        std::size_t end = i + 1;
        while (end < region.end && std::isspace(static_cast<unsigned char>(sql[end])) == 0) ++end;
        finish();
        heads.push_back({i, {std::string{sql.substr(i, end - i)}}, false});
        return heads;
      }
      if (c == '(') ++parentheses;
      if (c == ')') --parentheses;
      if (c == ';' && parentheses <= 0 && atomic == 0) {
        bool const data_follows = head.from_stdin;
        finish();
        if (data_follows) return heads;
      }
      ++i;
    }
  }
  finish();
  return heads;
}

int line_of(std::string_view sql, std::size_t offset) {
  std::string_view const before = sql.substr(0, offset);
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

std::size_t byte_offset(std::string_view sql, int position) {
  std::size_t i = 0;
  for (int characters = 1; i < sql.size() && characters < position; ++characters) {
    ++i;
    while (i < sql.size() && (static_cast<unsigned char>(sql[i]) & 0xC0U) == 0x80U) ++i;
  }
  return i;
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    auto const first = static_cast<unsigned char>(bytes[i]);
    std::size_t const length = first < 0x80    ? 1
                               : first >= 0xF0 ? 4
                               : first >= 0xE0 ? 3
                               : first >= 0xC2 ? 2
                                               : 0;
    if (length == 0 || first > 0xF4 || i + length > bytes.size()) return false;
    std::uint32_t code = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      auto const next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3FU);
    }
    bool const overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    bool const surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

}  // namespace migrations
