#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

// One object of a database: a table, a column, an index, a function, …
struct StructureObject {
  std::string kind;    // "table", "column", "default privileges"
  std::string name;    // qualified and quoted where needed: "members.member", "members.member.id"
  std::string within;  // kind and name of what it is a part of: "table members.member"; empty: nothing
  std::map<std::string, std::string> properties;  // what is not as PostgreSQL makes it by default

  std::string label() const { return kind + " " + name; }
};

// The objects of one database, or of one schema of it, ordered by kind and name. Not in it: PostgreSQL's own
// schemas, `tenantsh` and `runbook`, members of extensions, temporary objects; owners, unless an object's is
// another one than the database's (the schema's).
//
// Texts are those of PostgreSQL's own deparser under an empty search_path, so that every name is qualified.
// What a tenant has in its own name is replaced, so that tenants compare equal:
//   {owner}          the owner of the database, of the schema, or of the object
//   {schema_name}    the schema, when one schema is read; names in it are not qualified
//   {database_name}  in the names of roles: role tenant_acme_app in database tenant_acme
// (A schema that is named like one of its own tables is not told from that table in the text of views.)
struct Structure {
  std::vector<StructureObject> objects;

  StructureObject const* find(std::string_view kind, std::string_view name) const;  // nullptr: none
};

struct StructureScope {
  std::string schema_name;  // this one only; empty: the whole database
};

// Lower-case hex SHA-256 of a Structure, made by the server: no text travels.
struct StructureDigest {
  std::string structure;  // all but own_grants
  // What the tenant's own roles are granted (names with {database_name} or {schema_name}). Provisioning
  // grants it, so that migrations alone do not have it.
  std::string own_grants;

  bool operator==(StructureDigest const&) const = default;
};

// Both work in the transaction that is open, or in a read-only one of their own; the session's settings are
// as before afterwards. Error{not_found} when there is no such schema.
Structure read_structure(Session& session, StructureScope const& scope = {});
StructureDigest structure_digest(Session& session, StructureScope const& scope = {});

// Of many schemas in one statement. A schema that does not exist is not in the answer.
std::map<std::string, StructureDigest> structure_digests(Session& session,
                                                         std::vector<std::string> const& schemas);

// Without what StructureDigest::own_grants digests, and only that.
Structure without_own_grants(Structure structure);
Structure only_own_grants(Structure structure);

}  // namespace fleet
