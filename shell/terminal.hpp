#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shell/interrupts.hpp"

namespace shell {

enum class Echo { on, off };

// The person's keyboard and screen: /dev/tty, whatever standard input and output were redirected to.
class Terminal {
 public:
  explicit Terminal(Interrupts& interrupts);
  ~Terminal();
  Terminal(Terminal const&) = delete;
  Terminal& operator=(Terminal const&) = delete;

  void write(std::string_view text);
  // Throws away what was typed before the question stood there.
  void drain();
  // One line without its end; nullopt at end of input (Ctrl-D). Throws Error{interrupted} for Ctrl-C.
  std::optional<std::string> read_line(Echo echo);

 private:
  Interrupts& interrupts_;
  int descriptor_ = -1;
  bool owned_ = false;
  std::string read_ahead_;  // a paste brings several lines at once
};

}  // namespace shell
