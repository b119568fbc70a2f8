#include "fleet/statement.hpp"

#include <pg_query.h>
#include <nlohmann/json.hpp>

#include "fleet/deep_stack.hpp"
#include "fleet/error.hpp"
#include "fleet/statement_tree.hpp"

namespace fleet {
namespace {

// libpg_query writes its JSON by recursion, unchecked: "1+1+1+…" takes about 60 bytes of stack for each byte
// of text and kills the process at the end of the stack. Longer texts get a thread whose stack fits them.
constexpr std::size_t own_stack_text = 16 * 1024;
constexpr std::size_t stack_per_byte = 256;
constexpr std::size_t longest_statement = 16 * 1024 * 1024;

Error refusal(std::string_view sql, std::string sqlstate, std::string message, int position) {
  Error error(ErrorKind::sql, std::move(message));
  error.sqlstate = std::move(sqlstate);
  error.statement = std::string(sql);
  error.position = position;
  return error;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

int characters_in(std::string_view bytes) {
  int count = 0;
  for (auto byte : bytes) count += continues(byte) ? 0 : 1;
  return count;
}

// Length of the UTF-8 sequence that `rest` starts with; 0 when it is none (RFC 3629: no overlong forms, no
// surrogates, nothing past U+10FFFF).
std::size_t sequence_length(std::string_view rest) {
  auto const at = [&](std::size_t index) { return static_cast<unsigned char>(rest[index]); };
  auto const first = at(0);
  if (first < 0x80) return 1;
  std::size_t const length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || rest.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index)
    if (!continues(rest[index])) return 0;
  if ((first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F) || (first == 0xF0 && at(1) < 0x90) ||
      (first == 0xF4 && at(1) > 0x8F))
    return 0;
  return length;
}

void check_text(std::string_view sql) {
  for (std::size_t at = 0; at < sql.size();) {
    auto const length = sequence_length(sql.substr(at));
    auto const position = [&] { return characters_in(sql.substr(0, at)) + 1; };
    if (length == 0) throw refusal(sql, "22021", "the statement is not valid UTF-8", position());
    if (sql[at] == '\0') throw refusal(sql, "22021", "the statement holds a NUL byte", position());
    at += length;
  }
}

// `piece` is `sql` or one statement of it, starting `offset` bytes in.
void add_piece(std::string_view sql, std::string const& piece, std::size_t offset, StatementFacts& facts) {
  auto const parsed = pg_query_parse(piece.c_str());
  struct Release {
    PgQueryParseResult result;
    ~Release() { pg_query_free_parse_result(result); }
  } const release{parsed};
  if (parsed.error != nullptr)
    throw refusal(
        sql, "42601", parsed.error->message,
        parsed.error->cursorpos > 0 ? parsed.error->cursorpos + characters_in(sql.substr(0, offset)) : 0);
  auto const tree = nlohmann::json::parse(parsed.parse_tree);
  for (auto const& statement : tree.at("stmts")) {
    auto const node = statement.find("stmt");
    if (node != statement.end()) add_statement(*node, facts);
  }
}

}  // namespace

std::string_view to_string(StatementEffect effect) {
  switch (effect) {
    case StatementEffect::read: return "read";
    case StatementEffect::session: return "session";
    case StatementEffect::write: return "write";
    case StatementEffect::outside: return "outside";
  }
  return "outside";
}

StatementFacts examine_statement(std::string_view sql) {
  check_text(sql);
  std::string const text(sql);
  StatementFacts facts;
  if (text.size() <= own_stack_text) {
    add_piece(sql, text, 0, facts);
    return facts;
  }
  // The tree takes many times the room of the text, so a long script is parsed one statement at a time.
  struct Release {
    PgQuerySplitResult result;
    ~Release() { pg_query_free_split_result(result); }
  } const split{pg_query_split_with_parser(text.c_str())};
  if (split.result.error != nullptr)
    throw refusal(sql, "42601", split.result.error->message, split.result.error->cursorpos);
  for (auto const* const* each = split.result.stmts; each != split.result.stmts + split.result.n_stmts;
       ++each) {
    auto const offset = static_cast<std::size_t>((*each)->stmt_location);
    auto const length = (*each)->stmt_len == 0 ? text.npos : static_cast<std::size_t>((*each)->stmt_len);
    auto const piece = text.substr(offset, length);
    if (piece.size() > longest_statement)
      throw refusal(sql, "54000", "a statement of more than 16 MiB is not examined",
                    characters_in(sql.substr(0, offset)) + 1);
    if (piece.size() <= own_stack_text) {
      add_piece(sql, piece, offset, facts);
    } else {
      run_with_stack(stack_per_byte * piece.size() + 1024 * 1024,
                     [&] { add_piece(sql, piece, offset, facts); });
    }
  }
  return facts;
}

}  // namespace fleet
