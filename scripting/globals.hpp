#pragma once

struct lua_State;

namespace scripting {

// Opens the libraries a script may have and takes out what reaches around tenantsh: io, debug, package, os
// but for time, date, clock, difftime and getenv, dofile, loadfile, string.dump. Then tenantsh's own globals
// and the rule that an unknown global is an error.
void open_globals(lua_State* lua);

}  // namespace scripting
