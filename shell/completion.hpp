#pragma once

#include <string_view>

#include "shell/line_editor.hpp"
#include "shell/prompt_session.hpp"

namespace shell {

// What Tab offers at byte `cursor` of an entry: globals and what an object has (with what help says of it),
// option keys of a call, slugs and names where they are wanted, tables and columns in SQL (the entry's own or
// in a string of Lua), commands and what they take.
Candidates candidates_for(PromptSession& session, std::string_view text, std::size_t cursor);

}  // namespace shell
