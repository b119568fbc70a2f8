#pragma once

#include <libpq-fe.h>

#include <string>

namespace fleet::postgres {

// Whether a connection pooler (PgBouncer, pgcat, a cloud's proxy) stands at a place (host and port).
//
// Behind one in transaction mode each transaction may run in another backend, so a session's settings are
// neither ours for long nor only ours: SET would turn the next client of that backend into a reader. Start-up
// options do not get through either: PgBouncer refuses them (SQLSTATE 08P01), or drops them without a word
// (ignore_startup_parameters). What a pooler cannot hide is that the backend we were told of at the start is
// not the one that answers.
enum class Route { unknown, direct, pooled };

// What earlier connections of this process found out about `place`. Thread-safe.
Route known_route(std::string const& place);
void note_route(std::string const& place, Route route);

// Asks once per place and process: one round trip.
Route find_route(std::string const& place, PGconn* connection);

}  // namespace fleet::postgres
