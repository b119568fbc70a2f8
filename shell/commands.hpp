#pragma once

#include "shell/exit_status.hpp"
#include "shell/workplace.hpp"

namespace shell {

// Does what options() say: evaluates, runs a script, a command, or the interactive session. Throws
// fleet::Error.
ExitStatus run_command_line(Workplace& workplace);

}  // namespace shell
