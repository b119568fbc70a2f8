#pragma once

#include <string>
#include <string_view>

#include "scripting/method.hpp"
#include "scripting/world.hpp"

// The environment's guard as its parts, for what asks in its own words (scripting/execution.hpp); every other
// call goes through permit() (scripting/method.hpp).
namespace scripting {

// The stronger of what the configuration says of the environment and what its master says of itself. Master
// is asked at the first write of the session: a nickname that leads to another environment's master, or to a
// copy of one, is Error{refused} with what to mend. A master that does not answer, or is not made yet, is
// asked again next time; until then the configuration counts.
fleet::Guard recognised_guard(World& world);

// What a person types to say yes to a destructive call: the tenant's or server's name, the selection as
// written, else the environment's name.
std::string subject_of(World& world, Arguments const& arguments);

// Whether --confirm gave that name: --confirm NAME, or --confirm ENVIRONMENT,NAME which names both.
bool confirmed(World const& world, std::string const& name);

// Null when the session is not armed, or no longer.
Armed const* armed(World const& world);

// Why, for an audit row: the call's own reason, the command line's, the one it was armed with.
std::string audit_reason(World const& world, std::string const& reason);

// For a protected environment. Error{refused} with how to arm.
void check_armed(World& world, std::string const& what, std::string const& reason);

// The help page "guards"; "" for another topic.
std::string_view guard_help(std::string_view topic);

// Rows of shell: arm, disarm (lua_arm.cpp).
void add_arm(Registry& registry);

}  // namespace scripting
