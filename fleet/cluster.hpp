#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "fleet/error.hpp"
#include "fleet/process.hpp"

namespace fleet {

// One private PostgreSQL cluster on this machine, from the installed server programs: unix socket only,
// scram passwords, no TCP, no service. Runs as user `postgres` when we are root, as ourselves otherwise.
struct ClusterPlan {
  std::string name;                        // for messages: "master", "pg-1"
  std::filesystem::path data;              // data directory; its parent exists and may be written by us
  std::filesystem::path socket_directory;  // see socket_folder.hpp
  int port = 5500;
  int max_connections = 100;
  std::string superuser = "postgres";
  std::filesystem::path superuser_password_file;  // read by create()
};

enum class StopMode {
  fast,      // sessions end, a last checkpoint
  immediate  // for what is deleted next: no checkpoint, the next start would recover
};

// Every method's Error carries the plan's name as its server. Not thread-safe, but several objects for
// several data directories may work at once.
class Cluster {
 public:
  explicit Cluster(ClusterPlan plan);

  bool exists() const;     // PG_VERSION is there
  bool running() const;    // the postmaster of this data directory lives
  bool reachable() const;  // running, and at the plan's socket, which is there
  // initdb into a temporary folder, then rename: a killed initdb leaves nothing that looks like a cluster.
  void create();
  // Writes the plan's settings (port, sockets, max_connections, …) into the cluster's own settings file. True
  // when they were others before: a running server has to be restarted.
  bool configure();
  // Starts and waits until it answers; what stands in the log is part of the error. Clears what a killed
  // postmaster left behind, refuses a port that another server holds. Nothing to do when it is running.
  void start();
  // Waits until it is gone; nothing to do when it is not running.
  void stop(StopMode mode = StopMode::fast);
  // Stops the server and deletes the data directory, renamed first: half of one never looks like a cluster.
  void remove();

  ClusterPlan const& plan() const { return plan_; }
  std::filesystem::path log_file() const;

 private:
  void wait_until_ready(ProcessIdentity const& postmaster, std::uintmax_t log_start) const;
  Error failed(ErrorKind kind, std::string const& what) const;

  ClusterPlan plan_;
};

// User whom servers run as: empty when that is ourselves, "postgres" when we are root.
std::string server_user();
// Its uid. Throws Error{tool} naming the package to install when we are root and there is no such user.
unsigned server_uid();

}  // namespace fleet
