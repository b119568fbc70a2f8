#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scripting/method.hpp"
#include "shell/options.hpp"

namespace shell {

// A row of the method registry that the leading words of a command line name.
struct NamedMethod {
  scripting::Method const* method = nullptr;
  std::size_t words = 0;  // how many of them name it
};

// An alias ("migrate up", "query"), the longest first, else OBJECT METHOD with dashes for underscores.
std::optional<NamedMethod> find_method(scripting::Registry const& registry,
                                       std::vector<std::string> const& words);

// The words after the method's name as checked arguments; global options among them go to `options`.
// Positional parameters take words in their order, a list the rest; every parameter is also `--its-name
// VALUE`, a boolean `--its-name`, a list may be repeated. Error{usage} names what is wrong.
scripting::Arguments parse_method_arguments(scripting::Method const& method,
                                            std::vector<std::string> const& words, Options& options);

// What runs on the command line: "migrate up", else "tenants query".
std::string command_name(scripting::Method const& method);
// "fence_mode" → "--fence-mode"; a list in the singular: "params" → "--param".
std::string option_name(scripting::Parameter const& parameter);

// Everything a first word may be, for suggestions: the shell's own commands, aliases, objects.
std::vector<std::string> command_words(scripting::Registry const& registry);

}  // namespace shell
