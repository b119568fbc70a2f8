#include "shell/highlight.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace shell {
namespace {

using Names = std::set<std::string, std::less<>>;

bool is_name_start(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || byte >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

std::size_t name_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_name_part(text[at])) ++at;
  return at;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// Behind a number that begins at `at`: 0x1F, 1e-9, 12.5.
std::size_t number_end(std::string_view text, std::size_t at) {
  std::size_t i = at;
  while (i < text.size() && (is_name_part(text[i]) || text[i] == '.' ||
                             ((text[i] == '-' || text[i] == '+') &&
                              (text[i - 1] == 'e' || text[i - 1] == 'E') && text.substr(at, 2) != "0x")))
    ++i;
  return i;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Names const lua_keywords{"and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                         "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                         "repeat",   "return", "then", "true", "until",  "while"};

Names const sql_verbs{"ALTER",   "ANALYZE", "CALL",       "CLUSTER", "COMMENT", "COPY",   "CREATE",
                      "DELETE",  "DO",      "DROP",       "EXPLAIN", "GRANT",   "INSERT", "MERGE",
                      "REFRESH", "REINDEX", "REVOKE",     "SELECT",  "SHOW",    "TABLE",  "TRUNCATE",
                      "UPDATE",  "VACUUM",  "VALUES",     "WITH",    "LOCK",    "SET",    "RESET",
                      "BEGIN",   "COMMIT",  "ROLLBACK",   "DECLARE", "FETCH",   "LISTEN", "NOTIFY",
                      "PREPARE", "EXECUTE", "CHECKPOINT", "DISCARD"};

Names const& sql_keywords() {
  static Names const words = [] {
    Names all{sql_words().begin(), sql_words().end()};
    all.insert(sql_verbs.begin(), sql_verbs.end());
    return all;
  }();
  return words;
}

// What walks over SQL, finished or not.
struct SqlWalk {
  std::string_view text;
  std::size_t at = 0;
  bool open = false;  // the last piece has no end

  std::size_t quoted(std::size_t from, char quote, bool backslashes) {
    for (std::size_t i = from + 1; i < text.size(); ++i) {
      if (backslashes && text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        if (i + 1 < text.size() && text[i + 1] == quote)
          ++i;
        else
          return i + 1;
      }
    }
    open = true;
    return text.size();
  }
  std::size_t block_comment(std::size_t from) {
    int depth = 0;
    for (std::size_t i = from; i + 1 < text.size(); ++i) {
      if (text.substr(i, 2) == "/*") {
        ++depth;
        ++i;
      } else if (text.substr(i, 2) == "*/") {
        ++i;
        if (--depth == 0) return i + 1;
      }
    }
    open = true;
    return text.size();
  }
  std::size_t dollar(std::size_t from) {
    std::size_t const name = name_end(text, from + 1);
    if (name >= text.size() || text[name] != '$') return from;
    std::string_view const mark = text.substr(from, name + 1 - from);
    std::size_t const end = text.find(mark, name + 1);
    open = end == text.npos;
    return open ? text.size() : end + mark.size();
  }

  // The next piece: [begin, at) in that style. False at the end.
  bool next(std::size_t& begin, Style& style) {
    if (at >= text.size()) return false;
    begin = at;
    open = false;
    style = Style::plain;
    char const c = text[at];
    if (text.substr(at, 2) == "--") {
      style = Style::comment;
      at = line_end(text, at);
    } else if (text.substr(at, 2) == "/*") {
      style = Style::comment;
      at = block_comment(at);
    } else if (c == '\'') {
      style = Style::text;
      at = quoted(at, '\'', at > 0 && (text[at - 1] == 'E' || text[at - 1] == 'e'));
    } else if (c == '"') {
      at = quoted(at, '"', false);
    } else if (std::size_t const end = c == '$' ? dollar(at) : at; end != at) {
      style = Style::text;
      at = end;
    } else if (is_digit(c)) {
      style = Style::number;
      at = number_end(text, at);
    } else if (is_name_start(c)) {
      at = name_end(text, at);
      if (sql_keywords().count(upper(text.substr(begin, at - begin))) > 0) style = Style::keyword;
    } else {
      ++at;
    }
    return true;
  }
};

void colour_sql(std::string_view text, std::size_t offset, std::vector<Span>& spans) {
  SqlWalk walk{text};
  std::size_t begin = 0;
  Style style = Style::plain;
  while (walk.next(begin, style))
    if (style != Style::plain) spans.push_back({offset + begin, offset + walk.at, style});
}

// "[==[" → 2; npos when none begins at `at`.
std::size_t long_bracket(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  while (i < text.size() && text[i] == '=') ++i;
  return i < text.size() && text[i] == '[' ? i - at - 1 : std::string_view::npos;
}

// Lua, one piece after the other.
class LuaWalk {
 public:
  LuaWalk(std::string_view text, std::set<std::string> const& globals) : text_(text), globals_(globals) {}

  std::vector<Span> spans() {
    while (at_ < text_.size()) step();
    for (Use const& use : uses_)
      if (globals_.count(use.name) == 0 && declared_.count(use.name) == 0)
        spans_[use.span].style = Style::unknown;
    return std::move(spans_);
  }

 private:
  struct Use {
    std::string name;
    std::size_t span;
  };

  void step() {
    char const c = text_[at_];
    std::size_t const begin = at_;
    if (text_.substr(at_, 2) == "--") {
      std::size_t const level =
          at_ + 2 < text_.size() && text_[at_ + 2] == '[' ? long_bracket(text_, at_ + 2) : text_.npos;
      at_ = level == text_.npos ? line_end(text_, at_) : long_end(at_ + 2, level);
      spans_.push_back({begin, at_, Style::comment});
    } else if (c == '"' || c == '\'') {
      at_ = quoted_end(c);
      string(begin, begin + 1, at_ - (at_ > begin + 1 && text_[at_ - 1] == c ? 1 : 0));
    } else if (std::size_t const level = c == '[' ? long_bracket(text_, at_) : text_.npos;
               level != text_.npos) {
      at_ = long_end(at_, level);
      bool const closed = at_ >= begin + 2 * (level + 2) && text_[at_ - 1] == ']';
      string(begin, begin + level + 2, at_ - (closed ? level + 2 : 0));
    } else if (is_digit(c)) {
      at_ = number_end(text_, at_);
      spans_.push_back({begin, at_, Style::number});
    } else if (is_name_start(c)) {
      at_ = name_end(text_, at_);
      name(begin);
    } else {
      if (c == ')') parameters_ = false;
      if (std::isspace(static_cast<unsigned char>(c)) == 0) before_ = c;
      ++at_;
    }
  }

  std::size_t quoted_end(char quote) const {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\')
        ++i;
      else if (text_[i] == quote)
        return i + 1;
      else if (text_[i] == '\n')
        return i;
    }
    return text_.size();
  }

  std::size_t long_end(std::size_t open, std::size_t level) const {
    std::string const close = "]" + std::string(level, '=') + "]";
    std::size_t const end = text_.find(close, open + level + 2);
    return end == text_.npos ? text_.size() : end + close.size();
  }

  void string(std::size_t begin, std::size_t content, std::size_t content_end) {
    before_ = '"';
    std::string_view const inside =
        content_end > content ? text_.substr(content, content_end - content) : std::string_view{};
    if (!begins_like_sql(inside)) {
      spans_.push_back({begin, at_, Style::text});
      return;
    }
    spans_.push_back({begin, content, Style::text});
    colour_sql(inside, content, spans_);
    if (content_end < at_) spans_.push_back({content_end, at_, Style::text});
  }

  void name(std::size_t begin) {
    std::string word{text_.substr(begin, at_ - begin)};
    char const before = std::exchange(before_, 'a');
    bool const member = before == '.' || before == ':';
    if (!member && lua_keywords.count(word) > 0) {
      spans_.push_back({begin, at_, Style::keyword});
      declaring_ = word == "local" || word == "for" || (declaring_ && word == "function");
      parameters_ = parameters_ || word == "function";
      before_ = 'k';
      return;
    }
    if (member) return;
    std::size_t const next = text_.find_first_not_of(" \t\n", at_);
    char const after = next == text_.npos ? '\0' : text_[next];
    bool const assigned = after == '=' && text_.substr(next, 2) != "==";
    // for a, b in …; local a, b = …; function (a, b): names go on after commas.
    if (declaring_ || parameters_ || assigned) {
      declared_.insert(word);
      if (after != ',') declaring_ = false;
    }
    spans_.push_back({begin, at_, globals_.count(word) > 0 ? Style::known : Style::plain});
    bool const at_end = at_ == text_.size();  // still being typed
    if (!assigned && !at_end) uses_.push_back({std::move(word), spans_.size() - 1});
  }

  std::string_view text_;
  std::set<std::string> const& globals_;
  std::size_t at_ = 0;
  char before_ = '\0';       // the last character that was no blank; 'a' after a name, 'k' after a keyword
  bool declaring_ = false;   // after local, for
  bool parameters_ = false;  // after function, up to the closing parenthesis
  Names declared_;
  std::vector<Use> uses_;
  std::vector<Span> spans_;
};

}  // namespace

std::vector<std::string> const& sql_words() {
  static std::vector<std::string> const words{
      "ALL",   "AND",       "ANY",       "AS",       "ASC",    "BETWEEN", "BY",     "CASE",
      "CAST",  "CROSS",     "DESC",      "DISTINCT", "ELSE",   "END",     "EXCEPT", "EXISTS",
      "FALSE", "FILTER",    "FROM",      "FULL",     "GROUP",  "HAVING",  "ILIKE",  "IN",
      "INNER", "INTERSECT", "INTO",      "IS",       "JOIN",   "LATERAL", "LEFT",   "LIKE",
      "LIMIT", "NOT",       "NULL",      "OFFSET",   "ON",     "OR",      "ORDER",  "OUTER",
      "OVER",  "PARTITION", "RETURNING", "RIGHT",    "SELECT", "SET",     "THEN",   "TRUE",
      "UNION", "USING",     "VALUES",    "WHEN",     "WHERE",  "WINDOW",  "WITH"};
  return words;
}

bool begins_like_sql(std::string_view text) {
  std::size_t const first = text.find_first_not_of(" \t\r\n(");
  if (first == text.npos) return false;
  std::size_t const end = name_end(text, first);
  return sql_verbs.count(upper(text.substr(first, end - first))) > 0;
}

bool sql_is_complete(std::string_view sql) {
  SqlWalk walk{sql};
  std::size_t begin = 0;
  Style style = Style::plain;
  bool ended = false;
  while (walk.next(begin, style)) {
    if (walk.open) return false;
    char const c = sql[begin];
    if (style == Style::comment || std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    ended = c == ';';
  }
  return ended;
}

std::vector<Span> highlight(std::string_view text, Language language, std::set<std::string> const& globals) {
  if (language == Language::lua) return LuaWalk{text, globals}.spans();
  std::vector<Span> spans;
  std::size_t begin = 0;
  if (language == Language::command) {
    begin = std::min(text.find_first_of(" \n"), text.size());
    spans.push_back({0, begin, Style::keyword});
    if (text.substr(0, begin) != "\\sql") return spans;
  }
  colour_sql(text.substr(begin), begin, spans);
  return spans;
}

}  // namespace shell
