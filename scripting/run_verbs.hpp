#pragma once

#include <filesystem>

#include "runbooks/engine/planner.hpp"
#include "runbooks/engine/runner.hpp"
#include "scripting/value.hpp"

// What the verbs that run (lua_runbooks.cpp) and those that look back and go on (lua_runs.cpp) share.
namespace scripting {

// Where the mirrors of the environment's runs lie.
std::filesystem::path runs_folder(World& world);
runbooks::RunnerParts runner_parts(World& world, runbooks::Console& console);
// Says it; ends with pending when there is something to do.
Answer tell_plan(World& world, runbooks::Runbook const& runbook, runbooks::RunPlan const& plan);
// From --yes, --confirm and --until.
runbooks::RunOptions run_options(World& world, Arguments const& arguments);
// Error{refused} inside a run.
void refuse_nested(World& world);
// ID, the same for every verb about one run.
extern Parameter const id_parameter;
// --until and --break, the same for both.
extern Parameter const until_parameter;
extern Parameter const break_parameter;

}  // namespace scripting
