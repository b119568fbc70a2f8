#include "fleet/fan_out.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace fleet {
namespace {

constexpr int most_jobs = 32;
constexpr int tries_before_reached = 2;  // at a time, and in all
constexpr int tries_after = 8;

struct ServerQueue {
  std::deque<std::size_t> waiting;  // indexes of tasks
  int under_way = 0;
  bool reached = false;
  int failures = 0;  // in a row
  std::optional<Error> unreachable;

  // Before a server was reached, what fails counts together with what may yet fail: else a third try would
  // begin between the first failure and the second.
  bool may_begin() const {
    return !waiting.empty() && (reached || unreachable || under_way + failures < tries_before_reached);
  }
};

class Work {
 public:
  using Ended = std::function<void(std::size_t, Outcome const&)>;

  Work(std::vector<FanOutTask> const& tasks, std::stop_token stop, Ended const& ended)
      : tasks_(tasks),
        stop_(std::move(stop)),
        ended_(ended),
        outcomes_(tasks.size()),
        waiting_(tasks.size()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) queues_[tasks[i].server].waiting.push_back(i);
  }

  // One worker: until nothing is left.
  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      ServerQueue* queue = nullptr;
      changed_.wait(lock, [&] { return waiting_ == 0 || (queue = next()) != nullptr; });
      if (!queue) return;
      std::size_t const index = queue->waiting.front();
      queue->waiting.pop_front();
      if (--waiting_ == 0) changed_.notify_all();
      ++queue->under_way;
      std::optional<Error> const refused = queue->unreachable;
      lock.unlock();
      Attempt attempt{[&] { reached(*queue); }};
      Outcome& outcome = outcomes_[index];
      outcome = answer(tasks_[index], refused, attempt);
      if (ended_) ended_(index, outcome);
      lock.lock();
      --queue->under_way;
      if (note(*queue, outcome, attempt)) changed_.notify_all();
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

  // Of the servers that may be asked more, the one with the fewest tasks under way.
  ServerQueue* next() {
    ServerQueue* best = nullptr;
    for (auto& [server, queue] : queues_)
      if (queue.may_begin() && (!best || queue.under_way < best->under_way)) best = &queue;
    return best;
  }

  void reached(ServerQueue& queue) {
    std::lock_guard const lock{mutex_};
    queue.failures = 0;
    if (!std::exchange(queue.reached, true)) changed_.notify_all();
  }

  // Whether a worker that waits may begin something now.
  bool note(ServerQueue& queue, Outcome const& outcome, Attempt const& attempt) {
    // An SQLSTATE means that a server answered: this database or login is at fault, not the server.
    bool const no_session =
        outcome.error && outcome.error->kind == ErrorKind::connect && !attempt.was_reached();
    bool const silent = no_session && outcome.error->sqlstate.empty();
    bool const answered = no_session && !silent && !std::exchange(queue.reached, true);
    if (silent && !queue.unreachable &&
        ++queue.failures >= (queue.reached ? tries_after : tries_before_reached))
      queue.unreachable = outcome.error;
    return answered || !queue.reached;
  }

  std::vector<FanOutTask> const& tasks_;
  std::stop_token stop_;
  Ended const& ended_;
  std::vector<Outcome> outcomes_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<std::string, ServerQueue> queues_;
  std::size_t waiting_;  // tasks in all queues
};

}  // namespace

void resolve_prompted(Secrets& secrets, Endpoint const& endpoint) {
  if (endpoint.password.reference().starts_with("prompt:")) secrets.resolve(endpoint.password);
}

std::vector<Outcome> fan_out(std::vector<FanOutTask> const& tasks, int jobs, std::stop_token const& stop,
                             std::function<void(std::size_t, Outcome const&)> const& ended) {
  Work work{tasks, stop, ended};
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
