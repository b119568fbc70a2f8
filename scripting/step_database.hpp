#pragma once

#include <memory>

#include "fleet/session.hpp"
#include "runbooks/engine/runbook.hpp"
#include "scripting/binding.hpp"

namespace scripting {

// The `db` that a step's functions get: its target's session behind the gate. Reads run; in a plan a write is
// recorded with its values and its result is unknown; in probe, pre, when and verify a write is refused; in a
// body it runs. The session belongs to the runner and is gone when the function returns: a script that keeps
// `db` gets an error, never a dangling session.
struct StepDatabase {
  std::shared_ptr<fleet::Session*> session;  // *session is null when the database does not exist yet
  runbooks::RunView const* run = nullptr;    // who and why, for audit rows
};
template <>
struct LuaType<StepDatabase> {
  static constexpr char const* name = "tenantsh.database";
};

// An input of type secret: prints as its reference, goes into a statement as a value.
struct SecretHandle {
  fleet::Secret secret;
};
template <>
struct LuaType<SecretHandle> {
  static constexpr char const* name = "tenantsh.secret";
};

// The methods of `db`.
std::vector<std::string> const& step_database_methods();
void new_step_database_types(lua_State* lua);

}  // namespace scripting
