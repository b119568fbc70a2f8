#pragma once

#include <string>
#include <vector>

#include "runbooks/engine/runbook.hpp"
#include "scripting/binding.hpp"
#include "scripting/runbook_file.hpp"

namespace scripting {

// The table after runbook "name": brief, inputs, locks.
void read_runbook_head(lua_State* lua, int index, runbooks::Runbook& runbook);

// The table after step "name"; `lines` is the file's text, of which the step's hash is made. `runbook` must
// stay where it is for as long as the step lives.
void read_step(lua_State* lua, int index, runbooks::Runbook const& runbook,
               std::vector<std::string> const& lines, runbooks::Step& step);

// The table `input`: input.text{…}, input.tenant{…}, one function per type; each returns a description.
void push_input_types(lua_State* lua);
// The table `environment`: name, sandbox, guard, secrets_folder, master.database and .user,
// known_servers[name], first_server. Facts of the
// configuration, no I/O. For a check, what the environment cannot tell now is absent.
void push_environment_facts(lua_State* lua, Purpose purpose);

}  // namespace scripting
