#pragma once

#include <string_view>

namespace scripting {

// The help topics "sets": what a folder of migration files may hold; "waves": how a fleet is migrated. Empty
// for any other topic.
std::string_view migration_help(std::string_view topic);

}  // namespace scripting
