#include "scripting/wave_counter.hpp"

#include <fmt/format.h>

#include <chrono>

namespace scripting {

using Steady = std::chrono::steady_clock;

void WaveCounter::done(bool failed) {
  std::lock_guard lock{mutex_};
  ++done_;
  if (failed) ++failed_;
}

void WaveCounter::end() {
  std::lock_guard lock{mutex_};
  ended_ = true;
  changed_.notify_all();
}

void WaveCounter::tell_until_end() {
  Steady::time_point const start = Steady::now();
  auto next = start + std::chrono::seconds{2};
  std::unique_lock lock{mutex_};
  while (!changed_.wait_until(lock, next, [this] { return ended_; })) {
    double const seconds = std::chrono::duration<double>(Steady::now() - start).count();
    double const rate = static_cast<double>(done_) / seconds;
    std::string line = fmt::format("{}: {} of {} tenants", wave_, done_, all_);
    if (failed_ > 0) line += fmt::format(", {} parked", failed_);
    if (done_ > 0)
      line += fmt::format(", {:.1f}/s, about {:.0f} s left", rate, static_cast<double>(all_ - done_) / rate);
    lock.unlock();
    console_.note(line);
    lock.lock();
    next = Steady::now() + std::chrono::seconds{5};
  }
}

}  // namespace scripting
