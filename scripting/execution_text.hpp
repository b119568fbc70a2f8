#pragma once

#include <string>
#include <vector>

#include "fleet/held_writes.hpp"
#include "scripting/value.hpp"

// What an execution says: before the question, and afterwards.
namespace scripting {

// "tenant acme", "3 tenants: acme, beta, gamma", "master".
std::string targets_text(std::vector<fleet::WriteTarget> const& targets);

// "  acme 12 rows, beta 0 rows: 12 rows in all", the failures, the first rows that were returned; indented.
std::string counts_text(std::vector<fleet::HeldWrite> const& writes);

// "committed: acme 12 rows, beta 0 rows; rolled back: gamma".
std::string summary_text(std::vector<fleet::HeldWrite> const& writes);

// What the statement returned where it was committed, `tenant` first unless it is one; of a statement that
// returns nothing, or where nothing was committed, a line per target: tenant, outcome, rows, elapsed_ms.
Rows outcome_rows(std::vector<fleet::HeldWrite> const& writes, bool one);

}  // namespace scripting
