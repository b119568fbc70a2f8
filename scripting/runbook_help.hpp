#pragma once

#include <string_view>

namespace scripting {

// The help topics "runbook" and "step": what a runbook file may say; "notifications": who hears of its runs.
// Empty for any other topic.
std::string_view runbook_help(std::string_view topic);

}  // namespace scripting
