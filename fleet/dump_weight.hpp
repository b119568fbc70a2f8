#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

// Why a dump is as big as it is: what each schema's tables weigh, without their indexes, which do not travel.
struct SchemaWeight {
  std::string schema;
  std::int64_t tables = 0;
  std::uint64_t bytes = 0;
  bool structure_only = false;     // its rows do not travel
  double share = 0;                // of all bytes that travel, 0 to 1
  std::string heaviest;            // its biggest table
  std::vector<std::string> queue;  // tables in it that look like a queue's: job, outbox, …
};

struct DumpWeight {
  std::vector<SchemaWeight> schemas;  // heaviest first
  std::vector<std::string> advice;  // schemas whose rows had better stay behind, with the input that does it
};

// `schema`: of a tenant placed in one, else empty. `structure`: globs, as for a dump.
DumpWeight weigh_dump(Session& session, std::string const& schema, std::vector<std::string> const& structure);

}  // namespace fleet
