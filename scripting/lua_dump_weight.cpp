// Why a dump is as big as it is: `tenants.X:dump_weight`.

#include "scripting/lua_dump_weight.hpp"

#include <fmt/format.h>

#include "fleet/dump_weight.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

Answer dump_weight(World& world, Arguments const& arguments) {
  fleet::Tenant const tenant = world.fleet.tenant(std::get<TenantRef>(arguments.self).slug);
  auto const session =
      world.fleet.driver().connect(world.fleet.endpoint(tenant), world.fleet.secrets(),
                                   {.access = fleet::Access::read_only,
                                    .application_name = world.who.application_name("dump weight"),
                                    .stop = world.interrupt.get_token()});
  std::vector<std::string> structure{"pgboss"};
  if (arguments.has("structure")) structure = arguments.list("structure");
  fleet::DumpWeight const weight = fleet::weigh_dump(*session, tenant.schema_name, structure);
  using namespace fleet::type_oid;
  Rows rows{fleet::Result{{{"schema"},
                           {"tables", int8},
                           {"bytes", int8},
                           {"percent", numeric},
                           {"rows_travel"},
                           {"heaviest"}}},
            {},
            0};
  for (fleet::SchemaWeight const& one : weight.schemas) {
    rows.result.append(one.schema);
    rows.result.append(std::to_string(one.tables));
    rows.result.append(std::to_string(one.bytes));
    rows.result.append(fmt::format("{:.1f}", one.share * 100));
    rows.result.append(one.structure_only ? "no" : "yes");
    rows.result.append(one.heaviest);
  }
  return {std::move(rows), weight.advice, {}};
}

}  // namespace

void add_dump_weight(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "dump_weight",
      .parameters = {{.name = "structure",
                      .type = Type::list,
                      .default_text = "pgboss",
                      .brief = "schemas, also globs, that travel without their rows"}},
      .returns = "result: schema, tables, bytes (without indexes), percent (of what is dumped), rows_travel, "
                 "heaviest (its biggest table); notes advise on queues",
      .errors = "connect",
      .brief = "What each schema adds to a dump of the tenant, heaviest first, and which of them look like "
               "queues, whose rows are worth nothing in a backup.",
      .example = "tenants.acme:dump_weight()",
      .receiver = Receiver::member,
      .run = dump_weight});
}

}  // namespace scripting
