#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runbooks/engine/runbook.hpp"
#include "scripting/interpreter.hpp"

namespace scripting {

// A runbook named on the command line: a shipped one by its name, any other by its path.
// Error{not_found} lists the shipped ones and suggests the nearest.
std::filesystem::path find_runbook(World& world, std::string const& name);
// Names of the shipped runbooks, sorted.
std::vector<std::string> shipped_runbooks(World& world);

// What a file is loaded for. A check reads declarations only: what the environment cannot tell about itself
// (the sandbox is down) is left out of `environment`, and print() is silent; offline it is not even asked.
enum class Purpose { running, checking, checking_offline };

// The words a runbook declares with: runbook, section, step, …
std::vector<std::string> const& declaring_words();

// Declares what the file says and executes nothing: while it loads, every I/O is Error{refused}.
// Error{usage} names file:line and what would be right. Must not outlive the interpreter.
std::shared_ptr<runbooks::Runbook const> load_runbook(lua_State* lua, std::filesystem::path const& file,
                                                      Purpose purpose = Purpose::running);

// Runs a runbook as `runbooks:run` does, every step unasked that is neither destructive nor a point of no
// return; nobody is notified. Needs the interpreter. `console`: where its lines go.
void run_unasked(World& world, runbooks::Console& console, std::string const& name,
                 std::map<std::string, runbooks::Json> const& inputs);

}  // namespace scripting
