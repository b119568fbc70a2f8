#pragma once

#include <map>
#include <string>

#include "fleet/fleet.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// Turns what was given (text from --input, JSON from Lua) into the frozen inputs of a run: unknown names are
// Error{usage} listing the known ones, each value is checked against its type and against the registry,
// missing ones get their default, are asked for at a terminal, or are Error{usage} naming the flag. Nothing
// has been changed anywhere when it throws. `need_registry` false while the master does not exist yet.
Json settle_inputs(Runbook const& runbook, std::map<std::string, Json> const& given, fleet::Fleet& fleet,
                   Console& console);

// The inputs as an operator may see them, one "name = value" a line; secrets are references already.
std::string render_inputs(Json const& inputs, std::string const& indent);

}  // namespace runbooks
