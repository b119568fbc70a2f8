#include "scripting/restore_requests.hpp"

#include <fmt/format.h>

namespace scripting {

using fleet::Error;
using fleet::ErrorKind;
using fleet::Placement;

namespace {

// Living schemas of other tenants in that database.
std::vector<std::string> schemas_beside(World& world, std::string const& server,
                                        std::string const& database) {
  std::vector<std::string> schemas;
  for (fleet::Tenant const& tenant : world.fleet.tenants())
    if (tenant.server == server && tenant.database_name == database && !tenant.schema_name.empty())
      schemas.push_back(tenant.schema_name);
  return schemas;
}

fleet::RestoreRequest request_at(World& world, std::string const& server, Arguments const& arguments) {
  fleet::RestoreRequest request;
  request.server = world.fleet.endpoint(world.fleet.server(server));
  request.owner = arguments.text("owner");
  request.run_id = arguments.text("run");
  request.jobs = static_cast<int>(arguments.integer("jobs", 1));
  return request;
}

std::string system_identifier(World& world, std::string const& server) {
  auto const session =
      world.fleet.driver().connect(world.fleet.endpoint(world.fleet.server(server)), world.fleet.secrets(),
                                   {.access = fleet::Access::read_only,
                                    .application_name = world.who.application_name("restore check"),
                                    .stop = world.interrupt.get_token()});
  return session->query("select system_identifier from pg_catalog.pg_control_system()").value().value_or("");
}

// A second row may lead to the same place, by another server's name or another address of it.
void refuse_place_of_another(World& world, fleet::Tenant const& sibling, std::string const& copy) {
  auto const same_name = [&](fleet::Tenant const& tenant) {
    if (tenant.database_name == copy || tenant.schema_name == copy) return true;
    return tenant.database_name == sibling.database_name && tenant.schema_name == sibling.schema_name;
  };
  std::string here;
  for (fleet::Tenant const& tenant : world.fleet.tenants()) {
    if (tenant.slug == sibling.slug || tenant.status == fleet::TenantStatus::retired || !same_name(tenant))
      continue;
    if (tenant.server != sibling.server) {
      if (here.empty()) here = system_identifier(world, sibling.server);
      if (here != system_identifier(world, tenant.server)) continue;
    }
    throw Error{
        ErrorKind::refused,
        fmt::format("the place of sibling {} is tenant {}'s too: {} {} on server {}", sibling.slug,
                    tenant.slug, tenant.schema_name.empty() ? "database" : "schema",
                    tenant.schema_name.empty() ? tenant.database_name : tenant.schema_name, tenant.server)}
        .with_hint("an archive is never restored into a place that a tenant has: correct identity.tenant");
  }
}

}  // namespace

std::string restored_slug(Arguments const& arguments) { return std::get<TenantRef>(arguments.self).slug; }

fleet::DumpMeans restore_means(World& world) {
  return {world.fleet.driver(), world.fleet.secrets(), world.interrupt.get_token()};
}

fleet::ArchiveChoice archive_choice(Arguments const& arguments) {
  return {.path = arguments.text("path"),
          .foreign = arguments.boolean("foreign"),
          .identity = arguments.text("identity")};
}

std::string label_of(fleet::Tenant const& tenant, char const* name) {
  auto const found = tenant.labels.find(name);
  return found == tenant.labels.end() ? std::string{} : found->second;
}

fleet::RestoreRequest request_beside(World& world, Arguments const& arguments) {
  fleet::Tenant const source = world.fleet.tenant(restored_slug(arguments));
  std::string const server = arguments.text("server", source.server);
  fleet::RestoreRequest request = request_at(world, server, arguments);
  request.archive = fleet::open_archive(archive_choice(arguments), source, restore_means(world));
  request.sibling = fleet::sibling_of(source, request.archive.manifest.taken_at);
  if (source.placement == Placement::schema) {
    request.shared = source.database_name;
    request.other_schemas = schemas_beside(world, server, request.shared);
  }
  return request;
}

fleet::Tenant sibling_row(World& world, Arguments const& arguments) {
  world.fleet.refresh();
  fleet::Tenant const sibling = world.fleet.tenant(restored_slug(arguments));
  std::string const source = label_of(sibling, "sibling_of");
  if (source.empty() || source == sibling.slug || sibling.slug.find("-restore-") == std::string::npos)
    throw Error{ErrorKind::refused,
                fmt::format("tenant {} is no restored sibling: an archive is never restored into a tenant "
                            "that is there",
                            sibling.slug)}
        .with_hint(fmt::format("tenantsh run tenant_restore --input tenant={} restores it beside",
                               source.empty() ? sibling.slug : source));
  if (sibling.status != fleet::TenantStatus::provisioning)
    throw Error{ErrorKind::refused, fmt::format("tenant {} is {}: it was restored already", sibling.slug,
                                                to_string(sibling.status))}
        .with_hint("an archive is restored into a new sibling: tenantsh run tenant_restore");
  refuse_place_of_another(
      world, sibling,
      fleet::copy_name(sibling.schema_name.empty() ? sibling.database_name : sibling.schema_name,
                       arguments.text("run")));
  return sibling;
}

fleet::RestoreRequest request_into(World& world, fleet::Tenant const& sibling, Arguments const& arguments) {
  fleet::RestoreRequest request = request_at(world, sibling.server, arguments);
  request.sibling = {sibling.slug, sibling.display_name, sibling.database_name, sibling.schema_name,
                     label_of(sibling, "taken_at")};
  if (!sibling.schema_name.empty()) {
    request.shared = sibling.database_name;
    request.other_schemas = schemas_beside(world, sibling.server, request.shared);
  }
  return request;
}

std::uint64_t bytes_of(World& world, fleet::Tenant const& source) {
  try {
    auto const session =
        world.fleet.driver().connect(world.fleet.endpoint(source), world.fleet.secrets(),
                                     {.access = fleet::Access::read_only,
                                      .application_name = world.who.application_name("restore check"),
                                      .stop = world.interrupt.get_token()});
    auto const size =
        source.schema_name.empty()
            ? session->query("select pg_catalog.pg_database_size(current_database())")
            : session->query(
                  {"select coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint from "
                   "pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
                   "c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'm')",
                   {source.schema_name}});
    return std::stoull(size.value().value_or("0"));
  } catch (Error const& error) {
    if (error.kind == ErrorKind::interrupted) throw;
    return 0;
  }
}

std::string schema_owner(World& world, fleet::Tenant const& source) {
  try {
    auto const session =
        world.fleet.driver().connect(world.fleet.endpoint(source), world.fleet.secrets(),
                                     {.access = fleet::Access::read_only,
                                      .application_name = world.who.application_name("restore check")});
    return session
        ->query(
            {"select pg_catalog.pg_get_userbyid(nspowner) from pg_catalog.pg_namespace where nspname = $1",
             {source.schema_name}})
        .value()
        .value_or("");
  } catch (Error const& error) {
    if (error.kind == ErrorKind::interrupted) throw;
    return {};
  }
}

}  // namespace scripting
