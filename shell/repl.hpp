#pragma once

#include "shell/exit_status.hpp"
#include "shell/workplace.hpp"

namespace shell {

// The interactive session: reads entries from the terminal until \q or Ctrl-D. An error ends its entry only.
ExitStatus run_repl(Workplace& workplace);
// The same in the middle of something: named `place`, until the person leaves it.
void run_nested_repl(Workplace& workplace, std::string const& place);

}  // namespace shell
