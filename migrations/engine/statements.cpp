#include "migrations/engine/statements.hpp"

#include <pg_query.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/parse_tree.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

namespace {

constexpr std::size_t longest_message = 160;    // bytes
constexpr std::size_t start_of_statement = 64;  // bytes: the first word is in there

struct Split {
  explicit Split(PgQuerySplitResult split) : result(split) {}
  ~Split() { pg_query_free_split_result(result); }
  Split(Split const&) = delete;
  Split& operator=(Split const&) = delete;
  PgQuerySplitResult result;
};

// The statement in text[begin, begin + length) without the blanks and comments above it.
Piece piece(std::string_view text, std::size_t begin, std::size_t length) {
  std::string_view const part = text.substr(begin, length);
  std::size_t skip = 0;
  for (Region const& region : regions(part)) {
    skip = region.begin;
    if (region.kind == Stretch::comment) continue;
    while (skip < region.end && std::isspace(static_cast<unsigned char>(part[skip])) != 0) ++skip;
    if (skip < region.end) break;
  }
  return {std::string{part.substr(skip)}, begin + skip};
}

std::vector<Piece> pieces(std::string_view text, PgQuerySplitResult const& split) {
  std::vector<Piece> found;
  for (int i = 0; i < split.n_stmts; ++i) {
    auto const begin = static_cast<std::size_t>(split.stmts[i]->stmt_location);
    auto const length = static_cast<std::size_t>(split.stmts[i]->stmt_len);
    found.push_back(piece(text, begin, length == 0 ? std::string_view::npos : length));
  }
  return found;
}

// `at or near "…` repeats the rest of a file whose last quote is open.
fleet::Error refused(PgQueryError const& refusal) {
  std::string message = refusal.message;
  std::size_t end = std::min(message.find('\n'), message.size());
  if (end > longest_message)
    for (end = longest_message; (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U;) --end;
  if (end < message.size()) message = message.substr(0, end) + "…";
  fleet::Error error{fleet::ErrorKind::sql, std::move(message)};
  error.sqlstate = "42601";
  error.position = refusal.cursorpos;
  return error;
}

// The scanner leaves out what begins with no word that it knows ("selec 1;"): a statement all the same, which
// the server shall refuse.
std::vector<Piece> with_what_was_skipped(std::string_view text, std::vector<Piece> found) {
  std::vector<Piece> all;
  std::size_t at = 0;
  auto take_gap = [&](std::size_t end) {
    Piece skipped = piece(text, at, end - at);
    while (!skipped.sql.empty() && skipped.sql.front() == ';') {
      skipped = piece(text, skipped.offset + 1, end - skipped.offset - 1);
    }
    std::size_t const last = skipped.sql.find_last_not_of("; \t\r\n");
    if (last == std::string::npos) return;
    skipped.sql.resize(last + 1);
    all.push_back(std::move(skipped));
  };
  for (Piece& one : found) {
    if (one.offset > at) take_gap(one.offset);
    at = one.offset + one.sql.size();
    all.push_back(std::move(one));
  }
  if (at < text.size()) take_gap(text.size());
  return all;
}

}  // namespace

std::vector<Piece> parse_statements(std::string_view sql) {
  std::string const text{sql};
  Split const parsed{pg_query_split_with_parser(text.c_str())};
  if (parsed.result.error == nullptr) return pieces(text, parsed.result);
  throw refused(*parsed.result.error);
}

std::vector<Piece> split_statements(std::string_view sql) {
  std::string const text{sql};
  if (Split const parsed{pg_query_split_with_parser(text.c_str())}; parsed.result.error == nullptr)
    return pieces(text, parsed.result);
  Split const scanned{pg_query_split_with_scanner(text.c_str())};
  if (scanned.result.error == nullptr) return with_what_was_skipped(text, pieces(text, scanned.result));
  throw refused(*scanned.result.error);
}

std::string first_word(Piece const& statement) {
  std::vector<Head> const heads =
      statement_heads(std::string_view{statement.sql}.substr(0, start_of_statement));
  return heads.empty() || heads.front().offset != 0 ? "" : heads.front().words.front();
}

std::optional<ConcurrentIndex> concurrent_index(std::string_view statement) {
  std::vector<Head> const heads = statement_heads(statement);
  if (heads.size() != 1) return std::nullopt;
  std::vector<std::string> const& words = heads.front().words;
  if (words.front() != "CREATE" || std::find(words.begin(), words.end(), "CONCURRENTLY") == words.end())
    return std::nullopt;
  std::optional<ConcurrentIndex> found;
  visit_parse_tree(statement, [&found](nlohmann::json const& tree) {
    auto const index = tree.find("IndexStmt");
    if (index == tree.end() || !index->value("concurrent", false)) return;
    auto const& table = index->at("relation");
    found = {table.value("schemaname", ""), table.value("relname", ""), index->value("idxname", "")};
  });
  return found;
}

}  // namespace migrations
