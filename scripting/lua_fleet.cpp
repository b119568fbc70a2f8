// `fleet`: the environment this session works in. `master`: its control-plane database.

#include <fmt/format.h>

#include "fleet/process.hpp"
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

fleet::Command restart_command(World& world, Arguments const& arguments) {
  fleet::Environment const& environment = world.fleet.environment();
  fleet::Application const& application = environment.application;
  if (application.restart.empty())
    throw fleet::Error{fleet::ErrorKind::usage, "environment " + environment.name + " has no restart command"}
        .with_hint("in tenantsh.toml: [environment." + environment.name +
                   ".application] restart = [\"/usr/local/bin/restart-app\"]");
  if (!application.restart_allowed)
    throw fleet::Error{fleet::ErrorKind::refused,
                       application.restart[0] + " is not run, a configuration file belongs to another user"}
        .with_hint("a command is run when every tenantsh.toml that was read is yours or root's");
  return {.argv = application.restart,
          .environment = {{"TENANTSH_ENVIRONMENT", environment.name},
                          {"TENANTSH_TENANT", arguments.text("tenant")}}};
}

std::vector<std::string> describe_restart(World& world, Arguments const& arguments) {
  if (world.fleet.environment().application.restart.empty()) return {"no restart command is configured"};
  return {restart_command(world, arguments).text()};
}

Answer restart_application(World& world, Arguments const& arguments) {
  auto const stop = world.interrupt.get_token();
  fleet::CommandResult const result =
      fleet::run_checked(restart_command(world, arguments), [&stop] { return stop.stop_requested(); });
  return {
      Json{{"output", world.fleet.secrets().redact(result.output)}, {"elapsed_ms", result.elapsed.count()}},
      {},
      {}};
}

Answer application(World& world, Arguments const&) {
  fleet::Application const& application = world.fleet.environment().application;
  return {Json{{"cache_seconds", static_cast<double>(application.cache_lifetime.count()) / 1000},
               {"restart", fmt::format("{}", fmt::join(application.restart, " "))}},
          {},
          {}};
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
  registry.add(Method{.object = "fleet",
                      .name = "application",
                      .returns = "table: cache_seconds (30), restart (the command, \"\" for none)",
                      .errors = "none",
                      .brief = "How the tenants' application learns of a changed db_config_ref, from "
                               "[environment.NAME.application] in tenantsh.toml. Asks no server.",
                      .example = "fleet:application().cache_seconds",
                      .io = false,
                      .run = application});
  registry.add(
      Method{.object = "fleet",
             .name = "restart_application",
             .effect = Effect::outage,
             .parameters = {{.name = "tenant",
                             .type = Type::tenant,
                             .required = true,
                             .brief = "whose db_config_ref was changed: TENANTSH_TENANT for the command"}},
             .returns = "table: output, elapsed_ms",
             .errors = "usage when none is configured; refused when a configuration file is somebody else's; "
                       "tool when it fails",
             .brief = "Runs the configured restart command, so that the application reads db_config_ref now.",
             .example = "fleet:restart_application{ tenant = \"acme\", plan = true }",
             .run = restart_application,
             .describe = describe_restart});
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
