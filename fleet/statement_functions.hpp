#pragma once

#include <string_view>

#include "fleet/statement.hpp"

namespace fleet {

// What calling a function of that unqualified, lower-case name does, as far as PostgreSQL 15's own functions
// tell: `write` for nextval, lo_create and every name that is not PostgreSQL's.
StatementEffect effect_of_function(std::string_view name);

// The same of a name written like a column or field, which may as well be one: `read` unless PostgreSQL has a
// volatile function of that name that takes one argument.
StatementEffect effect_of_attribute(std::string_view name);

}  // namespace fleet
