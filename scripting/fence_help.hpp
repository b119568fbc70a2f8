#pragma once

#include <string_view>

namespace scripting {

// The help page "read_only"; "" for another topic.
std::string_view fence_help(std::string_view topic);

}  // namespace scripting
