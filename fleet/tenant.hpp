#pragma once

#include <map>
#include <string>
#include <string_view>

namespace fleet {

// A row of identity.db_server (or of a foreign fleet's list).
struct Server {
  std::string id, name, region, host, admin_user, admin_secret_ref, status;
  int port = 5432;
  int capacity_tenants = 0;
  int tenants = 0;  // placed there now, retired ones not counted
};

enum class TenantStatus { provisioning, active, read_only, suspended, retired };
std::string_view to_string(TenantStatus status);
TenantStatus parse_tenant_status(std::string_view text);  // Error{usage} listing the five

enum class Placement { database, schema };
std::string_view to_string(Placement placement);
Placement parse_placement(std::string_view text);  // Error{usage} naming the two

// A row of identity.tenant with its server's name.
struct Tenant {
  std::string id, slug, display_name, server, region, database_name, schema_name, db_config_ref;
  TenantStatus status = TenantStatus::active;
  Placement placement = Placement::database;
  std::map<std::string, std::string> labels;
};

// `[a-z][a-z0-9-]{0,37}` (PRODUCT: fixed names). Error{usage} says which rule is broken.
void check_slug(std::string_view slug);

}  // namespace fleet
