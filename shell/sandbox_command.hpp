#pragma once

#include <string_view>

#include "shell/exit_status.hpp"
#include "shell/workplace.hpp"

namespace shell {

// `tenantsh sandbox up|down|status|reset`; the words after "sandbox" are in options().words.
ExitStatus sandbox_command(Workplace& workplace, std::vector<std::string> const& words);

std::string_view sandbox_page();

}  // namespace shell
