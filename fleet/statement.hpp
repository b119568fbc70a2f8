#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// One SQL statement and its parameters ($1, $2, …) in PostgreSQL's text format; nullopt is NULL.
struct Statement {
  using Parameters = std::vector<std::optional<std::string>>;

  Statement(std::string text, Parameters values = {}) : sql(std::move(text)), params(std::move(values)) {}
  Statement(char const* text, Parameters values = {}) : sql(text), params(std::move(values)) {}

  std::string sql;
  Parameters params;
};

// What a statement does, from PostgreSQL's own parse tree.
enum class StatementEffect {
  read,     // cannot change anything: SELECT/VALUES/SHOW/EXPLAIN of those, calling no volatile function
  write,    // changes rows or objects inside a transaction
  session,  // changes the session: SET, RESET, BEGIN, LISTEN, …
  outside,  // not covered by a transaction: CREATE DATABASE, VACUUM, ALTER SYSTEM, COPY TO PROGRAM, …
};

struct StatementFacts {
  int statements = 0;                           // how many statements the text holds
  StatementEffect effect = StatementEffect::read;  // the strongest of them
  std::string verb;                             // "INSERT", "CREATE DATABASE": names the cause of `effect`
  std::vector<std::string> functions;           // names of called functions that are not known to be stable
  bool transaction_forbidden = false;           // PostgreSQL refuses it inside a transaction block
};

// Throws Error{sql, sqlstate 42601} with position for text that PostgreSQL's parser refuses.
StatementFacts examine_statement(std::string_view sql);

}  // namespace fleet
