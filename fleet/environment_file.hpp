#pragma once

#include <filesystem>

#include "fleet/environment.hpp"

namespace fleet {

// Reads one tenantsh.toml and lays it over what earlier files said. Errors as load_configuration.
void read_configuration_file(std::filesystem::path const& path, Configuration& configuration);

// `written` as a path: ~/ is the home folder, relative ones start at `folder`.
std::filesystem::path resolved_path(std::string const& written, std::filesystem::path const& folder);

}  // namespace fleet
