#pragma once

#include <string>

namespace fleet {

// The statements behind fleet/structure.hpp. $1 is a text[] of schemas, NULL for the whole database; both
// need an empty search_path and the settings that structure.cpp makes. `server_version` as Session gives it.

// Columns kind, name, within, properties, own. The last two are lists of "name US text" with RS between them
// (US and RS: the control characters 1F and 1E).
std::string structure_rows_sql(int server_version);
// Columns schema ('' for the whole database), structure, own_grants: two SHA-256 over the same rows.
std::string structure_digests_sql(int server_version);

}  // namespace fleet
