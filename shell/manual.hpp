#pragma once

#include <string>

#include "scripting/method.hpp"

namespace shell {

// The manual page tenantsh(1) as roff, made from the registry and the help pages.
std::string manual_page(scripting::Registry const& registry);

}  // namespace shell
