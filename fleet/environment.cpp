#include "fleet/environment.hpp"

#include <fmt/format.h>

#include "fleet/environment_file.hpp"
#include "fleet/error.hpp"
#include "fleet/selection.hpp"

namespace fleet {
namespace {

using Path = std::filesystem::path;

constexpr auto file_name = "tenantsh.toml";

// In `start` or above; empty when there is none.
Path find_project_file(Path const& start) {
  if (start.empty()) return {};
  std::error_code failure;
  for (auto folder = std::filesystem::absolute(start, failure).lexically_normal(); !folder.empty();
       folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / file_name, failure)) return folder / file_name;
    if (folder == folder.parent_path()) break;
  }
  return {};
}

// What only the last file can complete.
void check_environment(Environment const& environment) {
  auto const only_files = environment.servers.kind == ListSource::Kind::file &&
                          environment.tenants.kind == ListSource::Kind::file;
  if (environment.master_dsn.empty() && !only_files)
    throw Error(ErrorKind::config, fmt::format("{}: [environment.{}] has no master",
                                               environment.declared_in.string(), environment.name))
        .with_hint("master = \"host=… dbname=… user=…\", without a password");
  if (environment.master_dsn.empty() && environment.journal_dsn.empty())
    throw Error(ErrorKind::config, fmt::format("{}: [environment.{}] has neither master nor journal",
                                               environment.declared_in.string(), environment.name))
        .with_hint("runs are journalled in a PostgreSQL database: journal = \"host=… dbname=… user=…\"");
}

}  // namespace

std::string_view to_string(Guard guard) {
  switch (guard) {
    case Guard::open: return "open";
    case Guard::confirm: return "confirm";
    case Guard::protected_: return "protected";
  }
  return "protected";
}

std::vector<std::string> const& known_colours() {
  static std::vector<std::string> const colours{"red",     "green", "yellow", "blue",
                                                "magenta", "cyan",  "white",  "grey"};
  return colours;
}

Configuration load_configuration(ConfigurationPlaces const& places) {
  Configuration configuration;
  std::error_code failure;
  if (!places.explicit_file.empty()) {
    read_configuration_file(std::filesystem::absolute(places.explicit_file, failure), configuration);
    if (configuration.environments.empty() && !configuration.names_sandbox)
      throw Error(ErrorKind::config, places.explicit_file.string() + ": it declares no [environment.NAME]");
  } else {
    auto const has_user_file =
        !places.user_file.empty() && std::filesystem::exists(places.user_file, failure);
    if (failure && failure != std::errc::no_such_file_or_directory && failure != std::errc::not_a_directory)
      throw Error(ErrorKind::config, places.user_file.string() + ": " + failure.message());
    if (has_user_file) read_configuration_file(places.user_file, configuration);
    auto const project_file = find_project_file(places.project_start);
    auto const same = has_user_file && std::filesystem::equivalent(places.user_file, project_file, failure);
    if (!project_file.empty() && !same) read_configuration_file(project_file, configuration);
  }
  configuration.sandbox_application.restart_allowed = configuration.exec_allowed;
  for (auto& [name, environment] : configuration.environments) {
    check_environment(environment);
    environment.application.restart_allowed = configuration.exec_allowed;
  }
  return configuration;
}

Environment const& find_environment(Configuration const& configuration, std::string const& name) {
  auto const found = configuration.environments.find(name);
  if (found != configuration.environments.end()) return found->second;
  std::vector<std::string> known{"sandbox"};
  for (auto const& [other, environment] : configuration.environments) known.push_back(other);
  auto const near = nearest(name, known);
  throw Error(ErrorKind::usage, fmt::format("no environment {}{}", in_quotes(name),
                                            near.empty() ? "" : "; did you mean \"" + near + "\"?"))
      .with_hint(fmt::format("known: {}", fmt::join(known, ", ")));
}

}  // namespace fleet
