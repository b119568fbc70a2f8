#pragma once

#include "runbooks/engine/runbook.hpp"
#include "scripting/step_database.hpp"

namespace scripting {

// `run`: what a step's functions know of their run: each input by its name (a tenant, server or selection as
// a handle, a secret as its handle), outputs["path"], id, started, who, runbook, item (in a step with
// `each`). Asking for anything else is an error.
struct RunHandle {
  runbooks::RunView const* view;
  runbooks::Runbook const* runbook;
};
template <>
struct LuaType<RunHandle> {
  static constexpr char const* name = "tenantsh.run";
};
struct OutputsHandle {
  runbooks::RunView const* view;
  runbooks::Runbook const* runbook;
};
template <>
struct LuaType<OutputsHandle> {
  static constexpr char const* name = "tenantsh.outputs";
};

// What a run has beside its inputs: outputs, id, …
std::vector<std::string> const& run_members();

void new_run_types(lua_State* lua);
void push_input(lua_State* lua, runbooks::Input const& input, runbooks::Json const& value);

// `on = …`: master | "master server" | a tenant | a server | {server = …, database = …}; throws Error{usage}.
runbooks::Target to_target(lua_State* lua, int index);

}  // namespace scripting
