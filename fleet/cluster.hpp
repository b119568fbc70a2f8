#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fleet/process.hpp"
#include "fleet/session.hpp"

namespace fleet {

// One private PostgreSQL cluster on this machine, from the installed server programs: unix socket only,
// scram passwords, no TCP, no service. Runs as user `postgres` when we are root, as ourselves otherwise.
struct ClusterPlan {
  std::string name;                       // "master", "pg-1"
  std::filesystem::path data;             // data directory
  std::filesystem::path socket_directory; // a socket path over 107 bytes is refused
  int port = 5500;
  int max_connections = 100;
  std::string superuser = "postgres";
  std::filesystem::path superuser_password_file;  // read by initdb
};

class Cluster {
 public:
  explicit Cluster(ClusterPlan plan);

  bool exists() const;   // PG_VERSION is there
  bool running() const;  // the postmaster of this data directory lives
  // initdb into a temporary folder, then rename: a killed initdb leaves nothing that looks like a cluster.
  void create();
  // Starts and waits until it answers; what stands in the log is part of the error.
  void start();
  void stop();     // fast shutdown; no error when it is not running
  ClusterPlan const& plan() const { return plan_; }

 private:
  ClusterPlan plan_;
};

struct SandboxOptions {
  int servers = 2;      // tenant servers beside the master
  int tenants = 0;      // sizes max_connections and capacity; the caller provisions them
};

struct SandboxMember {
  std::string name;    // "master", "pg-1", …
  std::string role;    // "master" | "server"
  Endpoint endpoint;   // as the admin: database "master" for the master, "postgres" for a server
  std::string dsn;     // for psql as it stands: host, port, dbname, user, passfile
  bool running = false;
};

// The set of clusters under HOME/sandbox: the environment `sandbox`. Every member has an admin login
// `tenantsh_admin` (CREATEDB, CREATEROLE, not superuser) whose password stands in HOME/sandbox/secrets/NAME.admin
// (mode 0600; reference file:…) and in the passfile HOME/sandbox/passfile (0600), never anywhere else.
class Sandbox {
 public:
  using Report = std::function<void(std::string const& line)>;

  // `home`: TENANTSH_HOME. Nothing is read or created until a method is called.
  Sandbox(std::filesystem::path home, Driver& driver, Secrets& secrets);

  // Idempotent: creates what is missing, starts what is stopped (also after a reboot), grows the number of
  // servers, never shrinks it. Returns true when anything had to be done. Two at once: one waits for the other.
  bool up(SandboxOptions const& options, Report const& report);
  void down(Report const& report);
  // Stops and deletes everything under HOME/sandbox. Refuses a folder that is not a sandbox.
  void reset(Report const& report);

  bool exists() const;
  std::vector<SandboxMember> members() const;
  int capacity_tenants() const;  // per server, as chosen by up()

 private:
  std::filesystem::path home_;
  Driver& driver_;
  Secrets& secrets_;
};

// TENANTSH_HOME, else /var/lib/tenantsh for root, else $XDG_STATE_HOME/tenantsh or ~/.local/state/tenantsh.
std::filesystem::path default_home();

}  // namespace fleet
