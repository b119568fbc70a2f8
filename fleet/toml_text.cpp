#include "fleet/toml_text.hpp"

#include <algorithm>

#include "fleet/error.hpp"

namespace fleet {
namespace {

// toml++ makes and destroys a.b.c… by recursion, about 200 bytes of stack for each dot.
constexpr int most_dots = 2000;

bool is_key_character(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '_' || byte == '-';
}

class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
  }

  std::optional<TomlTrouble> run() {
    for (; at_ < text_.size() && !trouble_; ++at_) {
      auto const byte = text_[at_];
      if (byte == '"' || byte == '\'') {
        check_place();
        skip_string();
      } else if (byte == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else {
        take(byte);
      }
    }
    return trouble_;
  }

 private:
  void take(char byte) {
    constexpr std::string_view others = "[]{}=,.+: \t\r\n";
    if (!is_key_character(byte) && others.find(byte) == others.npos) return refuse_character();
    if (byte == '=') in_value_ = true;
    if (byte == '\n' || byte == ',' || byte == '[' || byte == '{') in_value_ = false;
    if (byte == '.' && ++dots_ > most_dots) trouble_ = {line(), "more than 2000 dotted names"};
  }

  // toml++ reads 1"… and 1."… on as one word.
  void check_place() {
    auto const before = at_ == 0 ? '\n' : text_[at_ - 1];
    if (is_key_character(before) || before == '+' || before == ':' || (before == '.' && in_value_))
      trouble_ = {line(), "a quote inside a word"};
  }

  // From the opening quote to the closing one; a string that does not end is left to toml++.
  void skip_string() {
    auto const quote = text_[at_];
    auto const triple = std::string(3, quote);
    auto const long_string = text_.substr(at_, 3) == triple;
    for (at_ += long_string ? 3 : 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        check_escape(long_string);
        ++at_;
      } else if (long_string ? text_.substr(at_, 3) == triple : text_[at_] == quote || text_[at_] == '\n') {
        break;
      }
    }
    // """a""""" holds a"": up to two more quotes belong to the string.
    for (int more = 0; long_string && more < 2 && at_ + 3 < text_.size() && text_[at_ + 3] == quote; ++more)
      ++at_;
    if (long_string) at_ += 2;
    if (!long_string && at_ < text_.size() && text_[at_] == '\n') --at_;  // the line's end counts as such
  }

  // At a backslash; at the end of a line of a long string it hides the blanks up to the next word.
  void check_escape(bool long_string) {
    auto const next = long_string ? text_.find_first_not_of(" \t\r\n", at_ + 1) : at_ + 1;
    if (next < text_.size() && static_cast<unsigned char>(text_[next]) >= 0x80 && !trouble_)
      trouble_ = {line(), "after \\ stands a character outside of ASCII"};
  }

  int line() const {
    return static_cast<int>(
               std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n')) +
           1;
  }

  void refuse_character() {
    auto end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0U) == 0x80U) ++end;
    trouble_ = {line(), in_quotes(text_.substr(at_, end - at_)) + " outside of quotes"};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_value_ = false;  // behind a =
  int dots_ = 0;
  std::optional<TomlTrouble> trouble_;
};

}  // namespace

std::optional<TomlTrouble> find_toml_trouble(std::string_view text) { return Scan(text).run(); }

}  // namespace fleet
