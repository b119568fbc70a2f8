#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "fleet/operator.hpp"
#include "fleet/session.hpp"

namespace fleet {

// A database that one piece of work makes, fills and throws away: `tenantsh_scratch_HOST_PID_START_X`, where
// HOST is a hash of the machine's name and PID and START are the process that made it. Those of dead
// processes of this machine are dropped by the next one on that server.
class ScratchDatabase {
 public:
  // `maintenance`: database `postgres` of the server, as a role with CREATEDB that will own it. Error{sql
  // 42501} when it may not create databases.
  ScratchDatabase(Driver& driver, Secrets& secrets, Endpoint const& maintenance, Operator const& who,
                  std::stop_token stop = {});
  // Closes its session and drops the database; what stands in the way is left to the next one.
  ~ScratchDatabase();
  ScratchDatabase(ScratchDatabase const&) = delete;
  ScratchDatabase& operator=(ScratchDatabase const&) = delete;

  std::string const& name() const { return name_; }
  Endpoint endpoint() const { return maintenance_.with_database(name_); }
  Session& session() { return *session_; }

 private:
  std::unique_ptr<Session> connect(Endpoint const& endpoint) const;

  Driver& driver_;
  Secrets& secrets_;
  Endpoint maintenance_;
  std::string application_name_;
  std::string name_;
  std::unique_ptr<Session> session_;
};

}  // namespace fleet
