#pragma once

#include <filesystem>

#include "fleet/environment.hpp"

namespace fleet {

// Reads one tenantsh.toml and lays it over what earlier files said. Errors as load_configuration.
void read_configuration_file(std::filesystem::path const& path, Configuration& configuration);

}  // namespace fleet
