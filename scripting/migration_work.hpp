#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "migrations/engine/ledger.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

// One file in one direction.
struct FileTurn {
  std::string name;
  migrations::Direction direction = migrations::Direction::up;
  friend bool operator==(FileTurn const&, FileTurn const&) = default;
  friend auto operator<=>(FileTurn const&, FileTurn const&) = default;
};

// What is to be done in a target, from what it has; throws Error{refused} for what stands in the way.
using Look = std::function<std::vector<FileTurn>(migrations::Ledger const&)>;

// What is to be done in each target; `error` where that cannot be told or must not be done.
struct TargetWork {
  std::string target;
  std::vector<FileTurn> files;
  std::optional<fleet::Error> error;
};
std::vector<TargetWork> look_at_each(World& world, MigrationTargets const& targets, Look const& look);
// The same for one, on the session that is going to work on it. Its error is thrown.
TargetWork look_at(TargetSession const& place, Look const& look);

// "apply 28 files (001_schemas.sql … 028_x.sql) to 2 tenants: acme, beta"; targets with the same work
// together. With `prefix` in front. A target's error is a line of its own.
std::vector<std::string> lines_of(std::vector<TargetWork> const& work, std::string const& prefix = {});

// Two rows of identity.tenant_audit around the work on each target: what is about to be done, which is what a
// process that is killed in its middle leaves behind; and what was done, also where it failed half way.
// Within a run the first is left to its journal.
class AuditTrail {
 public:
  AuditTrail(World& world, migrations::Scope scope, std::string action, std::string reason)
      : world_(world), scope_(scope), action_(std::move(action)), reason_(std::move(reason)) {}

  // `more` stands in every row: the wave, the set.
  void begin(std::vector<TargetWork> const& work, Json const& more = Json::object());
  // From any thread: returns when the row stands. Threads that come meanwhile share the next insert, over a
  // connection beside the pool: they hold sessions while they wait, maybe all that the pool may open there.
  // Once it failed it fails for all: no work without its row.
  void begin_from_worker(TargetWork const& here);
  // From any thread: that file is done in that target.
  void did(std::string const& target, FileTurn file);
  // Of those of these targets that began, with their error where they have one.
  void end(std::vector<TargetOutcome> const& outcomes, Json const& more = Json::object());
  std::vector<FileTurn> done(std::string const& target) const;
  bool empty() const;  // nothing began
  // What kept rows of begin_from_worker() from being written.
  std::optional<fleet::Error> failure() const;

 private:
  bool journalled() const;
  AuditRow row(std::string const& target, std::string action, Json after) const;
  AuditRow begin_row(TargetWork const& here, Json const& more) const;
  void write_waiting(std::unique_lock<std::mutex>& lock);

  World& world_;
  migrations::Scope scope_;
  std::string action_, reason_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<FileTurn>> done_;
  std::set<std::string> begun_;
  // begin_from_worker(): one thread at a time writes what waits.
  std::condition_variable written_;
  std::vector<AuditRow> waiting_;
  std::size_t came_ = 0, stand_ = 0;  // rows so far
  bool writing_ = false;
  std::optional<fleet::Error> failure_;
  std::unique_ptr<fleet::Session> session_;
};

}  // namespace scripting
