#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "migrations/engine/apply.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/migration_set.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

namespace scripting {

// What the methods of `migrations` and `seeds` work on: the master database, or chosen tenants. `scope` says
// which; without it `tenants` means tenants and neither means `otherwise`.
struct MigrationTargets {
  migrations::Scope scope;
  std::vector<fleet::Tenant> tenants;  // of scope tenant
  std::vector<std::string> notes;      // tenants left out

  std::size_t size() const { return scope == migrations::Scope::master ? 1 : tenants.size(); }
};
MigrationTargets targets_of(World& world, Arguments const& arguments, migrations::Scope otherwise);

// What the parameter scope says; `otherwise` without it.
migrations::Scope scope_of(Arguments const& arguments, migrations::Scope otherwise);

// The parameters scope, tenants and set, behind `parameters`.
std::vector<Parameter> with_targets(std::string default_scope, std::vector<Parameter> parameters);

// The folder that `set` names, else the shipped set of that scope.
migrations::MigrationSet load_set(World& world, Arguments const& arguments, migrations::Scope scope);

enum class Touch { reads, writes };

// Where one piece of work takes place. For master the tenant is a nameless one.
struct TargetSession {
  fleet::Tenant const& tenant;
  fleet::Session& session;
  migrations::Target target;
};

// Calls `work` for each target, tenants on worker threads; `name` of an Outcome's tenant is the slug, or
// "master". A target's error is its Outcome's.
struct TargetOutcome {
  std::string target;
  std::optional<fleet::Result> result;
  std::optional<fleet::Error> error;
};
std::vector<TargetOutcome> for_each_target(World& world, MigrationTargets const& targets, Touch touch,
                                           int jobs,
                                           std::function<fleet::Result(TargetSession const&)> const& work);

// Calls `work` with what each target has, read and nothing else: the tenants of one database in one query, so
// that thousands of schemas cost what one costs. On worker threads, a database at a time.
std::vector<TargetOutcome> for_each_ledger(
    World& world, MigrationTargets const& targets,
    std::function<fleet::Result(migrations::Ledger const&)> const& work);

// Rows of all that answered, with the column `target` before the others; failures; asked.
Answer answer_from(std::vector<TargetOutcome> outcomes, std::vector<fleet::Column> columns,
                   std::vector<std::string> notes);

// Inside of a runbook's step, which is done or not done, a target that failed is the call's own error.
Answer whole_in_a_step(World& world, Answer answer);

// Options of a writing call: who, the owner that is given or that the database or schema has, accepted
// problems. They ask `place`, which must outlive them.
migrations::ApplyOptions apply_options(World& world, Arguments const& arguments,
                                       migrations::MigrationSet const& set, TargetSession const& place);
migrations::AcceptedProblems accepted_problems(Arguments const& arguments);
// The parameters accept, owner, lock_timeout, lock_retries and jobs, which apply_options() reads.
std::vector<Parameter> work_parameters();
// Error{usage} for what is wrong in them, before any target is asked.
void check_work(Arguments const& arguments);

// "acme", "acme, beta", "acme, beta, … 98 more": targets that have something in common.
std::string names_text(std::vector<std::string> const& names);

// One row of identity.tenant_audit for each target that took part. Nothing where master has no such table (a
// foreign fleet, a master that is being made).
struct AuditRow {
  std::string tenant;  // slug, "" for master
  std::string object, action;
  Json after;
};
void leave_audit(World& world, std::vector<AuditRow> const& rows, std::string const& reason);
// The same over a session of the caller's, which must be master's.
void leave_audit(World& world, fleet::Session& master, std::vector<AuditRow> const& rows,
                 std::string const& reason);
// Whether the environment can have that table: its list of tenants is ours.
bool keeps_audit(World& world);

}  // namespace scripting
