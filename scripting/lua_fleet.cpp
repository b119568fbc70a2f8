// `fleet`: the environment this session works in. `master`: its control-plane database.

#include "scripting/objects.hpp"

namespace scripting {

namespace {

std::string place_text(fleet::Environment const& environment) {
  if (environment.sandbox) return "the sandbox of this machine";
  return environment.declared_in.string();
}

std::string source_text(fleet::ListSource const& source) {
  switch (source.kind) {
    case fleet::ListSource::Kind::registry: return "registry in master";
    case fleet::ListSource::Kind::sql: return "query on master";
    case fleet::ListSource::Kind::file: return source.text;
  }
  return {};
}

Answer card(World& world, Arguments const&) { return {fleet_card(world), {}, {}}; }

Answer refresh(World& world, Arguments const&) {
  world.fleet.refresh();
  return {Json(), {}, {}};
}

}  // namespace

Card fleet_card(World& world) {
  auto const& environment = world.fleet.environment();
  Card card{"<fleet " + environment.name + ">", {}};
  card.lines = {{"environment", environment.name},
                {"guard", std::string{to_string(environment.guard)}},
                {"declared in", place_text(environment)},
                {"servers from", source_text(environment.servers)},
                {"tenants from", source_text(environment.tenants)}};
  return card;
}

void add_fleet(Registry& registry) {
  registry.add(Object{"fleet", "the environment this session works in; fields name, guard, colour"});
  registry.add(Method{.object = "fleet",
                      .name = "card",
                      .returns = "card: environment, guard, where it is declared, where its lists come from",
                      .errors = "none",
                      .brief = "Which fleet this is. Asks no server.",
                      .example = "fleet:card()",
                      .io = false,
                      .run = card});
  registry.add(
      Method{.object = "fleet",
             .name = "refresh",
             .returns = "nothing",
             .errors = "none; the next use reads the lists and may fail then",
             .brief = "Forgets the cached lists of servers and tenants. They are read again at the next use.",
             .example = "fleet:refresh()",
             .command_line = false,
             .run = refresh});
}

}  // namespace scripting
