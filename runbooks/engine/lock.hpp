#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"

namespace runbooks {

// Who works on an object, as the lease or the lock file says.
struct Holder {
  std::string object, run_id, runbook, who, host, since, step;
  bool detached = false;  // no process, but what it holds is held all the same
  fleet::ProcessIdentity process;

  std::string describe() const;  // "run k7m2qa9x (master_init) of ops@host, process 123, since …, at step …"
};

// Gives up what a run that nobody works on still has leased.
void drop_leases(fleet::Session& session, std::string const& run_id);

// The locks of one run on its objects ("master", "tenant acme"), taken in sorted order so that no two runs
// can each hold half. Two kinds, both freed by the kernel or the server when the process dies: a file lock
// under HOME/locks (from the first moment, also before master exists) and an advisory lock plus lease row in
// master (as soon as it is there). Error{locked} names the holder.
class Locks {
 public:
  Locks(std::filesystem::path folder, std::vector<std::string> objects, Holder self);
  ~Locks();
  Locks(Locks const&) = delete;
  Locks& operator=(Locks const&) = delete;

  // On this machine.
  void take_local();
  // The advisory locks in master, through the journal's session, which must stay open as long as they are
  // needed; writes nothing. Idempotent per session. Refuses a transaction pooler: session locks do not hold
  // behind one.
  void take_in_master(fleet::Session& session);
  // The lease rows that tell others who holds them; needs schema `runbook`. Idempotent per session.
  void write_leases(fleet::Session& session, int epoch);
  void release_in_master(fleet::Session& session) noexcept;
  // The rows stay when this process ends, and refuse every other run until this one is resumed or given up.
  void keep_leases(fleet::Session& session);
  // The step at work or being asked about, for whoever is refused on this machine; master has it in the
  // lease.
  void work_at(std::string const& step);
  // Runs that held an object of ours and did not let go of it: they were killed, and what they left running
  // on a server may still be at work.
  std::set<std::string> const& killed_holders() const { return killed_holders_; }

 private:
  void note_killed(Holder const& former);

  std::filesystem::path folder_;
  std::vector<std::string> objects_;
  Holder self_;
  struct Held {
    std::string object;
    std::filesystem::path file;
    int descriptor;
  };
  std::vector<Held> held_;
  std::set<std::string> killed_holders_;
  int taken_by_backend_ = 0, leased_by_backend_ = 0;
};

}  // namespace runbooks
