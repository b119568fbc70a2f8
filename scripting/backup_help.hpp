#pragma once

#include <string_view>

namespace scripting {

// The help page "backup"; "" for another topic.
std::string_view backup_help(std::string_view topic);

}  // namespace scripting
