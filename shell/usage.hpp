#pragma once

#include <string>
#include <string_view>

#include "scripting/method.hpp"

// The help pages of the command line; those of the language come from scripting/help.hpp.
namespace shell {

std::string main_page(scripting::Registry const& registry);
// "tenantsh query SQL [--param V]…" with what each takes, made from the row.
std::string command_page(scripting::Method const& method);
// The global options and the exit statuses, as help shows them.
std::string_view options_text();
std::string_view exit_text();
// A command, "sandbox", "exit", a topic of the language, or what is made for other programs: "man"
// (roff), "bash", "zsh", "fish" (completion), "lua" (an editor's annotations). Error{not_found} suggests the
// nearest.
std::string topic_page(scripting::Registry const& registry, std::string const& topic);

}  // namespace shell
