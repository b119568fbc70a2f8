// DO blocks: the statements in them are looked into as if they stood in the file, but for what only a
// condition decides.

#include <pg_query.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "migrations/engine/lint_pass.hpp"

namespace migrations {

namespace {

struct Query {
  int line;
  std::string sql;
};

// The text of 'a constant'; nothing for any other expression.
std::string constant(std::string const& expression) {
  if (expression.size() < 2 || expression.front() != '\'' || expression.back() != '\'') return {};
  std::string text;
  for (std::size_t i = 1; i + 1 < expression.size(); ++i) {
    text += expression[i];
    if (expression[i] != '\'') continue;
    if (i + 2 >= expression.size() || expression[i + 1] != '\'') return {};
    ++i;
  }
  return text;
}

std::string query_of(Node inner, char const* key) {
  Node const expression = inner[key].inner();
  return std::string{expression.text("query")};
}

}  // namespace

void lint_body(LintPass& pass) {
  if (pass.guarded) return;
  std::string const block{pass.words()};
  struct Body {
    explicit Body(std::string const& sql) : result(pg_query_parse_plpgsql(sql.c_str())) {}
    ~Body() { pg_query_free_plpgsql_parse_result(result); }
    Body(Body const&) = delete;
    Body& operator=(Body const&) = delete;
    PgQueryPlpgsqlParseResult result;
  } const body{block};
  if (body.result.error != nullptr) {
    pass.report("dynamic-sql", "the body is not looked into: " + std::string{body.result.error->message},
                "plain statements");
    return;
  }
  auto const tree = nlohmann::json::parse(body.result.plpgsql_funcs, nullptr, false);
  std::vector<Query> queries;
  Node{tree}.walk([&](std::string_view kind, Node inner) {
    if (kind == "PLpgSQL_stmt_execsql")
      queries.push_back({inner.number("lineno"), query_of(inner, "sqlstmt")});
    if (kind != "PLpgSQL_stmt_dynexecute") return;
    std::string const expression = query_of(inner, "query");
    std::string const text = constant(expression);
    if (text.empty())
      pass.report("dynamic-sql", "EXECUTE " + expression.substr(0, 60) + " is known only when it runs");
    else
      queries.push_back({inner.number("lineno"), text});
  });
  std::stable_sort(queries.begin(), queries.end(),
                   [](Query const& a, Query const& b) { return a.line < b.line; });
  ParsedStatement const outer = *pass.statement;
  std::size_t search = outer.begin;
  pass.guarded = true;
  for (Query const& query : queries) {
    std::size_t at = pass.text.find(query.sql, search);
    bool const here = at != std::string_view::npos && at + query.sql.size() <= outer.end;
    if (here) search = at + query.sql.size();
    parse_statements(query.sql, [&](ParsedStatement const& inner) {
      ParsedStatement statement = inner;
      statement.begin = here ? at + inner.begin : outer.begin;
      statement.end = here ? at + inner.end : outer.end;
      statement.base = here ? at + inner.base : pass.text.size();
      statement.trouble_at = here ? at + inner.trouble_at : outer.begin;
      pass.statement = &statement;
      if (!inner.kind.empty()) lint_statement(pass);
    });
  }
  pass.guarded = false;
  pass.statement = &outer;
}

}  // namespace migrations
