#pragma once

#include "fleet/session.hpp"
#include "fleet/session_watch.hpp"

// The one symbol that tenantsh-postgres.so exports. Returns a new Driver, or nullptr when `build` is not the
// build of the module: the two sides share C++ types, so they must come from the same headers and compiler.
// `watch` is copied.
extern "C" fleet::Driver* tenantsh_postgres_driver(char const* build, fleet::SessionWatch const* watch);

namespace fleet::postgres {

inline constexpr char const* module_file = "tenantsh-postgres.so";
inline constexpr char const* factory_name = "tenantsh_postgres_driver";
// Version, compiler and a digest of the shared headers; made by CMakeLists.txt.
inline constexpr char const* build = TENANTSH_MODULE_BUILD;

}  // namespace fleet::postgres
