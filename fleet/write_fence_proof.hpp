#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/write_fence.hpp"

namespace fleet {

struct ProofMeans {
  Driver& driver;
  Secrets& secrets;
  std::string application_name;
  std::stop_token stop;
};

// One write that was tried. Each touches no row and is rolled back, so that one which gets through does no
// harm.
struct FenceAttempt {
  std::string who;      // a role
  std::string attempt;  // "update, BEGIN READ WRITE"
  std::string
      result;  // blocked, ended (the session is gone), leaks, unclear (another error: told by sqlstate)
  std::string sqlstate;
  bool must_hold = true;  // false: no REVOKE stops it, help("read_only") says why
};

struct FenceProof {
  std::vector<FenceAttempt> attempts;
  std::vector<std::string> notes;  // what could not be tried
  // The attempts that had to fail and did not.
  std::vector<FenceAttempt> leaks() const;
};

// The application's own session, from the connection string of db_config_ref; nullptr when that resolves to
// nothing that opens this tenant's database.
std::unique_ptr<Session> application_session(Tenant const& tenant, ProofMeans const& means);

// Tries to write as the application (through its connection string, else as its role), as the owners, with
// BEGIN READ WRITE and with the default switched off, on a table, a sequence and a schema; and in `before`, a
// session of the application that was opened before the fence was raised, when there is one. Asks the catalog
// for all other tables. `admin` as for raise_fence.
FenceProof prove_fence(Session& admin, Tenant const& tenant, FenceLevel level, ProofMeans const& means,
                       Session* before = nullptr);

}  // namespace fleet
