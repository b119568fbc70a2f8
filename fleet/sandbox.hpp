#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

struct SandboxOptions {
  int servers = 2;  // tenant servers beside the master
  int tenants = 0;  // sizes max_connections and capacity; the caller provisions them
};

struct SandboxMember {
  std::string name;   // "master", "pg-1", …
  std::string role;   // "master" | "server"
  Endpoint endpoint;  // as the admin: database "master" for the master, "postgres" for a server
  std::string dsn;    // for psql as it stands: host, port, dbname, user, passfile
  bool running = false;
};

// The set of clusters under HOME/sandbox: the environment `sandbox`. Every member has an admin login
// `tenantsh_admin` (CREATEDB, CREATEROLE, not superuser) whose password stands in
// HOME/sandbox/secrets/NAME.admin (mode 0600; reference file:…) and in the passfile HOME/sandbox/passfile
// (0600), never anywhere else. What lies where is in sandbox_files.hpp.
class Sandbox {
 public:
  // Called from the thread that called us, in the order of the members: "pg-1: created".
  using Report = std::function<void(std::string const& line)>;

  // `home`: TENANTSH_HOME. Nothing is read or created until a method is called.
  Sandbox(std::filesystem::path home, Secrets& secrets);

  // Idempotent: creates what is missing, starts what is stopped (also after a reboot), grows the number of
  // servers, never shrinks it. Returns true when anything had to be done. Two at once: one waits for the
  // other.
  bool up(SandboxOptions const& options, Report const& report);
  void down(Report const& report);
  // Stops and deletes everything under HOME/sandbox. Refuses a folder that is not a sandbox.
  void reset(Report const& report);

  bool exists() const;
  // Empty when there is no sandbox. Connects to nothing.
  std::vector<SandboxMember> members() const;
  int capacity_tenants() const;  // per server, as chosen by up()

 private:
  std::filesystem::path home_;
  Secrets& secrets_;
};

// TENANTSH_HOME, else /var/lib/tenantsh for root, else $XDG_STATE_HOME/tenantsh or ~/.local/state/tenantsh.
std::filesystem::path default_home();

}  // namespace fleet
