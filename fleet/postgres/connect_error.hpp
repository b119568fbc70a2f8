#pragma once

#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/session.hpp"

namespace fleet::postgres {

// What libpq says about a failed attempt, taken apart. The message is one of PQERRORS_VERBOSE, the only way
// to get at the SQLSTATE of a connection that never was.
struct ConnectFailure {
  std::string reason;    // "database \"x\" does not exist"
  std::string sqlstate;  // empty when no server answered
  std::string detail, hint;
};
ConnectFailure read_failure(std::string_view message);

// "cannot connect to pg-1 (host:5432) as admin, database x: reason", with what to do next.
Error connect_error(Endpoint const& endpoint, ConnectOptions const& options, ConnectFailure const& failure);

}  // namespace fleet::postgres
