#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fleet/write_fence.hpp"
#include "fleet/write_fence_privileges.hpp"

namespace fleet {

// A role's own value of default_transaction_read_only in the database; role "" is the database.
struct FenceSetting {
  std::string role;
  std::optional<std::string> former;
};

// What is written down of one fence: its row in tenantsh.fence, the privileges in tenantsh.fence_privilege,
// the former settings in tenantsh.fence_setting. `scope` is a schema, "" the whole database. But for read()
// every method belongs in the caller's transaction, which writes.
class FenceRecord {
 public:
  FenceRecord(Session& session, std::string scope) : session_(session), scope_(std::move(scope)) {}

  void read();  // fills `row` and `drained`; reads only
  bool kept();  // the tables are there; reads only
  void make_tables();
  // A copy has the fence's rows and the revoked privileges of its tables; what belongs to a database as a
  // whole (its own privileges, settings) stayed behind, and its objects have other oids.
  void adopt_copy(FenceRequest const& request);
  void write(FenceRequest const& request);
  void save(FenceLevel level);  // what is open now, beside what was saved before
  void save_added(std::string const& kind, std::string const& object, std::string const& object_oid,
                  std::string const& owner, std::string const& privilege);
  void save(std::vector<FenceSetting> const& settings);
  void mark_drained(bool drained);
  std::vector<HeldPrivilege> privileges(bool suspended_only);
  std::vector<FenceSetting> settings();  // of roles that are still there
  // Objects, columns and roles that were dropped since have nothing to be given back: a line for each. Those
  // that were renamed have their new names.
  std::vector<std::string> forget_what_is_gone();
  void forget_suspended();
  void forget();
  // Throws unless every privilege that was saved is there again, in the very words.
  void check_restored(std::string const& slug);

  Fence row;
  bool drained = false;  // the sessions from before were ended

 private:
  Session& session_;
  std::string scope_;
};

}  // namespace fleet
