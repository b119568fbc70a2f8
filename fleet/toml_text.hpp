#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleet {

struct TomlTrouble {
  int line = 1;
  std::string what;
};

// What toml++ 3.3 must not be given, because it recurses or is undefined instead of refusing: outside of
// strings and comments, characters that TOML has no use for there and more than 2,000 dots; in strings, a
// backslash before a character outside of ASCII. Nothing found does not mean that the text is TOML.
std::optional<TomlTrouble> find_toml_trouble(std::string_view text);

}  // namespace fleet
