#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fleet/sandbox_files.hpp"
#include "fleet/session.hpp"

namespace runbooks {

// A sandbox of the laboratory's own, in a folder of its own, that can be put back to how it was. Nothing it
// does reaches another TENANTSH_HOME. Deleted, servers and sockets too, when it goes out of scope.
//   ROOT/home     the TENANTSH_HOME of what is tortured
//   ROOT/kept     that folder as keep() found it
class Workbench {
 public:
  struct Parts {
    fleet::Driver& driver;
    fleet::Secrets& secrets;
    std::filesystem::path root;  // an empty folder, the bench's from now on
  };

  // Starts nothing yet.
  explicit Workbench(Parts parts);
  ~Workbench();
  Workbench(Workbench const&) = delete;
  Workbench& operator=(Workbench const&) = delete;

  // Makes what is missing and starts what does not run.
  void raise();
  // What restore() comes back to, from now on. The servers run afterwards.
  void keep();
  // As keep() found it, with running servers.
  void restore();

  std::vector<std::string> members() const { return {"master", "pg-1", "pg-2"}; }
  // Ends a server as a power cut would, and starts it again.
  void crash(std::vector<std::string> const& members) const;
  // As superuser.
  std::unique_ptr<fleet::Session> open(std::string const& member, std::string const& database) const;
  // Arguments for PostgreSQL's own programs to come to that database as superuser; the password is a
  // variable.
  fleet::Command program(std::string const& name, std::string const& member,
                         std::string const& database) const;

  std::filesystem::path const& root() const { return parts_.root; }
  std::filesystem::path home() const { return parts_.root / "home"; }
  fleet::Driver& driver() const { return parts_.driver; }

 private:
  fleet::ClusterPlan plan(std::string const& member) const;
  void stop(fleet::StopMode mode);

  Parts parts_;
  fleet::SandboxFiles files_;
  fleet::SandboxState state_;
};

}  // namespace runbooks
