#pragma once

#include <filesystem>
#include <string>

#include "fleet/toml_table.hpp"

namespace fleet {

struct TomlFile {
  toml::table root;
  bool trusted = false;  // only the user and root can have written it: commands in it may be run
};

// Error{config} with file and line for what is no TOML, cannot be read or is longer than 256 KiB.
TomlFile read_toml(std::filesystem::path const& path);

// `written` as a path: ~/ is the home folder, relative ones start at `folder`.
std::filesystem::path resolved_path(std::string const& written, std::filesystem::path const& folder);

}  // namespace fleet
