// Profile tsql: the house's conventions in files for SQL Server. Reads CREATE/ALTER/DROP by their tokens;
// what it does not know it passes by.

#include <algorithm>
#include <cctype>
#include <set>

#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/lint_table_shape.hpp"
#include "migrations/engine/lint_tsql.hpp"

namespace migrations {

namespace {

using Kind = TsqlToken::Kind;

bool is_name(TsqlToken const& token) {
  return token.kind == Kind::word || token.kind == Kind::bracketed || token.kind == Kind::quoted;
}

class TsqlReader {
 public:
  TsqlReader(LintPass& pass, std::vector<TsqlToken> tokens) : pass_(pass), tokens_(std::move(tokens)) {}

  void read() {
    while (at_ < tokens_.size()) {
      if (is("GO") && alone(tokens_[at_])) {
        ++at_;
        batch_start_ = true;
        guards_.clear();
        guard_next_ = false;
        continue;
      }
      statement();
    }
    close_range(pass_.text.size());
  }

 private:
  // Tokens --------------------------------------------------------------------------------------------
  TsqlToken const& token(std::size_t at) const {
    static TsqlToken const none{};
    return at < tokens_.size() ? tokens_[at] : none;
  }
  bool is(std::string_view word) const { return is_at(at_, word); }
  bool is_at(std::size_t at, std::string_view word) const {
    return token(at).kind == Kind::word && token(at).text == word;
  }
  bool symbol(char c) const {
    return token(at_).kind == Kind::symbol && token(at_).text == std::string_view{&c, 1};
  }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
  }
  bool alone(TsqlToken const& word) const {
    std::string_view const text = pass_.text;
    std::size_t const line = word.begin == 0 ? 0 : text.rfind('\n', word.begin - 1) + 1;
    std::size_t const end = std::min(text.find('\n', word.end), text.size());
    return text.substr(line, word.begin - line).find_first_not_of(" \t\r") == std::string_view::npos &&
           text.substr(word.end, end - word.end).find_first_not_of(" \t\r0123456789") ==
               std::string_view::npos;
  }
  // From "(" to behind its ")"; anything else stays where it is.
  void skip_group() {
    if (!symbol('(')) return;
    int depth = 0;
    for (; at_ < tokens_.size(); ++at_) {
      if (symbol('(')) ++depth;
      if (symbol(')') && --depth == 0) {
        ++at_;
        return;
      }
      if (is("GO") && alone(token(at_))) return;
    }
  }

  // Statements ----------------------------------------------------------------------------------------
  void close_range(std::size_t at) {
    if (open_ != std::string::npos && at > open_) pass_.ranges.emplace_back(open_, at);
    open_ = std::string::npos;
  }
  void open_range() {
    close_range(token(at_).begin);
    open_ = token(at_).begin;
    statement_.begin = open_;
    statement_.end = pass_.text.size();
    pass_.statement = &statement_;
    ++pass_.analysed;
  }
  bool guarded() const {
    return guard_next_ || std::find(guards_.begin(), guards_.end(), true) != guards_.end();
  }

  void statement() {
    if (take("IF")) {
      condition();
      return;
    }
    if (take("ELSE")) return;
    if (is("BEGIN") && !is_at(at_ + 1, "TRAN") && !is_at(at_ + 1, "TRANSACTION")) {
      ++at_;
      guards_.push_back(guard_next_);
      guard_next_ = false;
      return;
    }
    if (is("CASE")) {
      ++at_;
      guards_.push_back(false);
      return;
    }
    if (take("END")) {
      if (!guards_.empty()) guards_.pop_back();
      return;
    }
    bool const begins = is("CREATE") || is("ALTER") || is("DROP") || is("INSERT") || is("UPDATE") ||
                        is("DELETE") || is("EXEC") || is("MERGE");
    if (!begins) {
      if (is("GO")) pass_.report("tsql-go", token(at_).begin, "GO does not stand alone on its line");
      bool const batch_word = token(at_).kind == Kind::comment || symbol(';') || is("SET") || is("USE");
      ++at_;
      if (!batch_word) batch_start_ = false;
      return;
    }
    open_range();
    std::size_t const start = at_;
    if (take("CREATE"))
      create(start);
    else if (take("ALTER"))
      alter(start);
    else if (take("DROP"))
      drop(start);
    else
      ++at_;
    guard_next_ = false;
    batch_start_ = false;
  }

  // IF condition: to the word that begins the guarded statement.
  void condition() {
    bool guards = false;
    while (at_ < tokens_.size()) {
      if (is("EXISTS") || is("OBJECT_ID") || is("COL_LENGTH") || is("TYPE_ID") || is("SCHEMA_ID") ||
          is("INDEXPROPERTY"))
        guards = true;
      if (symbol('(')) {
        skip_group();
        continue;
      }
      static std::set<std::string_view> const starts{"BEGIN",  "CREATE", "ALTER",  "DROP",
                                                     "INSERT", "UPDATE", "DELETE", "EXEC",
                                                     "GO",     "PRINT",  "SET",    "RETURN"};
      if (token(at_).kind == Kind::word && starts.count(token(at_).text) != 0) break;
      ++at_;
    }
    guard_next_ = guards;
  }

  void unguarded(std::size_t start, std::string const& what) {
    if (!guarded()) pass_.report("tsql-guard", token(start).begin, what + " fails when the file runs again");
  }

  // [schema].[name], as written; checks brackets and case.
  std::string name(std::string const& what) {
    std::string text;
    while (is_name(token(at_))) {
      checked_name(token(at_), what);
      text += (text.empty() ? "" : ".") + token(at_).text;
      ++at_;
      if (!symbol('.')) break;
      ++at_;
    }
    return text;
  }
  void checked_name(TsqlToken const& each, std::string const& what) {
    std::string const written{pass_.text.substr(each.begin, each.end - each.begin)};
    if (each.kind == Kind::word && each.text[0] != '#' && each.text[0] != '@')
      pass_.report("tsql-brackets", each.begin, what + " " + written + " stands without brackets",
                   "[" + written + "]");
    std::string const bare = each.kind == Kind::word ? written : each.text;
    if (lowered(bare) != "dbo" && !has_case(pass_.settings.naming, bare))
      pass_.report("naming-case", each.begin,
                   what + " " + bare + " is not " + pass_.settings.naming + " snake case",
                   in_case(pass_.settings.naming, bare));
  }

  void create(std::size_t start) {
    if (take("OR") && take("ALTER")) replaces_ = true;
    if (take("TABLE")) {
      unguarded(start, "CREATE TABLE");
      table();
    } else if (is("UNIQUE") || is("CLUSTERED") || is("NONCLUSTERED") || is("INDEX")) {
      while (is("UNIQUE") || is("CLUSTERED") || is("NONCLUSTERED")) ++at_;
      if (take("INDEX")) {
        unguarded(start, "CREATE INDEX");
        index();
      }
    } else if (is("VIEW") || is("PROCEDURE") || is("PROC") || is("FUNCTION") || is("TRIGGER") ||
               is("SCHEMA")) {
      std::string const what = token(at_).text;
      if (!batch_start_)
        pass_.report("tsql-go", token(start).begin,
                     "CREATE " + what + " is not the first statement of its batch");
      ++at_;
      if (what == "SCHEMA")
        unguarded(start, "CREATE SCHEMA");
      else if (!replaces_)
        unguarded(start, "CREATE " + what);
      name(lowered(what));
    }
    replaces_ = false;
  }

  void index() {
    std::string const called = name("index");
    if (!take("ON")) return;
    std::string const table = last_part(name("table"));
    std::vector<std::string> columns;
    if (symbol('(')) {
      int depth = 0;
      for (; at_ < tokens_.size(); ++at_) {
        if (symbol('(')) ++depth;
        if (symbol(')') && --depth == 0) break;
        if (is_name(token(at_)) && !is("ASC") && !is("DESC")) {
          checked_name(token(at_), "column");
          columns.push_back(plain(token(at_)));
        }
      }
    }
    std::string wanted = pass_.settings.index_prefix + table;
    for (std::string const& column : columns) wanted += "_" + column;
    if (!pass_.settings.index_prefix.empty() && lowered(called) != lowered(wanted))
      pass_.report("index-name", "index " + called + " should be called " + wanted, "[" + wanted + "]");
  }

  static std::string last_part(std::string const& text) {
    std::size_t const dot = text.rfind('.');
    return dot == std::string::npos ? text : text.substr(dot + 1);
  }
  std::string plain(TsqlToken const& each) const {
    return each.kind == Kind::word ? std::string{pass_.text.substr(each.begin, each.end - each.begin)}
                                   : each.text;
  }

  void table() {
    TableShape shape;
    shape.offset = statement_.begin;
    shape.tenant = pass_.file.scope == Scope::tenant;
    shape.name = name("table");
    if (!symbol('(')) return;
    ++at_;
    while (at_ < tokens_.size() && !symbol(')')) {
      std::size_t const before = at_;
      definition(shape);
      if (symbol(',')) ++at_;
      if (at_ == before) ++at_;
      if (is("GO") && alone(token(at_))) return;
    }
    ++at_;
    lint_table_shape(pass_, shape);
  }

  // A column or a constraint, up to its comma or the closing parenthesis.
  void definition(TableShape& shape) {
    while (token(at_).kind == Kind::comment) ++at_;
    if (is("CONSTRAINT") || is("PRIMARY") || is("FOREIGN") || is("UNIQUE") || is("CHECK") || is("INDEX")) {
      std::string called;
      if (take("CONSTRAINT")) called = name("constraint");
      if (take("PRIMARY")) {
        shape.primary_key.clear();
        std::size_t look = at_;
        while (look < tokens_.size() && token(look).text != "(" && token(look).text != ",") ++look;
        for (++look; look < tokens_.size() && token(look).text != ")"; ++look)
          if (is_name(token(look)) && !is_at(look, "ASC") && !is_at(look, "DESC"))
            shape.primary_key.push_back(plain(token(look)));
      } else if (take("FOREIGN")) {
        while (at_ < tokens_.size() && !is("REFERENCES") && !symbol(',')) {
          if (symbol('('))
            skip_group();
          else
            ++at_;
        }
        if (take("REFERENCES")) foreign_key_name(last_part(shape.name), called);
      }
    } else if (is_name(token(at_))) {
      column(shape);
    }
    to_comma();
  }

  void foreign_key_name(std::string const& child, std::string const& called) {
    std::size_t const at = token(at_).begin;
    std::string const parent = last_part(name("table"));
    std::string const& prefix = pass_.settings.foreign_key_prefix;
    if (prefix.empty()) return;
    std::string const wanted = prefix + child + "_" + parent;
    if (lowered(called) != lowered(wanted) && lowered(called).rfind(lowered(wanted) + "_", 0) != 0)
      pass_.report("foreign-key-name", at, "the foreign key should be called " + wanted,
                   "CONSTRAINT [" + wanted + "]");
  }

  void to_comma() {
    while (at_ < tokens_.size() && !symbol(',') && !symbol(')')) {
      if (is("GO") && alone(token(at_))) return;
      if (symbol('('))
        skip_group();
      else
        ++at_;
    }
  }

  void column(TableShape& shape) {
    TsqlToken const& called = token(at_);
    checked_name(called, "column");
    std::string const column_name = plain(called);
    std::size_t const at = called.begin;
    ++at_;
    if (is("AS")) return;  // computed
    std::string type;
    for (char c : token(at_).text) type += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!is_name(token(at_))) return;
    ++at_;
    std::string arguments;
    if (symbol('(')) {
      std::size_t const from = at_;
      skip_group();
      for (std::size_t i = from; i < at_; ++i) arguments += token(i).text;
    }
    TsqlColumn made{.name = column_name, .type = type, .arguments = arguments, .offset = at};
    for (; at_ < tokens_.size() && !symbol(',') && !symbol(')');) {
      if (is("NOT") && is_at(at_ + 1, "NULL")) made.not_null = true;
      if (is("DEFAULT")) made.has_default = true;
      if (is("IDENTITY")) made.identity = true;
      if (is("PRIMARY")) made.primary = true;
      if (symbol('('))
        skip_group();
      else
        ++at_;
    }
    if (made.primary) shape.primary_key = {column_name};
    shape.columns.push_back({column_name, type + arguments, made.not_null || made.primary, at});
    lint_tsql_column(pass_, made);
  }

  void alter(std::size_t start) {
    if (!take("TABLE")) return;
    TableShape shape;
    shape.name = name("table");
    if (take("ADD")) {
      unguarded(start, "ALTER TABLE … ADD");
      while (at_ < tokens_.size()) {
        std::size_t const before = at_;
        definition(shape);
        if (!symbol(',') || at_ == before) break;
        ++at_;
      }
    } else if (is("DROP")) {
      ++at_;
      if (!take("COLUMN")) take("CONSTRAINT");
      if (is("IF")) return;
      unguarded(start, "ALTER TABLE … DROP");
      name("name");
    } else if (take("ALTER") && take("COLUMN")) {
      column(shape);
    }
  }

  void drop(std::size_t start) {
    static std::set<std::string_view> const kinds{"TABLE",    "INDEX",   "VIEW",   "PROCEDURE", "PROC",
                                                  "FUNCTION", "TRIGGER", "SCHEMA", "TYPE",      "SEQUENCE"};
    if (token(at_).kind != Kind::word || kinds.count(token(at_).text) == 0) return;
    std::string const what = token(at_).text;
    ++at_;
    if (take("IF")) {
      take("EXISTS");
    } else {
      unguarded(start, "DROP " + what);
    }
    name(lowered(what));
  }

  LintPass& pass_;
  std::vector<TsqlToken> tokens_;  // without comments
  std::size_t at_ = 0;
  bool batch_start_ = true;
  bool guard_next_ = false;   // the next statement stands behind IF [NOT] EXISTS
  bool replaces_ = false;     // CREATE OR ALTER
  std::vector<bool> guards_;  // of the open BEGIN … END: whether they stand behind one
  std::size_t open_ = std::string::npos;
  ParsedStatement statement_;
};

}  // namespace

void lint_tsql(LintPass& pass) {
  std::vector<TsqlToken> all = tsql_tokens(pass.text);
  std::vector<TsqlToken> code;
  for (std::size_t i = 0; i < all.size(); ++i) {
    TsqlToken const& each = all[i];
    if (!each.complete)
      pass.report("tsql-unterminated", each.begin,
                  std::string{each.kind == Kind::comment     ? "this comment"
                              : each.kind == Kind::bracketed ? "this bracket"
                                                             : "this string"} +
                      " does not end");
    bool const beyond_ascii = std::any_of(each.text.begin(), each.text.end(),
                                          [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (each.kind == Kind::string && beyond_ascii)
      pass.report("tsql-national-literal", each.begin, "this string loses letters without N");
    if (each.kind == Kind::word &&
        (each.text == "GETDATE" || each.text == "CURRENT_TIMESTAMP" || each.text == "GETUTCDATE"))
      pass.report("tsql-sysdatetime", each.begin, each.text + " is rounded to 3 ms");
    if (each.kind != Kind::comment) code.push_back(each);
  }
  TsqlReader{pass, std::move(code)}.read();
}

}  // namespace migrations
