#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fleet/session.hpp"

namespace fleet {

// How a restored database or schema says what it is: its comment.
//   tenantsh: being restored, run RUN
//   tenantsh: restored from ARCHIVE, run RUN
// A database without one of them is none of ours: it is never dropped, filled or renamed.
inline constexpr std::string_view begun_mark = "tenantsh: being restored, run ";
inline constexpr std::string_view done_mark = "tenantsh: restored from ";

struct Place {
  std::string comment;

  bool begun_by(std::string const& run_id) const { return comment == std::string{begun_mark} + run_id; }
  bool done() const { return comment.starts_with(done_mark); }
};

// nullopt when there is no such database, or schema of this session's database.
std::optional<Place> find_database(Session& session, std::string const& name);
std::optional<Place> find_schema(Session& session, std::string const& name);

}  // namespace fleet
