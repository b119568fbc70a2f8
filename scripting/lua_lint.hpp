#pragma once

#include <string>
#include <string_view>

#include "scripting/method.hpp"

namespace scripting {

// The row `lint` of migrations.
void add_lint(Registry& registry);

// The help topic "lint": settings, comments and all rules; a rule's id: that rule. Empty for any other topic.
std::string lint_help(std::string_view topic);

}  // namespace scripting
