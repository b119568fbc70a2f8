#pragma once

#include <string>
#include <string_view>

#include "scripting/method.hpp"

// Completion of the command line in other people's shells: words, options, tenants by name.
namespace shell {

// A script for "bash", "zsh" or "fish", to be sourced or put where that shell looks for completions.
// Error{usage} for another shell.
std::string completion_script(scripting::Registry const& registry, std::string_view shell);

}  // namespace shell
