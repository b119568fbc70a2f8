#pragma once

#include <string>
#include <vector>

#include "fleet/write_fence_proof.hpp"
#include "scripting/objects.hpp"

// A tenant's status as the registry and PostgreSQL tell it, and the way from one to another.
namespace scripting {

// What a status asks of the write fence.
enum class FenceWish { down, read_only, suspended, nothing };
FenceWish wish_of(fleet::TenantStatus status);

Json to_json(fleet::Fence const& fence);

// tenants.set_status: registry, audit and fence of each chosen tenant. The fence is up before the registry
// says so, and down before the registry says active: no tenant is called active that is fenced, and what is
// killed in between shows in tenants.fence().
class StatusChange {
 public:
  // Error{usage} for a status that is not set by this method, and without a reason.
  StatusChange(World& world, Arguments const& arguments);

  // The statements that it would send now, none where nothing is to be done.
  std::vector<std::string> describe();
  Answer run();

 private:
  struct Registered {
    fleet::TenantStatus status;
    bool sibling = false;
    std::string db_config_ref;
  };
  Registered registered(fleet::Tenant const& tenant, fleet::Session* master) const;
  void check_way(fleet::Tenant const& tenant, Registered const& now) const;
  fleet::FenceRequest request_for(fleet::Tenant const& tenant) const;
  bool held_by_ended_run(fleet::Fence const& fence) const;
  Json change(fleet::Tenant const& tenant, fleet::Session& admin);
  Json put_up(fleet::Tenant const& tenant, fleet::Session& admin, fleet::FenceRequest const& request,
              Json& proof);
  void write_registry(fleet::Session& master, fleet::Tenant const& tenant, fleet::TenantStatus before);
  std::vector<std::string> statements(fleet::Tenant const& tenant, fleet::Session& admin);

  World& world_;
  Arguments const& arguments_;
  fleet::TenantStatus to_;
  std::string reason_, run_id_;
  bool registry_ = false;  // the list of tenants is ours to write
  fleet::Chosen chosen_;
};

// Rows of tenants: set_status, fence, prove_fence (lua_status.cpp).
void add_status(Registry& registry);

}  // namespace scripting
