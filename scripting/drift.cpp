#include "scripting/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "migrations/engine/ledger.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::Scope;

constexpr std::size_t schemas_at_once = 500;

// Targets that one connection answers for.
struct Group {
  std::vector<fleet::Tenant const*> tenants;
};

// By the slug of its first tenant.
std::map<std::string, Group> groups_of(std::vector<fleet::Tenant> const& tenants,
                                       std::vector<fleet::Tenant>& first) {
  std::map<std::string, std::vector<fleet::Tenant const*>> places;
  for (fleet::Tenant const& tenant : tenants)
    places[tenant.placement == fleet::Placement::schema ? tenant.server + "\n" + tenant.database_name
                                                        : "\n" + tenant.slug]
        .push_back(&tenant);
  std::map<std::string, Group> groups;
  for (auto& [place, members] : places) {
    // Two of 500 rather than one of 600 and one of 400.
    std::size_t const parts = (members.size() + schemas_at_once - 1) / schemas_at_once;
    std::size_t const size = (members.size() + parts - 1) / parts;
    for (std::size_t begin = 0; begin < members.size(); begin += size) {
      Group group;
      for (std::size_t i = begin; i < std::min(begin + size, members.size()); ++i)
        group.tenants.push_back(members[i]);
      first.push_back(*group.tenants.front());
      groups[group.tenants.front()->slug] = std::move(group);
    }
  }
  return groups;
}

// Names in the ledger of each schema; of the whole database for {""}.
std::vector<std::set<std::string>> applied_names(fleet::Session& session, Scope scope,
                                                 std::vector<std::string> const& schemas) {
  std::vector<std::set<std::string>> applied;
  for (migrations::Ledger const& ledger : migrations::read_ledgers(session, scope, schemas)) {
    applied.emplace_back();
    for (migrations::LedgerEntry const& entry : ledger.entries) applied.back().insert(entry.name);
  }
  return applied;
}

Error no_schema(fleet::Tenant const& tenant) {
  return Error{ErrorKind::not_found, fmt::format("database {} has no schema {}", tenant.database_name,
                                                 fleet::in_quotes(tenant.schema_name))}
      .at_tenant(tenant.slug);
}

// Answers of one group.
void see(fleet::Session& session, Group const& group, std::mutex& mutex, StructuresSeen& all) {
  std::vector<std::string> schemas;
  for (fleet::Tenant const* tenant : group.tenants) schemas.push_back(tenant->schema_name);
  auto applied = applied_names(session, Scope::tenant, schemas);
  std::vector<StructureSeen> seen;
  std::vector<Error> failures;
  if (group.tenants.front()->placement == fleet::Placement::database) {
    seen.push_back({group.tenants.front()->slug, fleet::structure_digest(session), std::move(applied[0])});
  } else {
    auto const digests = fleet::structure_digests(session, schemas);
    for (std::size_t i = 0; i < schemas.size(); ++i) {
      if (auto const found = digests.find(schemas[i]); found != digests.end())
        seen.push_back({group.tenants[i]->slug, found->second, std::move(applied[i])});
      else
        failures.push_back(no_schema(*group.tenants[i]));
    }
  }
  std::lock_guard const lock{mutex};
  for (StructureSeen& one : seen) all.seen.push_back(std::move(one));
  for (Error& error : failures) all.failures.push_back(std::move(error));
}

// Calls `work` for each group; a group that cannot be asked is a failure of each of its tenants.
void for_each_group(World& world, std::vector<fleet::Tenant> const& tenants, int jobs,
                    std::function<void(fleet::Session&, Group const&)> const& work,
                    std::vector<Error>& failures) {
  std::vector<fleet::Tenant> first;
  std::map<std::string, Group> const groups = groups_of(tenants, first);
  fleet::FanOutOptions const options{.jobs = jobs, .timeout_ms = 0, .stop = world.interrupt.get_token()};
  auto outcomes = world.fleet.each(first, options, [&](fleet::Tenant const& tenant, fleet::Session& session) {
    fleet::Transaction transaction{session, fleet::Access::read_only};
    work(session, groups.at(tenant.slug));
    transaction.commit();
    return fleet::Result{};
  });
  for (fleet::Outcome const& outcome : outcomes) {
    if (!outcome.error) continue;
    for (fleet::Tenant const* tenant : groups.at(outcome.tenant.slug).tenants) {
      failures.push_back(*outcome.error);
      failures.back().tenant = tenant->slug;
    }
  }
}

fleet::Pool::Lease ask_master(World& world) {
  return world.fleet.pool().acquire(world.fleet.master(),
                                    {.application_name = world.fleet.application_name()},
                                    world.interrupt.get_token());
}

}  // namespace

StructuresSeen see_structures(World& world, MigrationTargets const& targets, int jobs) {
  StructuresSeen all;
  if (targets.scope == Scope::master) {
    auto session = ask_master(world);
    fleet::Transaction transaction{*session, fleet::Access::read_only};
    all.seen.push_back({"master", fleet::structure_digest(*session),
                        std::move(applied_names(*session, Scope::master, {""}).at(0))});
    transaction.commit();
    return all;
  }
  std::mutex mutex;
  for_each_group(
      world, targets.tenants, jobs,
      [&](fleet::Session& session, Group const& group) { see(session, group, mutex, all); }, all.failures);
  std::map<std::string, std::size_t> order;
  for (std::size_t i = 0; i < targets.tenants.size(); ++i) order[targets.tenants[i].slug] = i;
  std::sort(all.seen.begin(), all.seen.end(), [&](StructureSeen const& a, StructureSeen const& b) {
    return order[a.target] < order[b.target];
  });
  return all;
}

StructuresRead read_structures(World& world, MigrationTargets const& targets,
                               std::set<std::string> const& names, int jobs) {
  StructuresRead read;
  if (names.empty()) return read;
  if (targets.scope == Scope::master) {
    auto session = ask_master(world);
    read.structures["master"] = fleet::read_structure(*session);
    return read;
  }
  std::vector<fleet::Tenant> chosen;
  for (fleet::Tenant const& tenant : targets.tenants)
    if (names.count(tenant.slug) > 0) chosen.push_back(tenant);
  std::mutex mutex;
  for_each_group(
      world, chosen, jobs,
      [&](fleet::Session& session, Group const& group) {
        for (fleet::Tenant const* tenant : group.tenants) {
          fleet::Structure structure = fleet::read_structure(session, {tenant->schema_name});
          std::lock_guard const lock{mutex};
          read.structures[tenant->slug] = std::move(structure);
        }
      },
      read.failures);
  return read;
}

}  // namespace scripting
