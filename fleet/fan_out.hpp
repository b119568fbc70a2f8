#pragma once

#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include "fleet/fleet.hpp"

namespace fleet {

// What a task tells about its server, beside its result.
class Attempt {
 public:
  explicit Attempt(std::function<void()> told = {}) : told_(std::move(told)) {}
  // As soon as a session is there.
  void reached() {
    if (!std::exchange(reached_, true) && told_) told_();
  }
  bool was_reached() const { return reached_; }

 private:
  std::function<void()> told_;
  bool reached_ = false;
};

struct FanOutTask {
  Tenant const* tenant = nullptr;
  std::string server;  // tasks of one server share its fate: see fan_out
  std::function<Result(Attempt&)> ask;
};

// A password that a person types is asked for now, on the caller's thread, which may be the only one that
// can: before a task with that endpoint is made.
void resolve_prompted(Secrets& secrets, Endpoint const& endpoint);

// Runs the tasks on at most `jobs` threads (0: chosen) and gives their outcomes in the order of the tasks.
// `ended`, if any, is told of each as it is there, on the thread that made it. The servers are worked in
// parallel: the next task is one of the server with the fewest under way. A server that nobody has reached
// yet is tried by two tasks at a time, so that a dead one holds up no more threads than that; when both could
// not reach it (later: eight in a row) it is not tried again, and its other tasks fail with the same error.
// When `stop` is requested, tasks that were not begun become Error{interrupted}.
std::vector<Outcome> fan_out(std::vector<FanOutTask> const& tasks, int jobs, std::stop_token const& stop,
                             std::function<void(std::size_t task, Outcome const&)> const& ended = {});

}  // namespace fleet
