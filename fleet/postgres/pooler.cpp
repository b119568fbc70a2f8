#include "fleet/postgres/pooler.hpp"

#include <map>
#include <mutex>

#include "fleet/postgres/handle.hpp"

namespace fleet::postgres {
namespace {

struct Routes {
  std::mutex mutex;
  std::map<std::string, Route> by_place;
};

Routes& routes() {
  static Routes all;
  return all;
}

}  // namespace

Route known_route(std::string const& place) {
  std::lock_guard const lock{routes().mutex};
  auto const found = routes().by_place.find(place);
  return found == routes().by_place.end() ? Route::unknown : found->second;
}

void note_route(std::string const& place, Route route) {
  std::lock_guard const lock{routes().mutex};
  routes().by_place[place] = route;
}

Route find_route(std::string const& place, PGconn* connection) {
  if (Route const known = known_route(place); known != Route::unknown) return known;
  Answer const answer{PQexec(connection, "select pg_backend_pid()")};
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK)
    return Route::unknown;  // the caller's statement will say why
  bool const same = PQgetvalue(answer.get(), 0, 0) == std::to_string(PQbackendPID(connection));
  Route const route = same ? Route::direct : Route::pooled;
  note_route(place, route);
  return route;
}

}  // namespace fleet::postgres
