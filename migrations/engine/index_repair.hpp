#pragma once

#include <optional>
#include <string>

#include "fleet/session.hpp"
#include "migrations/engine/statements.hpp"

namespace migrations {

// Whether an index of that name is on that table and valid.
bool has_valid_index(fleet::Session& session, ConcurrentIndex const& index);

// A failed CREATE INDEX CONCURRENTLY leaves an INVALID index of that name, which makes the next attempt fail,
// or "succeed" with IF NOT EXISTS. Drops it and returns "schema.index"; nullopt when there is none. An index
// that another session may be building just now is Error{sql 55P03}.
std::optional<std::string> drop_invalid_index(fleet::Session& session, ConcurrentIndex const& index);

}  // namespace migrations
