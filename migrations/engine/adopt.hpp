#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/history.hpp"
#include "migrations/engine/history_lock.hpp"
#include "migrations/engine/history_match.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

// What adopting one target would do, and what stands in its way.
struct Adoption {
  HistoryPlace place;
  std::vector<HistoryFile> files;             // as match()
  std::vector<HistoryFile const*> to_record;  // applied by the tool and not in our ledger; in `files`
  std::size_t recorded = 0;                   // applied by the tool and in our ledger already
  std::vector<Problem> problems;              // changed, missing: can be accepted; failed: cannot
  std::optional<ToolAtWork> at_work;
};

// Reads only. Error{not_found} when the target has no history of another tool, Error{refused} when it has
// several, or one that has nothing in common with the set.
Adoption plan_adoption(fleet::Session& session, MigrationSet const& set, HistorySettings const& settings,
                       fleet::Driver const& driver, std::string const& schema_name);

struct AdoptedFile {
  std::string name;
  std::string applied_at;  // by the tool; empty where it keeps no times
  std::int64_t batch = 0;
};

struct AdoptReport {
  HistoryPlace place;
  std::vector<AdoptedFile> recorded;
  std::size_t already_recorded = 0;
  std::vector<std::string> pending;  // files that the tool has not applied
};

// Takes over what another tool has applied: one row of our ledger for each of its files, with the time that
// the tool kept, all in one transaction, while the tool's runner is kept away. The tool's own table stays as
// it is. Twice is once. Of `options`: schema_name, run_id, accepted (changed, missing), lock_wait, stop,
// on_wait. Errors: as plan_adoption(); refused (problems), locked (another run of ours, or the tool's
// runner).
AdoptReport adopt(fleet::Session& session, MigrationSet const& set, HistorySettings const& settings,
                  fleet::Driver const& driver, ApplyOptions const& options, Stuck stuck);

// "adopted from knex": who applied a file, in our ledger.
std::string adopted_from(HistoryTool tool);

// How a tool is told that a broken migration has been dealt with.
std::string failure_hint(HistoryTool tool, std::string const& name);

}  // namespace migrations
