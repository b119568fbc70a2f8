#pragma once

#include <string>

#include "fleet/sandbox_files.hpp"
#include "fleet/session.hpp"

namespace fleet {

// How one logs in to a sandbox's members: passwords, the passfile, the role tenantsh_admin.

// Makes the two passwords of a member where there are none.
void make_passwords(SandboxFiles const& files, std::string const& member, Secrets& secrets);
// Makes the role, and on the master the database `master`; what exists is put right. The server runs.
void make_admin(SandboxFiles const& files, ClusterPlan const& plan);
// Every member's line. True when the file had to be written.
bool write_passfile(SandboxFiles const& files, SandboxState const& state);

Endpoint admin_endpoint(SandboxFiles const& files, ClusterPlan const& plan);

}  // namespace fleet
