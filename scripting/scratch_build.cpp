#include "scripting/scratch_build.hpp"

namespace scripting {

namespace {

using migrations::Scope;

std::string schema_of(bool uses_schema_name) { return uses_schema_name ? migrations::scratch_schema : ""; }

}  // namespace

fleet::Endpoint scratch_server(World& world, Arguments const& arguments, Scope scope) {
  if (arguments.has("server")) return world.fleet.endpoint(world.fleet.server(arguments.text("server")));
  if (scope == Scope::tenant)
    for (fleet::Server const& server : world.fleet.servers())
      if (server.status == "active") return world.fleet.endpoint(server);
  return world.fleet.master_maintenance();
}

std::filesystem::path baseline_path(Arguments const& arguments, migrations::MigrationSet const& set) {
  if (arguments.has("baseline")) return arguments.text("baseline");
  return set.settings().baseline;
}

ScratchBuild::ScratchBuild(World& world, fleet::Endpoint const& server, migrations::MigrationSet const& set)
    : world_(world),
      database_(world.fleet.driver(), world.fleet.secrets(), server, world.who, world.interrupt.get_token()),
      schema_name_(schema_of(set.uses_schema_name())) {
  build_platform(set);
  migrations::build(database_.session(), set, world.who.name(), world.interrupt.get_token());
}

ScratchBuild::ScratchBuild(World& world, fleet::Endpoint const& server, migrations::MigrationSet const& set,
                           migrations::Baseline const& baseline)
    : world_(world),
      database_(world.fleet.driver(), world.fleet.secrets(), server, world.who, world.interrupt.get_token()),
      schema_name_(schema_of(baseline.uses_schema_name())) {
  build_platform(set);
  migrations::build(database_.session(), baseline, world.interrupt.get_token());
}

void ScratchBuild::build_platform(migrations::MigrationSet const& set) {
  migrations::build_platform(database_.session(), set, world_.fleet.driver(), world_.who.name(),
                             world_.interrupt.get_token());
}

std::vector<migrations::Rehearsal> ScratchBuild::rehearse(World& world, fleet::Endpoint const& server,
                                                          migrations::MigrationSet const& set) {
  std::stop_token const stop = world.interrupt.get_token();
  fleet::ScratchDatabase database{world.fleet.driver(), world.fleet.secrets(), server, world.who, stop};
  migrations::build_platform(database.session(), set, world.fleet.driver(), world.who.name(), stop);
  return migrations::rehearse(database.session(), set, world.who.name(), stop);
}

migrations::Build ScratchBuild::read() { return migrations::read_build(database_.session(), schema_name_); }

std::string ScratchBuild::write_baseline() {
  return migrations::write_baseline(database_.session(), world_.fleet.secrets(),
                                    {database_.endpoint(), schema_name_}, world_.interrupt.get_token());
}

}  // namespace scripting
