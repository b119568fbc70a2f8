// Finding programs: on PATH, and PostgreSQL's own, which Debian keeps off it.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr int packaged_major_version = 15;  // Debian 12's

bool is_program(fs::path const& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

struct Installed {
  int major_version = 0;
  fs::path programs;
};

int leading_number(std::string const& text) {
  auto digit = text.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::atoi(text.c_str() + digit);
}

// Newest first.
std::vector<Installed> installed_versions() {
  std::vector<Installed> found;
  std::error_code ignored;
  for (auto const& entry : fs::directory_iterator{"/usr/lib/postgresql", ignored})
    found.push_back({leading_number(entry.path().filename().string()), entry.path() / "bin"});
  for (auto const& entry : fs::directory_iterator{"/usr", ignored}) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("pgsql-")) found.push_back({leading_number(name), entry.path() / "bin"});
  }
  std::sort(found.begin(), found.end(),
            [](Installed const& a, Installed const& b) { return a.major_version > b.major_version; });
  return found;
}

std::optional<Installed> said_by_pg_config() {
  auto pg_config = find_program("pg_config");
  if (!pg_config) return std::nullopt;
  CommandResult result = run({.argv = {pg_config->string(), "--version", "--bindir"}});
  auto line_end = result.output.find('\n');
  if (result.exit_code != 0 || line_end == std::string::npos) return std::nullopt;
  std::string folder = result.output.substr(line_end + 1);
  while (folder.ends_with('\n')) folder.pop_back();
  return Installed{leading_number(result.output.substr(0, line_end)), folder};
}

[[noreturn]] void throw_missing(std::string const& program, int major_version, std::string const& where) {
  constexpr std::string_view client_programs[] = {"psql", "pg_dump", "pg_restore", "pg_dumpall",
                                                  "pg_isready"};
  bool client =
      std::find(std::begin(client_programs), std::end(client_programs), program) != std::end(client_programs);
  int version = major_version != 0 ? major_version : packaged_major_version;
  std::string package = (client ? "postgresql-client-" : "postgresql-") + std::to_string(version);
  throw Error{ErrorKind::tool, std::string{"PostgreSQL "} + (client ? "client" : "server") +
                                   " programs are missing: apt install " + package}
      .with_detail("no " + program + " in " + where);
}

}  // namespace

std::optional<fs::path> find_program(std::string const& name) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional{fs::path{name}} : std::nullopt;
  char const* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (!folder.empty() && is_program(fs::path{folder} / name)) return fs::path{folder} / name;
  }
  return std::nullopt;
}

fs::path postgres_program(std::string const& program, int major_version) {
  char const* chosen = std::getenv("TENANTSH_PG_BINDIR");
  if (chosen != nullptr && *chosen != '\0') {
    fs::path path = fs::path{chosen} / program;
    if (is_program(path)) return path;
    throw_missing(program, major_version, std::string{chosen} + " (TENANTSH_PG_BINDIR)");
  }
  for (Installed const& installed : installed_versions())
    if ((major_version == 0 || installed.major_version == major_version) &&
        is_program(installed.programs / program))
      return installed.programs / program;
  auto configured = said_by_pg_config();
  if (configured && (major_version == 0 || configured->major_version == major_version) &&
      is_program(configured->programs / program))
    return configured->programs / program;
  throw_missing(program, major_version, "/usr/lib/postgresql/*/bin");
}

}  // namespace fleet
