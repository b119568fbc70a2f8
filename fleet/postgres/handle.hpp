#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/session.hpp"

namespace fleet::postgres {

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Handle = std::unique_ptr<PGconn, Finish>;

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

// An open connection with the session settings of `options` in force (fleet/session.hpp: Driver::connect);
// behind a pooler (fleet/postgres/pooler.hpp) they are not, but `settings` makes them so for one transaction.
struct Opened {
  Handle handle;
  std::string settings;  // "SET LOCAL …;…", empty on a direct connection
};
Opened open_handle(Endpoint const& endpoint, Secrets& secrets, ConnectOptions const& options);

// First line of a libpq message, without the trailing newline.
std::string one_line(char const* message);

}  // namespace fleet::postgres
