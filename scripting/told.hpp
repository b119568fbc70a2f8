#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "scripting/world.hpp"

namespace scripting {

// Runs `work` on a thread of its own and tells meanwhile how far it is, on this one: `line` is asked for what
// to say, with the seconds since the beginning, after 2 s and then every 5 s.
template <typename Line, typename Work>
void told(World& world, Line const& line, Work&& work) {
  using Steady = std::chrono::steady_clock;
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  std::exception_ptr thrown;
  {
    std::jthread const worker{[&] {
      try {
        work();
      } catch (std::exception const&) {
        thrown = std::current_exception();
      }
      std::lock_guard const lock{mutex};
      ended = true;
      changed.notify_all();
    }};
    auto const start = Steady::now();
    auto next = start + std::chrono::seconds{2};
    std::unique_lock lock{mutex};
    while (!changed.wait_until(lock, next, [&] { return ended; })) {
      lock.unlock();
      world.console.note(line(std::chrono::duration<double>(Steady::now() - start).count()));
      lock.lock();
      next = Steady::now() + std::chrono::seconds{5};
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace scripting
