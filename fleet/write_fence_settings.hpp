#pragma once

#include <string>
#include <vector>

#include "fleet/write_fence_record.hpp"

namespace fleet {

// Who would still begin transactions that write in the database (scope ""), or of the logins that work in
// schema `scope` alone: with the value they have for themselves there. Roles that the admin may not set, and
// logins that several schemas share, become a line of `notes`.
std::vector<FenceSetting> missing_settings(Session& session, std::string const& scope,
                                           std::vector<std::string>& notes);

// "alter database "d" set default_transaction_read_only = on"; without a value: reset.
std::string set_sql(Session const& session, std::string const& role, std::optional<std::string> const& value);

}  // namespace fleet
