#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace migrations {

// Calls `visit` with libpg_query's tree of one statement: {"InsertStmt": {…}}. False, without a call, for
// text that the parser does not know and for more than 1 MiB. `visit` may go down the tree by recursion: a
// long text is parsed and visited on a thread whose stack fits the deepest tree that it can hold.
bool visit_parse_tree(std::string_view statement, std::function<void(nlohmann::json const&)> const& visit);

}  // namespace migrations
