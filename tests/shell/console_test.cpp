#include <doctest/doctest.h>

#include "shell/reporter.hpp"
#include "shell/terminal_console.hpp"

namespace {

runbooks::Question at_a_step() {
  runbooks::Question question;
  question.text = "step";
  question.choices = {
      {"run", "execute it"}, {"skip", "leave it out"}, {"retry", "once more"}, {"go-on", "", true}};
  question.default_word = "run";
  return question;
}

}  // namespace

TEST_CASE("console: a choice is its word or its key; a word-only one has no key") {
  runbooks::Question const question = at_a_step();
  CHECK(shell::choices_line(question) == "[r]un, [s]kip, r[e]try, go-on (Enter: run)");
  CHECK(shell::choice_of(question, "r") == "run");
  CHECK(shell::choice_of(question, "e") == "retry");
  CHECK(shell::choice_of(question, "retry") == "retry");
  CHECK(shell::choice_of(question, "go-on") == "go-on");
  CHECK(shell::choice_of(question, "g") == "");
  CHECK(shell::choice_of(question, "x") == "");
  CHECK(shell::choice_of(question, "") == "");
}

TEST_CASE("reporter: an error says place, detail and hint, and shows where in the SQL") {
  fleet::Error error{fleet::ErrorKind::sql, "syntax error at or near \"frm\""};
  error.sqlstate = "42601";
  error.statement = "select 'é' as x\n  , y frm t";
  error.position = 23;
  error.hint = "a hint\nof two lines";
  CHECK(shell::error_text(error) ==
        "syntax error at or near \"frm\" (SQLSTATE 42601)\n"
        "  LINE 2:   , y frm t\n"
        "                ^\n"
        "  hint: a hint\n"
        "    of two lines");
  fleet::Error const hostile{fleet::ErrorKind::failed, "value \x1b[2J"};
  CHECK(shell::error_text(hostile) == "value \\e[2J");
}
