#pragma once

#include "migrations/engine/apply.hpp"
#include "migrations/engine/history.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

// What the call says about another tool's history (parameters tool, history_table, history_schema), else what
// the set says in its set.toml.
migrations::HistorySettings history_settings(Arguments const& arguments, migrations::MigrationSet const& set);

// A set that continues another tool's history keeps that tool's table in step, and has its program files run
// by the tool: gives `options` what that needs. Nothing for a set of our own. `set` and `world` outlive the
// call that `options` are for.
void continue_history(World& world, migrations::MigrationSet const& set, TargetSession const& place,
                      migrations::ApplyOptions& options);

// Error{refused} when the tool has applied SQL files that our ledger does not have: they would run a second
// time. A program file that the tool applied and we did not write down yet is no harm: it is found and
// written down.
void require_adopted(World& world, migrations::MigrationSet const& set, TargetSession const& place);

}  // namespace scripting
