#include "fleet/fan_out.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace fleet {
namespace {

constexpr int most_jobs = 32;
constexpr int failures_until_given_up = 2;

struct ServerQueue {
  std::deque<std::size_t> waiting;  // indexes of tasks
  int under_way = 0;
  bool reached = false;
  int failures = 0;
  std::optional<Error> unreachable;
};

class Work {
 public:
  Work(std::vector<FanOutTask> const& tasks, std::stop_token stop)
      : tasks_(tasks), stop_(std::move(stop)), outcomes_(tasks.size()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) queues_[tasks[i].server].waiting.push_back(i);
  }

  // One worker: until nothing is left.
  void run() {
    for (;;) {
      std::size_t index = 0;
      ServerQueue* queue = nullptr;
      std::optional<Error> refused;
      {
        std::lock_guard lock{mutex_};
        for (auto& [server, candidate] : queues_)
          if (!candidate.waiting.empty() && (!queue || candidate.under_way < queue->under_way))
            queue = &candidate;
        if (!queue) return;
        index = queue->waiting.front();
        queue->waiting.pop_front();
        ++queue->under_way;
        refused = queue->unreachable;
      }
      Attempt attempt;
      outcomes_[index] = answer(tasks_[index], refused, attempt);
      std::lock_guard lock{mutex_};
      --queue->under_way;
      note(*queue, outcomes_[index], attempt);
    }
  }

  std::vector<Outcome> take() { return std::move(outcomes_); }

 private:
  Outcome answer(FanOutTask const& task, std::optional<Error> const& refused, Attempt& attempt) const {
    Outcome outcome;
    outcome.tenant = *task.tenant;
    auto const started = std::chrono::steady_clock::now();
    try {
      if (stop_.stop_requested()) throw Error{ErrorKind::interrupted, "interrupted before it was asked"};
      if (refused) throw Error{*refused};
      outcome.result = task.ask(attempt);
    } catch (Error const& error) {
      outcome.error = error;
    } catch (std::exception const& error) {
      outcome.error.emplace(ErrorKind::failed, error.what());
    }
    if (outcome.error) {
      outcome.error->tenant = task.tenant->slug;
      if (outcome.error->server.empty()) outcome.error->server = task.server;
    }
    outcome.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    return outcome;
  }

  static void note(ServerQueue& queue, Outcome const& outcome, Attempt const& attempt) {
    queue.reached = queue.reached || attempt.reached;
    // An SQLSTATE means that a server answered: this database or login is at fault, not the server.
    bool const silent = outcome.error && outcome.error->kind == ErrorKind::connect && !attempt.reached &&
                        outcome.error->sqlstate.empty();
    if (silent && !queue.reached && ++queue.failures >= failures_until_given_up)
      queue.unreachable = outcome.error;
  }

  std::vector<FanOutTask> const& tasks_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::map<std::string, ServerQueue> queues_;
  std::vector<Outcome> outcomes_;
};

}  // namespace

std::vector<Outcome> fan_out(std::vector<FanOutTask> const& tasks, int jobs, std::stop_token const& stop) {
  Work work{tasks, stop};
  auto const workers =
      std::min<std::size_t>(tasks.size(), static_cast<std::size_t>(jobs > 0 ? jobs : most_jobs));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back([&work] { work.run(); });
    work.run();
  }
  return work.take();
}

}  // namespace fleet
