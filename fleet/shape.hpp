#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/result.hpp"
#include "fleet/tenant.hpp"

namespace fleet {

// Names and types of a result's columns, the same for tenants whose rows can stand in one table. Types made
// in a database (an enum, an extension's type) have another OID in each: they count, and are printed, as
// text.
using Shape = std::vector<std::pair<std::string, std::uint32_t>>;
Shape shape_of(std::vector<Column> const& columns);

// As they are printed: each further use of a name gets the next free number that the SQL did not use itself.
std::vector<Column> printed_columns(Shape const& shape);
// The same below a first column `tenant`: a column of that name becomes tenant_2.
std::vector<Column> merged_columns(Shape const& shape);

// Why rows of that shape cannot stand among those of `expected`.
Error differing(Tenant const& tenant, Shape const& own, Shape const& expected);

}  // namespace fleet
