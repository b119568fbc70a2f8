#include "migrations/engine/parse_tree.hpp"

#include <pg_query.h>

#include <nlohmann/json.hpp>
#include <string>

#include "fleet/deep_stack.hpp"

namespace migrations {

namespace {

// libpg_query writes its tree by recursion, unchecked: "1+1+1+…" takes about 60 bytes of stack for each byte
// of text, and a visitor some more.
constexpr std::size_t own_stack_text = 16 * 1024;
constexpr std::size_t longest_text = 1024 * 1024;
constexpr std::size_t stack_per_byte = 512;

struct Parse {
  explicit Parse(std::string const& sql) : result(pg_query_parse(sql.c_str())) {}
  ~Parse() { pg_query_free_parse_result(result); }
  Parse(Parse const&) = delete;
  Parse& operator=(Parse const&) = delete;
  PgQueryParseResult result;
};

bool parse_and_visit(std::string const& text, std::function<void(nlohmann::json const&)> const& visit) {
  Parse const parse{text};
  if (parse.result.error != nullptr) return false;
  auto const tree = nlohmann::json::parse(parse.result.parse_tree);
  for (auto const& statement : tree.value("stmts", nlohmann::json::array()))
    if (statement.contains("stmt")) visit(statement.at("stmt"));
  return true;
}

}  // namespace

bool visit_parse_tree(std::string_view statement, std::function<void(nlohmann::json const&)> const& visit) {
  if (statement.size() > longest_text) return false;
  std::string const text{statement};
  if (text.size() <= own_stack_text) return parse_and_visit(text, visit);
  bool known = false;
  fleet::run_with_stack((own_stack_text + text.size()) * stack_per_byte,
                        [&] { known = parse_and_visit(text, visit); });
  return known;
}

}  // namespace migrations
