#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/child.hpp"

namespace runbooks {

// A tenantsh that is watched: it may stop itself (SIGSTOP) at a place of its run and be sent on its way
// again. Killed when it goes out of scope.
class Patient {
 public:
  struct Parts {
    std::filesystem::path program;
    std::filesystem::path home;  // its TENANTSH_HOME
    std::string faults;          // its TENANTSH_CRASH, may be empty
    std::stop_token stop;        // ends waiting with Error{interrupted}
  };
  Patient(Parts parts, std::vector<std::string> const& words);
  // As it is started.
  static fleet::Command command(Parts const& parts, std::vector<std::string> const& words);

  enum class State { stopped, ended, stuck };
  // Until it stops itself or ends; `stuck` when it does neither for too long (it is killed then).
  State wait();
  void go_on() { child_.signal(SIGCONT); }

  int exit_code() const { return exit_code_; }           // 128 + N for signal N
  std::string const& output() const { return output_; }  // both streams, as they came

 private:
  void read();

  std::stop_token stop_;
  fleet::Child child_;
  std::string output_;
  int exit_code_ = 0;
};

}  // namespace runbooks
