#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fleet/driver.hpp"
#include "fleet/session.hpp"

namespace tests {

// A PostgreSQL cluster for one run of a test program: initdb in a temporary folder, unix socket only, scram
// passwords, no fsync. Runs as user postgres when we are root. Stopped and deleted at exit; when the test
// program dies, the kernel stops the server with it.
class ThrowawayCluster {
 public:
  using Settings = std::map<std::string, std::string>;

  explicit ThrowawayCluster(Settings const& settings = {});
  ~ThrowawayCluster();
  ThrowawayCluster(ThrowawayCluster const&) = delete;
  ThrowawayCluster& operator=(ThrowawayCluster const&) = delete;

  // The one that all tests of a program share: max_connections 40. PG* variables are unset before it starts.
  static ThrowawayCluster& shared();

  fleet::Endpoint superuser(std::string const& database = "postgres") const;  // postgres
  fleet::Endpoint admin(
      std::string const& database = "postgres") const;  // tenantsh_admin: CREATEDB, CREATEROLE
  // As superuser, each statement by itself.
  void run(std::vector<std::string> const& statements, std::string const& database = "postgres");
  void stop();
  void start();

  std::filesystem::path const& folder() const { return folder_; }
  fleet::Driver& driver() { return driver_; }
  fleet::Secrets& secrets() { return secrets_; }

 private:
  fleet::Endpoint endpoint(std::string const& user, std::string const& database) const;

  std::filesystem::path folder_;
  Settings settings_;
  pid_t server_ = 0;
  fleet::LazyDriver driver_;
  fleet::Secrets secrets_;
};

}  // namespace tests
