#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shell/exit_status.hpp"
#include "shell/workplace.hpp"

namespace shell {

// `tenantsh torture RUNBOOK …`; `words` are those after "torture".
ExitStatus torture_command(Workplace& workplace, std::vector<std::string> const& words);

std::string_view torture_page();

}  // namespace shell
