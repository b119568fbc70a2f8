#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"

namespace migrations {

// The advisory lock key of a target: FNV-1a over "tenantsh:DATABASE:SCOPE:SCHEMA".
std::int64_t lock_key(std::string_view database, Target const& target);

// The session that holds a target's lock, as PostgreSQL shows it to us.
struct LockHolder {
  enum class Client { alive, dead, unknown };  // unknown: another host, or not one of ours

  int backend_pid = 0;
  std::string backend_start;     // tells a reused pid apart
  std::string application_name;  // ours as fleet::Operator writes it
  std::string user;
  std::string client_host;  // "local socket" without an address
  std::string since;        // connected since, UTC
  std::string state;        // "active", "idle in transaction", …
  std::string statement;    // what it runs, or ran last
  std::string statement_since;
  Client client = Client::unknown;

  // Several lines for a person: who, from where, since when, doing what, and whether its client still lives.
  std::string describe() const;
};

struct LockOptions {
  std::chrono::milliseconds wait{10'000};
  std::stop_token stop;
  std::function<void(LockHolder const&)> on_wait;  // once, when the lock was not free at first
};

// One runner at a time for each target: a session-level advisory lock, polled. Blocking in pg_advisory_lock()
// would deadlock with CREATE INDEX CONCURRENTLY in the same database (research: migrations 4c).
class Lock {
 public:
  // Error{locked} names the holder when the wait is over; Error{interrupted} on stop; Error{refused} behind a
  // pooler that gives every transaction another backend.
  Lock(fleet::Session& session, Target target, LockOptions const& options);
  ~Lock();
  Lock(Lock const&) = delete;
  Lock& operator=(Lock const&) = delete;

 private:
  fleet::Session& session_;
  std::int64_t key_;
};

// Who holds the lock of a target in this session's database: nobody or one, were it not for old keys.
std::vector<LockHolder> holders(fleet::Session& session, Target const& target);

// Ends that backend, and waits until it has let go. Error{refused} when the lock changed hands since `holder`
// was read; nothing is terminated then. No error when nobody holds the lock any more.
void terminate(fleet::Session& session, Target const& target, LockHolder const& holder);

// Whether the process that an application_name speaks of runs on this machine.
LockHolder::Client client_of(std::string const& application_name);

}  // namespace migrations
