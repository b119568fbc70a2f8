#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runbooks/laboratory/workbench.hpp"

namespace runbooks {

// What a run left behind, as facts by name, the journal apart (story.hpp looks at that):
//   "pg-1 roles", "master databases"                 what every database of a server shares
//   "pg-1/tenant_acme structure"                     pg_dump's text of it
//   "master/master identity.tenant rows" / ".slug"   how many rows; digest of one column's sorted values
//   "master/master audit"                            which objects had which actions
//   "file backups/…"                                 mode and digest of a file below TENANTSH_HOME
// The run's id is RUN everywhere, a time in a file's name TIME, the folder HOME.
using World = std::map<std::string, std::string>;

World look_at(Workbench const& bench, std::string const& run_id);

// Facts that differ between undisturbed runs by nature: ids, times, random passwords.
using Noise = std::set<std::string>;
Noise learn_noise(World const& one, World const& other);

// What differs otherwise, a line each: "master/master identity.tenant rows: 1, undisturbed 2".
std::vector<std::string> differences(World const& found, World const& undisturbed, Noise const& noise);

}  // namespace runbooks
