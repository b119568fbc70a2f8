#pragma once

#include <string>

#include "shell/prompt_session.hpp"

namespace shell {

// Tables of the scope and in how many tenants each stands; with a name, the columns of that table. A tenant
// that has it otherwise than the others is named. `pattern`: "", "TABLE", "SCHEMA.TABLE", with * and ?.
scripting::Answer describe_tables(PromptSession& session, std::string const& pattern);

}  // namespace shell
