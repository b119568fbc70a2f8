#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scripting/lua_tokens.hpp"
#include "scripting/method.hpp"
#include "scripting/world.hpp"

// `tenantsh check`: what can be said of a runbook or a script before anything of it runs. A runbook is
// declared (under the gate's loading state, as for every run), a plain script is compiled only; the rest is
// read from the text.
namespace scripting {

enum class Severity { error, warning };
std::string_view to_string(Severity severity);

struct Finding {
  std::string file;  // as the operator named it
  Place at;          // line 0: the file as a whole
  std::string rule;  // "undeclared-input"
  Severity severity = Severity::error;
  std::string message;
  std::string hint;  // what would be right
};

// Whether the environment's registry may be asked which tenants and servers there are.
enum class Reach { online, offline };

struct CheckReport {
  std::vector<Finding> findings;   // by file as given, then by place
  std::vector<std::string> notes;  // what could not be checked, and why
};

// Throws Error{not_found} or Error{usage} before anything is checked, for a file that is none. Needs the
// interpreter.
CheckReport check_files(World& world, std::vector<std::string> const& files, Reach reach);

// "FILE:LINE:COL: error: message [rule]" and, below it, "  hint: …".
std::string finding_text(Finding const& finding);

}  // namespace scripting
