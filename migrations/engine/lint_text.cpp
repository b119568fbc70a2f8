// What a text says that is no PostgreSQL: commands of psql, SQL Server's spelling, names that are too long,
// statements that the parser does not take.

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

constexpr std::size_t longest_name = 63;
constexpr int most_foreign_lines = 50;  // each costs a reading of the text

bool is_word(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

// SQL Server's types and functions, and what PostgreSQL has in their place.
enum class Place { type, call, word };
struct Residue {
  Place place;
  char const* fix;
};
std::map<std::string, Residue, std::less<>> const& residues() {
  static std::map<std::string, Residue, std::less<>> const words{
      {"nvarchar", {Place::type, "text"}},
      {"ntext", {Place::type, "text"}},
      {"datetime", {Place::type, "timestamptz"}},
      {"datetime2", {Place::type, "timestamptz"}},
      {"smalldatetime", {Place::type, "timestamptz"}},
      {"datetimeoffset", {Place::type, "timestamptz"}},
      {"uniqueidentifier", {Place::type, "uuid"}},
      {"tinyint", {Place::type, "smallint"}},
      {"varbinary", {Place::type, "bytea"}},
      {"image", {Place::type, "bytea"}},
      {"identity", {Place::call, "generated always as identity"}},
      {"sysdatetime", {Place::call, "now()"}},
      {"sysutcdatetime", {Place::call, "now()"}},
      {"getdate", {Place::call, "now()"}},
      {"getutcdate", {Place::call, "now()"}},
      {"newid", {Place::call, "gen_random_uuid()"}},
      {"newsequentialid", {Place::call, "gen_random_uuid()"}},
      {"isnull", {Place::call, "coalesce(…)"}},
      {"scope_identity", {Place::call, "INSERT … RETURNING id"}},
      {"object_id", {Place::call, "to_regclass('schema.table')"}},
      {"col_length", {Place::call, "information_schema.columns"}},
      {"nonclustered", {Place::word, "CREATE INDEX without it"}},
      {"sp_rename", {Place::word, "ALTER … RENAME"}}};
  return words;
}

// Reads the words of all code, outside of strings and comments.
class Words {
 public:
  explicit Words(LintPass& pass) : pass_(pass), text_(pass.text) {}

  void read() {
    for (Region const& region : regions(text_)) {
      if (region.kind == Stretch::identifier && region.end - region.begin > longest_name + 2)
        too_long(region.begin, region.end - region.begin - 2);
      if (region.kind == Stretch::identifier || region.kind == Stretch::text ||
          region.kind == Stretch::dollar)
        before_ = 'x', before_word_.clear();
      if (region.kind == Stretch::code) code(region.begin, region.end);
    }
  }

 private:
  void code(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end;) {
      char const c = text_[i];
      if (is_word(c)) {
        std::size_t const from = i;
        while (i < end && is_word(text_[i])) ++i;
        word(from, i);
        before_ = 'x';
        before_word_ = lowered(text_.substr(from, i - from));
        continue;
      }
      if (c == '[') bracket(i, end);
      if (c == ']') --depth_;
      if (c == ';') first_.clear();
      if (std::isspace(static_cast<unsigned char>(c)) == 0) before_ = c;
      ++i;
    }
  }

  void bracket(std::size_t at, std::size_t end) {
    ++depth_;
    // a[1] is an element, TABLE [name] is a name.
    bool const behind = at > 0 && (is_word(text_[at - 1]) || text_[at - 1] == ')' || text_[at - 1] == ']' ||
                                   text_[at - 1] == '"');
    if (depth_ > 1 || behind || (before_ == 'x' && before_word_ == "array")) return;
    std::size_t const close = text_.find(']', at);
    if (close >= end || close == at + 1) return;
    std::string_view const name = text_.substr(at + 1, close - at - 1);
    bool const plain = std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == ' '; });
    if (!plain || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return;
    pass_.report(
        "tsql-residue", at, "[" + std::string{name} + "] is SQL Server's quoting",
        lowered(name).find(' ') == std::string::npos ? lowered(name) : "\"" + std::string{name} + "\"");
  }

  void word(std::size_t from, std::size_t to) {
    if (to - from > longest_name) too_long(from, to - from);
    std::string const lower = lowered(text_.substr(from, to - from));
    if (first_.empty()) first_ = lower;
    bool const qualified = before_ == '.';
    std::size_t const next = std::min(text_.find_first_not_of(" \t", to), text_.size());
    char const after = next < text_.size() ? text_[next] : '\0';
    if (lower == "sys" && after == '.' && !qualified) {
      pass_.report("tsql-residue", from, "sys. is SQL Server's catalog", "pg_catalog or information_schema");
      return;
    }
    if (lower == "dbo" && after == '.' && !qualified) {
      pass_.report("tsql-residue", from, "dbo is SQL Server's schema", "public, or the schema that is meant");
      return;
    }
    auto const found = residues().find(lower);
    if (found == residues().end() || qualified) return;
    Place const place = found->second.place;
    // A column or a table may be called datetime: a type has a column's name before it.
    static std::set<std::string_view> const names_follow{
        "column", "add",  "exists", "to",   "drop", "alter",   "constraint", "by",       "table",
        "on",     "view", "schema", "type", "from", "trigger", "function",   "sequence", "references",
        "join",   "into", "update", "and",  "or",   "where",   "set",        "select",   "rename",
        "index",  "key",  "if",     "not",  "is",   "when",    "then",       "else",     "procedure"};
    bool const in_definition =
        first_ == "create" || first_ == "alter" || first_ == "if" || first_ == "declare" || first_ == "begin";
    bool const after_name = before_ == ']' || (before_ == 'x' && names_follow.count(before_word_) == 0);
    if (place == Place::type && !(in_definition && after_name)) return;
    if (place == Place::call && after != '(') return;
    // generated always as identity (start 1)
    if (lower == "identity" &&
        (next + 1 >= text_.size() || std::isdigit(static_cast<unsigned char>(text_[next + 1])) == 0))
      return;
    pass_.report("tsql-residue", from, std::string{text_.substr(from, to - from)} + " is SQL Server's",
                 found->second.fix);
  }

  void too_long(std::size_t at, std::size_t length) {
    // What replaces the placeholder decides how long such a name is.
    if (text_.substr(at, length).find(parseable(schema_placeholder)) != std::string_view::npos) return;
    pass_.report("identifier-too-long", at,
                 "this name has " + std::to_string(length) + " bytes, PostgreSQL keeps 63");
  }

  LintPass& pass_;
  std::string_view text_;
  char before_ = '\0';  // 'x' after a word, a name or a string
  std::string before_word_;
  std::string first_;  // word of the statement
  int depth_ = 0;      // of brackets
};

// "GO" alone on its line becomes a semicolon.
void blank_go(LintPass& pass, std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t const end = std::min(text.find('\n', begin), text.size());
    std::size_t const word = text.find_first_not_of(" \t\r", begin);
    if (word != std::string::npos && word + 2 <= end && lowered(text.substr(word, 2)) == "go" &&
        text.find_first_not_of(" \t\r", word + 2) >= end) {
      pass.report("tsql-residue", word, "GO separates batches of SQL Server", "remove the line");
      text[word] = ';';
      text[word + 1] = ' ';
    }
    begin = end + 1;
  }
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && i < text.size(); ++i)
    if (text[i] != '\n') text[i] = ' ';
}

// " WORD WORD ": the words of a statement's code.
std::string upper_words(std::string_view sql) {
  std::string words = " ";
  for (Region const& region : regions(sql)) {
    if (region.kind != Stretch::code) continue;
    for (std::size_t i = region.begin; i < region.end; ++i) {
      char const c = sql[i];
      if (is_word(c))
        words += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      else if (words.back() != ' ')
        words += ' ';
    }
    if (words.back() != ' ') words += ' ';
  }
  return words;
}

// Forms that came after PostgreSQL 15, whose parser reads the files: "JSON_TABLE of PostgreSQL 17".
std::string newer_syntax(std::string_view sql) {
  static std::array<std::pair<std::string_view, std::string_view>, 27> const forms{
      {{" JSON_TABLE ", "17"},      {" JSON_QUERY ", "17"},
       {" JSON_VALUE ", "17"},      {" JSON_EXISTS ", "17"},
       {" JSON_SCALAR ", "17"},     {" JSON_SERIALIZE ", "17"},
       {" JSON_OBJECT ", "16"},     {" JSON_ARRAY ", "16"},
       {" JSON_OBJECTAGG ", "16"},  {" JSON_ARRAYAGG ", "16"},
       {" IS JSON ", "16"},         {" IS NOT JSON ", "16"},
       {" STORAGE ", "16"},         {" SYSTEM_USER ", "16"},
       {" NOT MATCHED BY ", "17"},  {" MERGE_ACTION ", "17"},
       {" AT LOCAL ", "17"},        {" SET EXPRESSION ", "17"},
       {" SPLIT PARTITION ", "17"}, {" MERGE PARTITIONS ", "17"},
       {" NOT ENFORCED ", "18"},    {" WITHOUT OVERLAPS ", "18"},
       {" PERIOD ", "18"},          {" VIRTUAL ", "18"},
       {" RETURNING WITH ", "18"},  {" NOT NULL NO INHERIT ", "18"},
       {" REPACK ", "19"}}};
  std::string const words = upper_words(sql);
  for (auto const& [form, version] : forms)
    if (words.find(form) != std::string::npos)
      return std::string{form.substr(1, form.size() - 2)} + " of PostgreSQL " + std::string{version};
  if (words.find(" MERGE INTO ") != std::string::npos && words.find(" RETURNING ") != std::string::npos)
    return "MERGE … RETURNING of PostgreSQL 17";
  // ADD CONSTRAINT name NOT NULL column
  if (std::size_t const at = words.find(" ADD CONSTRAINT "); at != std::string::npos) {
    std::size_t const name = words.find(' ', at + 16);
    if (name != std::string::npos && words.compare(name, 10, " NOT NULL ") == 0)
      return "ADD CONSTRAINT … NOT NULL of PostgreSQL 18";
  }
  return {};
}

}  // namespace

std::string without_foreign_lines(LintPass& pass, std::string text) {
  blank_go(pass, text);
  std::string const lower = lowered(text);
  if (text.find('\\') == std::string::npos && lower.find("stdin") == std::string::npos) return text;
  for (int count = 0; count < most_foreign_lines; ++count) {
    auto const heads = statement_heads(text);
    if (heads.empty()) break;
    Head const& last = heads.back();
    if (last.words.front().front() == '\\') {
      std::string const command = last.words.front();
      if (command != "\\.")
        pass.report("psql-command", last.offset, command + " is a command of psql, not SQL",
                    command == "\\i" || command == "\\ir" ? "put that file's statements here" : "");
      blank(text, last.offset, text.find('\n', last.offset));
    } else if (last.from_stdin) {
      pass.report("copy-from-stdin", last.offset, "COPY FROM STDIN has no data to read here");
      std::size_t const data = text.find("\n\\.", last.offset);
      blank(text, last.offset, data == std::string::npos ? text.size() : data + 3);
    } else {
      break;
    }
  }
  return text;
}

void lint_text(LintPass& pass) { Words{pass}.read(); }

void lint_unparsed(LintPass& pass) {
  ParsedStatement const& statement = *pass.statement;
  // Named already, with what PostgreSQL has in its place.
  if (auto const at = pass.residues.lower_bound(statement.begin);
      at != pass.residues.end() && *at < statement.end)
    return;
  if (statement.trouble.rfind("it is longer", 0) == 0) {
    pass.report("not-analysed", "not analysed: " + statement.trouble, "shorter statements");
  } else if (std::string const newer = newer_syntax(pass.words()); !newer.empty()) {
    pass.report("not-analysed", "not analysed: " + newer + "; nothing is known about this statement");
  } else {
    pass.report("syntax-error", statement.trouble_at, statement.trouble);
  }
}

}  // namespace migrations
