#pragma once

#include <functional>
#include <map>
#include <mutex>
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

// "apply 28 files (001_schemas.sql … 028_x.sql) to 2 tenants: acme, beta"; targets with the same work
// together. With `prefix` in front. A target's error is a line of its own.
std::vector<std::string> lines_of(std::vector<TargetWork> const& work, std::string const& prefix = {});

// Two rows of identity.tenant_audit around the work on each target: what is about to be done, which is what a
// process that is killed in its middle leaves behind; and what was done, also where it failed half way.
class AuditTrail {
 public:
  AuditTrail(World& world, migrations::Scope scope, std::string action, std::string reason)
      : world_(world), scope_(scope), action_(std::move(action)), reason_(std::move(reason)) {}

  // `more` stands in every row: the wave, the set.
  void begin(std::vector<TargetWork> const& work, Json const& more = Json::object());
  // From any thread: that file is done in that target.
  void did(std::string const& target, FileTurn file);
  // Of these targets, with their error where they have one.
  void end(std::vector<TargetOutcome> const& outcomes, Json const& more = Json::object());
  std::vector<FileTurn> done(std::string const& target) const;

 private:
  AuditRow row(std::string const& target, std::string action, Json after) const;

  World& world_;
  migrations::Scope scope_;
  std::string action_, reason_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<FileTurn>> done_;
};

}  // namespace scripting
