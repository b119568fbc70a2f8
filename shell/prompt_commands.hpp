#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shell/prompt_session.hpp"

namespace shell {

// What stands behind a command's name, for completion.
enum class CommandTakes { nothing, selection, sql, table, file, topic };

// A word with a backslash before it: what is about the prompt itself, or a short form of what Lua says
// longer.
struct PromptCommand {
  char const* name;   // "use"
  char const* usage;  // "[SELECTION | master]"
  char const* brief;
  CommandTakes takes;
  void (*run)(PromptSession& session, std::string const& argument);  // blanks around the argument are gone
};
std::vector<PromptCommand> const& prompt_commands();
PromptCommand const* find_prompt_command(std::string_view name);

// `help prompt`: the commands and the keys.
std::string prompt_page();

// Runs a line that begins with a backslash. Error{usage} names the nearest command for one that does not
// exist.
void run_prompt_command(PromptSession& session, std::string const& line);

}  // namespace shell
