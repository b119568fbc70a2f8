#pragma once

#include <filesystem>
#include <functional>

#include "fleet/scratch_database.hpp"
#include "migrations/engine/baseline.hpp"
#include "migrations/engine/rehearsal.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

namespace scripting {

// The server that the parameter `server` names; for tenants the first active one, so that a scratch database
// is one of the version that serves them; else master's own. Database `postgres`, as the server's admin.
fleet::Endpoint scratch_server(World& world, Arguments const& arguments, migrations::Scope scope);

// The parameter `baseline`, or baseline.sql in the folder of the set.
std::filesystem::path baseline_path(Arguments const& arguments, migrations::MigrationSet const& set);

// A database made from the migrations or from a baseline, gone with this object.
class ScratchBuild {
 public:
  ScratchBuild(World& world, fleet::Endpoint const& server, migrations::MigrationSet const& set);
  // `set`: what the baseline stands for.
  ScratchBuild(World& world, fleet::Endpoint const& server, migrations::MigrationSet const& set,
               migrations::Baseline const& baseline);

  // Each file of the set up, down and up again, in a database of its own.
  static std::vector<migrations::Rehearsal> rehearse(World& world, fleet::Endpoint const& server,
                                                     migrations::MigrationSet const& set);

  migrations::Build read();
  // Of a build from migrations: the text of a baseline that makes the same.
  std::string write_baseline();

 private:
  void build_platform(migrations::MigrationSet const& set);

  World& world_;
  fleet::ScratchDatabase database_;
  std::string schema_name_;
};

}  // namespace scripting
