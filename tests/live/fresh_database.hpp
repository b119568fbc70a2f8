#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "tests/support/throwaway_cluster.hpp"

namespace tests {

// A database of its own for one test, gone at its end.
class FreshDatabase {
 public:
  explicit FreshDatabase(std::string const& owner = "tenantsh_admin") {
    static int made = 0;
    name_ = "fresh_" + std::to_string(++made);
    cluster().run({"do $$ begin create role tests_owner; exception when duplicate_object then null; end $$",
                   "create database \"" + name_ + "\" owner " + owner});
  }
  ~FreshDatabase() {
    try {
      cluster().run({"drop database \"" + name_ + "\" with (force)"});
    } catch (std::exception const&) {  // the cluster goes as a whole soon
    }
  }
  FreshDatabase(FreshDatabase const&) = delete;
  FreshDatabase& operator=(FreshDatabase const&) = delete;

  std::string const& name() const { return name_; }
  fleet::Driver& driver() const { return cluster().driver(); }
  // As tenantsh_admin.
  std::unique_ptr<fleet::Session> connect(std::string const& application_name = "tests") const {
    return driver().connect(cluster().admin(name_), cluster().secrets(),
                            {.application_name = application_name});
  }
  // As superuser.
  void run(std::vector<std::string> const& statements) const { cluster().run(statements, name_); }
  std::string one(std::string const& sql) const {
    auto session = driver().connect(cluster().superuser(name_), cluster().secrets(), {});
    return session->query(sql).value().value_or("NULL");
  }
  void terminate(int backend_pid) const {
    run({"select pg_terminate_backend(" + std::to_string(backend_pid) + ", 5000)"});
  }

 private:
  static ThrowawayCluster& cluster() { return ThrowawayCluster::shared(); }

  std::string name_;
};

}  // namespace tests
