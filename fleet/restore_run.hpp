#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fleet/restore.hpp"

namespace fleet {

// One pg_restore, watched.
struct PgRestoreRun {
  std::filesystem::path program;
  std::filesystem::path archive;
  Endpoint database;
  std::string role;  // SET ROLE, and --no-owner; empty: the login's own
  int jobs = 1;
  std::string run_id;  // names its backends, so that a resumed run finds them
};

// Its arguments but for the archive.
std::vector<std::string> pg_restore_arguments(PgRestoreRun const& run);

// To its end; --exit-on-error, exit status 0 or Error{tool} that names the object and what to do about it.
// Error{interrupted} when means.stop is asked for.
void run_pg_restore(PgRestoreRun const& run, DumpMeans const& means, RestoreProgress& progress);

// What an operator does about pg_restore's (or the server's) reason; "" when nothing special is known.
std::string restore_hint(std::string const& reason, PgRestoreRun const& run);

// A tenant placed in a schema: the archive goes into a scratch database, where the schema gets its new name,
// and from there into the shared one. Returns notes on what still names the old schema.
std::vector<std::string> restore_schema(RestoreRequest const& request, DumpMeans const& means,
                                        RestoreProgress& progress);

}  // namespace fleet
