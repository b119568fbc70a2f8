#pragma once

#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "fleet/tenant.hpp"

// Who is connected to what a write fence closes. `scope` is a schema, "" the whole database.
namespace fleet {

// Error{refused} naming a prepared transaction: COMMIT PREPARED writes through every fence.
void refuse_prepared(Session& admin, Tenant const& tenant);

// A login that may, or by the fence's own list might, write in schema `scope`.
struct Writer {
  std::string role;
  bool shared = false;  // it writes in other schemas of the database too
};
std::vector<Writer> writers(Session& admin, std::string const& scope);

// Whether the session may ALTER ROLE `role` SET.
bool may_set(Session& admin, std::string const& role);

// Ends the sessions that began before this call: of a database all, of a schema those of logins that write
// nowhere else and those that hold a lock for writing in it. Operators' own and superusers' stay. Waits until
// they are gone, 10 s at most. Returns a line for each that stays.
std::vector<std::string> end_sessions(Session& admin, std::string const& scope);

}  // namespace fleet
