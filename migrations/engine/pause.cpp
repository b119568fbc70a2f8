#include "migrations/engine/pause.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace migrations {

bool pause(std::chrono::milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

std::chrono::milliseconds back_off(std::chrono::milliseconds base, int attempt) {
  std::random_device random;
  std::uniform_real_distribution<double> factor{0.5, 1.5};
  double const doubled =
      static_cast<double>(base.count()) * static_cast<double>(1U << std::min(attempt - 1, 20));
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(doubled, 10'000.0) * factor(random))};
}

}  // namespace migrations
