#pragma once

#include <string_view>

namespace scripting {

class Registry;

void add_parity(Registry& registry);  // a row of tenants

// The help topic "parity": what is compared, and what is not. Empty for any other topic.
std::string_view parity_help(std::string_view topic);

}  // namespace scripting
