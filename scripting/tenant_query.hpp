#pragma once

#include "scripting/method.hpp"

namespace scripting {

// tenants:query and tenant:query: the statement's answers as one value, or poured into a file or standard
// output.
std::vector<Parameter> tenant_query_parameters();
Answer query_tenants(World& world, Arguments const& arguments);

}  // namespace scripting
