#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace runbooks {

// One answer that a question takes: the whole word, and a single key unless `word_only`.
struct Choice {
  std::string word;   // "run"
  std::string brief;  // "execute this step"
  bool word_only = false;
};

struct Question {
  std::string text;
  std::vector<Choice> choices;  // empty: free text
  std::string default_word;     // what Enter alone means; empty: Enter asks again
  bool secret = false;          // no echo
  std::string flag;  // what answers it without a terminal: "--yes", "--confirm acme", "--input slug=…"
};

// Port: how anything below the shell speaks with the person at the terminal. The shell implements it for a
// terminal, for a pipe (never prompts: ask() throws Error{declined} naming `flag`) and tests for a script.
class Console {
 public:
  virtual ~Console() = default;
  virtual bool interactive() const = 0;
  // A line (or block) of the record of what happens: steps, results. Standard output.
  virtual void say(std::string_view text) = 0;
  // A line about progress or a warning. Standard error.
  virtual void note(std::string_view text) = 0;
  // Drains type-ahead, then asks until the answer fits. Ctrl-C throws Error{interrupted}, end of input
  // Error{declined}.
  virtual std::string ask(Question const& question) = 0;
};

}  // namespace runbooks
