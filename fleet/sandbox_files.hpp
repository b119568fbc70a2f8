#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fleet/cluster.hpp"
#include "fleet/file_descriptor.hpp"

namespace fleet {

// What was chosen for a sandbox. Format of the marker file HOME/sandbox/tenantsh-sandbox, one JSON object:
//   {"servers": 2, "tenants": 0, "capacity": 100, "max_connections": 100, "socket_folder": "/tmp/…"}
struct SandboxState {
  int servers = 0;
  int tenants = 0;   // the most that `up --tenants` ever asked for
  int capacity = 0;  // tenants a server takes
  int max_connections = 0;
  std::filesystem::path socket_folder;

  bool operator==(SandboxState const&) const = default;
  std::vector<std::string> member_names() const;  // "master", "pg-1", …
};

// Where the things of the sandbox lie.
//   HOME/sandbox/tenantsh-sandbox   marker and state
//               /lock               flock while something changes
//               /passfile           libpq's, one line a member
//               /secrets/NAME.admin, NAME.superuser
//               /NAME/data          data directory (the server user's)
//               /NAME/admin-made    the admin role stands with the password of secrets/NAME.admin
class SandboxFiles {
 public:
  // Makes a relative home absolute.
  explicit SandboxFiles(std::filesystem::path const& home);

  std::filesystem::path const& home() const { return home_; }
  std::filesystem::path root() const { return home_ / "sandbox"; }
  std::filesystem::path marker() const { return root() / "tenantsh-sandbox"; }
  std::filesystem::path lock() const { return root() / "lock"; }
  std::filesystem::path passfile() const { return root() / "passfile"; }
  std::filesystem::path secrets() const { return root() / "secrets"; }
  std::filesystem::path admin_password(std::string const& member) const {
    return secrets() / (member + ".admin");
  }
  std::filesystem::path superuser_password(std::string const& member) const;
  std::filesystem::path member(std::string const& name) const { return root() / name; }
  std::filesystem::path admin_made(std::string const& name) const { return member(name) / "admin-made"; }

  ClusterPlan plan(SandboxState const& state, std::string const& member) const;

  // nullopt when there is no sandbox. Error{config} when the marker is damaged.
  std::optional<SandboxState> read_state() const;
  void write_state(SandboxState const& state) const;

  void make() const;  // HOME and HOME/sandbox
  // Error{refused} when HOME/sandbox holds something else than a sandbox.
  void check_ours() const;
  // Error{io} when the disk has no room for so many new clusters.
  void check_room(int clusters) const;
  // Error{io} when user postgres cannot get there (we are root then).
  void check_way_for_servers() const;

 private:
  std::filesystem::path home_;
};

// Held while a sandbox changes. Waits for another holder, of whom `waiting` is told. Not inherited by
// servers.
class SandboxLock {
 public:
  SandboxLock(SandboxFiles const& files, std::function<void()> const& waiting);

 private:
  FileDescriptor file_;
};

}  // namespace fleet
