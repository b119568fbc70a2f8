#pragma once

#include "scripting/method.hpp"

namespace scripting {

// A row of tenants: dump_weight.
void add_dump_weight(Registry& registry);

}  // namespace scripting
