#include "scripting/guard.hpp"
#include "scripting/interpreter.hpp"
#include "scripting/lua_dump_weight.hpp"
#include "scripting/lua_lint.hpp"
#include "scripting/lua_parity.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/objects.hpp"
#include "scripting/status_change.hpp"

namespace scripting {

Registry make_registry() {
  Registry registry;
  add_fleet(registry);
  add_master(registry);
  add_servers(registry);
  add_tenants(registry);
  add_execute(registry);
  add_logins(registry);
  add_status(registry);
  add_backups(registry);
  add_parity(registry);
  add_restore(registry);
  add_drill(registry);
  add_dump_weight(registry);
  add_migrations(registry);
  add_new_migrations(registry);
  add_renumber(registry);
  add_rollout(registry);
  add_baseline(registry);
  add_drift(registry);
  add_verify(registry);
  add_adoption(registry);
  add_lint(registry);
  add_seeds(registry);
  add_seed_proof(registry);
  add_runbooks(registry);
  add_check(registry);
  add_runs(registry);
  add_going_on(registry);
  add_approvals(registry);
  add_sql(registry);
  add_shell(registry);
  add_arm(registry);
  add_result(registry);
  return registry;
}

}  // namespace scripting
