#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "fleet/tenant.hpp"

// The write fence of a tenant: what makes `read_only` and `suspended` true at PostgreSQL.
//
// While it is up nobody but a superuser holds a privilege that writes in the tenant's database (or schema):
// they were revoked, from the owner and PUBLIC too, and stand in tenantsh.fence_privilege with grantor,
// grantee and grant option. New transactions there are read-only by default, and the sessions from before
// were ended. A default that anybody may switch off, privileges that a SECURITY DEFINER function has anyway,
// and sessions that were open already: none of the three holds alone.
//
// A fence is a lease: tenantsh.fence has one row for each (schema_name '' for a whole database) that says
// since when, by whom, why and in which run. Both tables travel in a dump of the tenant, whose GRANTs are the
// fenced ones: in a restored copy lower_fence gives back what the original had.
namespace fleet {

enum class FenceLevel {
  read_only,
  suspended,  // and the application may not connect (of a schema: sees nothing of it)
};
std::string_view to_string(FenceLevel level);

struct FenceRequest {
  Tenant tenant;
  FenceLevel level = FenceLevel::read_only;
  std::string by;      // Operator::name()
  std::string holder;  // Operator::application_name(): says whether that process still lives
  std::string reason, run_id;
  // Lower, or change the level of, a fence that another run holds.
  bool take = false;
};

enum class FenceState {
  down,
  up,
  carried,  // its row came with a copy of another database; the privileges are revoked, nothing else holds
};
std::string_view to_string(FenceState state);

struct Fence {
  FenceState state = FenceState::down;
  FenceLevel level = FenceLevel::read_only;
  std::string since, by, reason, run_id, holder;  // since: ISO 8601, UTC
  std::int64_t privileges = 0;                    // revoked and kept
  // What holds no longer, or not yet, although it is up: "insert on claims.claim by tenant_acme_app".
  std::vector<std::string> gaps;
};

// What raise_fence and lower_fence did.
struct FenceChange {
  bool changed = false;
  Fence fence;                     // afterwards
  std::vector<std::string> notes;  // sessions that stay, roles that are shared or gone
};

// `admin`: a read-write session in the tenant's database as its server's admin, who owns what is in it or is
// a member of the roles that do; no transaction is open. All that changes does so in one transaction; then
// the sessions from before are ended.
//
// Idempotent: of a fence that is up, what came open since is revoked and kept as well; the row stays as it is
// (another run's remains another run's). A higher or lower level changes only what differs.
// Errors: refused (a prepared transaction, whose COMMIT PREPARED no fence stops; an object that the admin may
// not revoke on; another run's level), locked (somebody else is at it), sql, connect.
FenceChange raise_fence(Session& admin, FenceRequest const& request);

// Gives back exactly what was revoked and forgets it. Nothing to do when it is down. Objects and roles that
// are gone since are told in notes. Error{refused} when another run holds it and `take` is not set.
FenceChange lower_fence(Session& admin, FenceRequest const& request);

// As the database itself tells it; needs no right to write.
Fence fence_state(Session& admin, Tenant const& tenant);

// The statements that raise_fence or lower_fence would send now; none when there is nothing to do.
std::vector<std::string> raising_sql(Session& admin, FenceRequest const& request);
std::vector<std::string> lowering_sql(Session& admin, FenceRequest const& request);

}  // namespace fleet
