#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/migration_set.hpp"

namespace migrations {

// How one file went up, down and up again.
struct Rehearsal {
  enum class Outcome {
    same,         // down left what was before, up again what was after
    no_way_back,  // went up; there is no way down
    differs,      // it went, but left something else
    failed        // it could not be run; the files after it were not tried
  };
  std::string name;
  Outcome outcome = Outcome::same;
  std::vector<std::string> says;  // differences, or the error
};
std::string_view to_string(Rehearsal::Outcome outcome);

// Applies every file of the set to an empty database (or its schema scratch_schema, when {schema_name} is
// used), takes each back right after it and applies it again, and compares structures: before, after the way
// down, after each way up. Precondition: as build() in baseline.hpp.
std::vector<Rehearsal> rehearse(fleet::Session& session, MigrationSet const& set,
                                std::string const& applied_by, std::stop_token stop);

}  // namespace migrations
