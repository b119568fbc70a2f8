#pragma once

#include "scripting/method.hpp"
#include "scripting/world.hpp"

namespace scripting {

// What every querying method takes: sql, params, timeout_ms.
std::vector<Parameter> query_parameters();
// The statement that `sql` and `params` make; numbers and booleans in PostgreSQL's text format, null as NULL.
// Error{usage} for a parameter that is a table.
fleet::Statement statement_of(Arguments const& arguments);
// Milliseconds: the option, else the setting.
int timeout_of(World const& world, Arguments const& arguments);

}  // namespace scripting
