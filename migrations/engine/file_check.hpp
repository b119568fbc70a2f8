#pragma once

#include <vector>

#include "migrations/engine/migration.hpp"
#include "migrations/engine/problem.hpp"

namespace migrations {

// What in this file's text, its way up and its way down, cannot run as it stands. Empty files and those that
// are no UTF-8 were named at loading.
std::vector<Problem> check_file(Migration const& file);

}  // namespace migrations
