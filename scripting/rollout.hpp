#pragma once

#include <string>
#include <vector>

#include "migrations/engine/rollout.hpp"
#include "scripting/method.hpp"

namespace scripting {

// What tenants:migrate does: looks at every tenant, then works on those that are left, wave by wave.
Answer run_rollout(World& world, Arguments const& arguments);
// What it would do, a line for tenants of one wave with the same files.
std::vector<std::string> describe_rollout(World& world, Arguments const& arguments);
// Of each tenant that the last run over it left parked: tenant, at, wave, says, run.
fleet::Result parked_tenants(World& world);
std::vector<migrations::Wave> rollout_waves(World& world, Arguments const& arguments);

}  // namespace scripting
