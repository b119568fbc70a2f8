#pragma once

#include <cstdint>
#include <lua.hpp>
#include <string_view>

namespace scripting {

// Pushes what JSON or an array of PostgreSQL says as Lua values: objects and arrays as tables (an array with
// nulls has its length as `n`), numbers as integers or numbers where these hold the same value, else as exact
// numerics; elements of an array by the array's type, in as many dimensions as it has, bounds left out.
// `type` is the column's; of a text column an array is what is not JSON. Error{usage} for anything else, the
// stack as it was.
void push_decoded(lua_State* lua, std::string_view text, std::uint32_t type);

}  // namespace scripting
