#pragma once

#include <string>
#include <vector>

#include "fleet/session.hpp"

// The privileges that a write fence revokes, and the statements that take them and give them back.
namespace fleet {

// One grant: a privilege on one object (of one column) from one role to another.
struct HeldPrivilege {
  std::string kind;                     // table, column, sequence, schema, database, function
  std::string schema, object, column;   // a function's object is its signature, a schema's its name
  std::string owner, grantor, grantee;  // grantee "" is PUBLIC
  std::string privilege;                // INSERT, …
  bool grantable = false;
  bool may = true;     // the session may grant and revoke as the object's owner
  bool added = false;  // granted by the fence itself, for the admin
};

// What is open in the database ($1 '') or in schema $1: writing privileges, and with $2 true those that let
// somebody in. Columns: kind, object_oid, object_schema, object, column_name, owner, grantor, grantee,
// privilege, grantable, level, may. A superuser's own privileges on what it owns do not count: no REVOKE
// stops it.
std::string open_privileges_sql();

std::vector<HeldPrivilege> privileges_of(Result const& rows);

// "insert on claims.claim by tenant_acme_app"
std::string describe(HeldPrivilege const& privilege);

// One statement for the objects of a schema that the same roles hold privileges on. CASCADE: what was passed
// on stands in the list with its own row.
std::vector<std::string> revoke_sql(Session const& session, std::vector<HeldPrivilege> const& held);

// Grants as the objects' owners first, then those that were passed on, each as the role that did, in an order
// in which that role holds the grant option already. `become` are roles that the session is no member of: it
// is made one in between.
std::vector<std::string> grant_sql(Session const& session, std::vector<HeldPrivilege> const& held,
                                   std::vector<std::string> const& become);

}  // namespace fleet
