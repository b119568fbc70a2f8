#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fleet/statement.hpp"

namespace fleet {

// Adds what one statement does to `facts`. `node` is libpg_query's JSON for it: {"SelectStmt": {…}}.
void add_statement(nlohmann::json const& node, StatementFacts& facts);

}  // namespace fleet
