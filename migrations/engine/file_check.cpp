#include "migrations/engine/file_check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/statement.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/sql_text.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

namespace {

constexpr std::size_t longest_examined = 1024 * 1024;  // bytes; what a transaction refuses is short

class ScriptCheck {
 public:
  ScriptCheck(Migration const& file, Script const& script, std::vector<Problem>& problems)
      : file_(file), script_(script), sql_(parseable(script.sql)), problems_(problems) {}

  void run() {
    bool parse = sql_.find_first_not_of(" \t\n\r") != std::string::npos;
    for (Head const& head : statement_heads(sql_)) {
      if (head.words.front().front() == '\\') {
        meta_command(head);
        parse = false;
      } else if (head.from_stdin) {
        add(ProblemKind::copy_from_stdin, head.offset, "COPY FROM STDIN has no data to read here",
            "write the rows as INSERT … VALUES, or load the data in a runbook step");
        parse = false;
      } else {
        transaction_control(head);
      }
    }
    if (parse) statements();
  }

 private:
  void add(ProblemKind kind, std::size_t offset, std::string const& message, std::string hint) {
    problems_.push_back({kind, file_.name, script_.at(offset) + ": " + message, std::move(hint)});
  }

  void meta_command(Head const& head) {
    std::string const& command = head.words.front();
    std::string hint = "write it as SQL, or remove the line";
    if (command == "\\i" || command == "\\ir" || command == "\\include")
      hint = "put that file's statements here, or give it a number of its own";
    if (command == "\\copy" || command == "\\COPY")
      hint = "write the rows as INSERT … VALUES, or load the data in a runbook step";
    if (command == "\\restrict" || command == "\\unrestrict" || command == "\\connect" || command == "\\c")
      hint = "remove the line (pg_dump writes it for psql)";
    add(ProblemKind::meta_command, head.offset, command + " is a command of psql, not SQL", std::move(hint));
  }

  void transaction_control(Head const& head) {
    auto word = [&](std::size_t i) { return i < head.words.size() ? std::string_view{head.words[i]} : ""; };
    std::string_view const first = word(0);
    std::string_view const second = word(1);
    std::string_view const third = word(2);
    bool const to_savepoint =
        first == "ROLLBACK" &&
        (second == "TO" || ((second == "WORK" || second == "TRANSACTION") && third == "TO"));
    bool const control = first == "BEGIN" || first == "COMMIT" || first == "END" || first == "ABORT" ||
                         (first == "ROLLBACK" && !to_savepoint) ||
                         (first == "START" && second == "TRANSACTION") ||
                         (first == "PREPARE" && second == "TRANSACTION");
    if (!control) return;
    std::string const what{first};
    if (script_.no_transaction)
      add(ProblemKind::transaction_control, head.offset,
          what + " in a no-transaction file, whose statements each commit on their own",
          "remove it; put what must commit together into a file of its own without `-- tenantsh: "
          "no-transaction`");
    else
      add(ProblemKind::transaction_control, head.offset,
          what + " in a file that runs in one transaction, which tenantsh opens and commits",
          "remove it, or add the line `-- tenantsh: no-transaction` at the top for statements that cannot "
          "run in one");
  }

  void statements() {
    std::vector<Piece> pieces;
    try {
      pieces = parse_statements(sql_);
    } catch (fleet::Error const& error) {
      std::size_t const at = byte_offset(sql_, error.position);
      add(ProblemKind::syntax, at, error.message, "correct the statement at that line");
      return;
    }
    for (Piece const& piece : pieces) {
      if (!may_be_forbidden(piece)) continue;
      if (!script_.no_transaction) {
        fleet::StatementFacts const facts = fleet::examine_statement(piece.sql);
        if (facts.transaction_forbidden)
          add(ProblemKind::transaction_forbidden, piece.offset,
              facts.verb + " cannot run inside a transaction",
              script_.path != file_.path || &script_ == static_cast<Script const*>(&file_)
                  ? "add the line `-- tenantsh: no-transaction` at the top of the file"
                  : "write `-- migrate:down transaction:false` above it");
      } else if (auto index = concurrent_index(piece.sql); index && index->name.empty()) {
        add(ProblemKind::unnamed_index, piece.offset,
            "CREATE INDEX CONCURRENTLY without a name: what a failed build leaves behind could not be told "
            "apart",
            "give the index a name");
      }
    }
  }

  // Rows by the megabyte need no second look: the parser took them, and a transaction takes them too.
  static bool may_be_forbidden(Piece const& piece) {
    constexpr std::array<std::string_view, 10> plain{"INSERT", "UPDATE", "DELETE", "SELECT",  "WITH",
                                                     "VALUES", "MERGE",  "DO",     "COMMENT", "COPY"};
    std::string const word = first_word(piece);
    return piece.sql.size() <= longest_examined && !word.empty() &&
           std::find(plain.begin(), plain.end(), word) == plain.end();
  }

  Migration const& file_;
  Script const& script_;
  std::string sql_;
  std::vector<Problem>& problems_;
};

}  // namespace

std::vector<Problem> check_file(Migration const& file) {
  std::vector<Problem> problems;
  ScriptCheck{file, file, problems}.run();
  if (file.down) ScriptCheck{file, *file.down, problems}.run();
  return problems;
}

}  // namespace migrations
