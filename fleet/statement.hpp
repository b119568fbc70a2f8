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

// What a statement does, from PostgreSQL's own parse tree. In order of rising strength.
enum class StatementEffect {
  read,     // cannot change anything: SELECT/VALUES/SHOW/EXPLAIN of those, calling no volatile function
  session,  // changes the session: SET, RESET, BEGIN, LISTEN, set_config(), …
  write,    // changes rows or objects inside a transaction
  outside,  // not covered by a transaction: CREATE DATABASE, VACUUM, ALTER SYSTEM, COPY TO PROGRAM, …
};
std::string_view to_string(StatementEffect effect);

struct StatementFacts {
  int statements = 0;                              // how many statements the text holds
  StatementEffect effect = StatementEffect::read;  // the strongest of them
  std::string verb;  // "INSERT", "CREATE DATABASE", "SELECT calling NAME()": the cause of `effect`
  std::vector<std::string>
      functions;         // called functions that are not known to only read, as written, each once
  std::string destroys;  // DROP of a DATABASE, SCHEMA, TABLE, COLUMN or of what is OWNED, TRUNCATE, DELETE
                         // without WHERE, anywhere in it; else ""
  bool transaction_forbidden = false;  // PostgreSQL refuses it inside a transaction block
  bool transaction_control = false;    // BEGIN, COMMIT, ROLLBACK, PREPARE TRANSACTION (savepoints are not)
};

// What one text does. The tree shows names only: a view, an operator, a cast or a trigger may still run a
// function that writes, so a read-only transaction and role stand behind every answer `read`.
// Throws Error{sql} with position for text that PostgreSQL's parser refuses (sqlstate 42601; 22021 for bytes
// that are not UTF-8) and for a statement of more than 16 MiB (54000). Thread-safe.
StatementFacts examine_statement(std::string_view sql);

}  // namespace fleet
