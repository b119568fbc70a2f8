#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "fleet/fleet.hpp"

namespace fleet {

// What a task tells about its server, beside its result.
struct Attempt {
  bool reached = false;  // set as soon as a session is there
};

struct FanOutTask {
  Tenant const* tenant = nullptr;
  std::string server;  // tasks of one server share its fate: see fan_out
  std::function<Result(Attempt&)> ask;
};

// Runs the tasks on at most `jobs` threads (0: chosen) and gives their outcomes in the order of the tasks.
// The servers are worked in parallel: the next task is one of the server with the fewest under way. A server
// that could not be reached twice, and never otherwise, is not tried again: its other tasks fail with the
// same error. When `stop` is requested, tasks that were not begun become Error{interrupted}.
std::vector<Outcome> fan_out(std::vector<FanOutTask> const& tasks, int jobs, std::stop_token const& stop);

}  // namespace fleet
