#include "fleet/registry.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"

namespace fleet {

char const* const registry_servers_sql = R"(
  select s.id, s.name, s.region, s.host, s.port, s.admin_user, s.admin_secret_ref, s.status, s.capacity_tenants,
         (select count(*) from identity.tenant t where t.server_id = s.id and t.status::text <> 'retired') as tenants
  from identity.db_server s order by s.name)";

char const* const registry_tenants_sql = R"(
  select t.id, t.slug, t.display_name, t.status, s.name as server, s.region, t.placement, t.database_name,
         t.schema_name, t.db_config_ref, t.labels
  from identity.tenant t left join identity.db_server s on s.id = t.server_id order by t.slug)";

ListColumns const& server_columns() {
  static ListColumns const columns{
      "servers",
      {"name", "host", "admin_user"},
      {"id", "region", "port", "admin_secret_ref", "status", "capacity_tenants", "tenants"}};
  return columns;
}

ListColumns const& tenant_columns() {
  static ListColumns const columns{
      "tenants",
      {"slug", "server", "database_name"},
      {"id", "display_name", "status", "region", "placement", "schema_name", "db_config_ref", "labels"}};
  return columns;
}

namespace {

std::string value(ListEntry const& entry, char const* column, char const* otherwise = "") {
  auto found = entry.find(column);
  return found == entry.end() || found->second.empty() ? otherwise : found->second;
}

Error bad(std::string const& source, std::string const& entry, std::string const& what) {
  return Error{ErrorKind::config, source + ": " + entry + ": " + what};
}

int number(ListEntry const& entry, char const* column, int otherwise, std::string const& source,
           std::string const& name) {
  std::string const text = value(entry, column);
  if (text.empty()) return otherwise;
  int parsed = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (failed != std::errc{} || end != text.data() + text.size() || parsed < 0)
    throw bad(source, name, std::string{column} + " is no number: \"" + text + "\"");
  return parsed;
}

std::map<std::string, std::string> labels_of(std::string const& text, std::string const& source,
                                             std::string const& name) {
  std::map<std::string, std::string> labels;
  if (text.empty() || text == "{}") return labels;
  auto const parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) throw bad(source, name, "labels is no JSON object: " + text);
  for (auto const& [key, label] : parsed.items())
    labels[key] = label.is_string() ? label.get<std::string>() : label.dump();
  return labels;
}

// What is empty although it must not be.
void require_values(ListEntry const& entry, ListColumns const& columns, std::string const& source,
                    std::string const& name) {
  for (std::string const& column : columns.required)
    if (value(entry, column.c_str()).empty()) throw bad(source, name, column + " is empty");
}

}  // namespace

void check_columns(ListColumns const& columns, std::vector<std::string> const& present,
                   std::string const& source) {
  for (std::string const& column : columns.required)
    if (std::find(present.begin(), present.end(), column) == present.end())
      throw Error{ErrorKind::config, source + " lacks the column " + column};
  std::vector<std::string> known = columns.required;
  known.insert(known.end(), columns.optional.begin(), columns.optional.end());
  for (std::string const& name : present) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (std::string const& column : known) list += (list.empty() ? "" : ", ") + column;
    std::string const near = nearest(name, known);
    throw Error{ErrorKind::config, source + " has an unknown column " + name +
                                       (near.empty() ? std::string{} : " (did you mean " + near + "?)")}
        .with_hint("the columns are " + list);
  }
}

std::vector<ListEntry> entries_of(Result const& rows, ListColumns const& columns, std::string const& source) {
  std::vector<std::string> names;
  for (Column const& column : rows.columns()) names.push_back(column.name);
  check_columns(columns, names, source);
  std::vector<ListEntry> entries(rows.rows());
  for (std::size_t row = 0; row < rows.rows(); ++row)
    for (std::size_t i = 0; i < names.size(); ++i)
      if (auto cell = rows.at(row, i)) entries[row][names[i]] = *cell;
  return entries;
}

std::vector<Server> servers_from(std::vector<ListEntry> const& entries, std::string const& source) {
  std::vector<Server> servers;
  std::set<std::string> names;
  for (ListEntry const& entry : entries) {
    std::string const name = value(entry, "name", "a server without name");
    require_values(entry, server_columns(), source, name);
    if (!names.insert(name).second) throw bad(source, name, "two servers have this name");
    Server server;
    server.id = value(entry, "id", name.c_str());
    server.name = name;
    server.region = value(entry, "region");
    server.host = value(entry, "host");
    server.port = number(entry, "port", 5432, source, name);
    server.admin_user = value(entry, "admin_user");
    server.admin_secret_ref = value(entry, "admin_secret_ref");
    server.status = value(entry, "status", "active");
    server.capacity_tenants = number(entry, "capacity_tenants", 0, source, name);
    server.tenants = number(entry, "tenants", 0, source, name);
    servers.push_back(std::move(server));
  }
  return servers;
}

std::vector<Tenant> tenants_from(std::vector<ListEntry> const& entries, std::vector<Server> const& servers,
                                 std::string const& source) {
  std::map<std::string, std::string> regions;
  for (Server const& server : servers) regions[server.name] = server.region;
  std::vector<Tenant> tenants;
  tenants.reserve(entries.size());
  std::set<std::string> slugs;
  for (ListEntry const& entry : entries) {
    std::string const slug = value(entry, "slug", "a tenant without slug");
    require_values(entry, tenant_columns(), source, slug);
    if (!slugs.insert(slug).second) throw bad(source, slug, "two tenants have this slug");
    Tenant tenant;
    tenant.id = value(entry, "id", slug.c_str());
    tenant.slug = slug;
    tenant.display_name = value(entry, "display_name", slug.c_str());
    tenant.server = value(entry, "server");
    auto region = regions.find(tenant.server);
    if (region == regions.end())
      throw bad(source, slug, "its server " + tenant.server + " is not in the list of servers");
    tenant.region = value(entry, "region", region->second.c_str());
    tenant.database_name = value(entry, "database_name");
    tenant.schema_name = value(entry, "schema_name");
    tenant.db_config_ref = value(entry, "db_config_ref");
    std::string const placement =
        value(entry, "placement", tenant.schema_name.empty() ? "database" : "schema");
    if (placement != "database" && placement != "schema")
      throw bad(source, slug, "placement is neither database nor schema: \"" + placement + "\"");
    tenant.placement = placement == "schema" ? Placement::schema : Placement::database;
    if (tenant.placement == Placement::schema && tenant.schema_name.empty())
      throw bad(source, slug, "schema_name is empty although it is placed in a schema");
    try {
      tenant.status = parse_tenant_status(value(entry, "status", "active"));
    } catch (Error const& error) {
      throw bad(source, slug, error.message);
    }
    tenant.labels = labels_of(value(entry, "labels"), source, slug);
    tenants.push_back(std::move(tenant));
  }
  std::sort(tenants.begin(), tenants.end(), [](Tenant const& a, Tenant const& b) { return a.slug < b.slug; });
  return tenants;
}

}  // namespace fleet
