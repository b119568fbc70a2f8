#pragma once

#include "runbooks/engine/console.hpp"
#include "shell/interrupts.hpp"
#include "shell/reporter.hpp"
#include "shell/terminal.hpp"

namespace shell {

// A person sits there: questions go to the terminal itself, so that they are seen when output is redirected.
class TerminalConsole final : public runbooks::Console {
 public:
  TerminalConsole(Reporter& reporter, Interrupts& interrupts) : reporter_(reporter), terminal_(interrupts) {}

  bool interactive() const override { return true; }
  void say(std::string_view text) override { reporter_.say(text); }
  void note(std::string_view text) override { reporter_.note(text); }
  std::string ask(runbooks::Question const& question) override;

 private:
  Reporter& reporter_;
  Terminal terminal_;
};

// Nobody sits there: a question stops the work and names the flag that answers it.
class PipeConsole final : public runbooks::Console {
 public:
  explicit PipeConsole(Reporter& reporter) : reporter_(reporter) {}

  bool interactive() const override { return false; }
  void say(std::string_view text) override { reporter_.say(text); }
  void note(std::string_view text) override { reporter_.note(text); }
  std::string ask(runbooks::Question const& question) override;

 private:
  Reporter& reporter_;
};

// Which choice `answer` means: its whole word, or the key that stands in brackets in choices_line(). Empty
// when none. Keys: the first letter of a word that no earlier choice has taken; none for word_only.
std::string choice_of(runbooks::Question const& question, std::string_view answer);
// "[r]un, [s]kip, go" and the default.
std::string choices_line(runbooks::Question const& question);

}  // namespace shell
