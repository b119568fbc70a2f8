#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace runbooks {

// Calls `expire` once, on a thread of its own, when the time is up before it is destroyed.
class Deadline {
 public:
  Deadline(std::chrono::milliseconds after, std::function<void()> expire)
      : thread_([this, after, expire = std::move(expire)](std::stop_token const& stop) {
          std::unique_lock lock{mutex_};
          if (over_.wait_for(lock, stop, after, [&stop] { return stop.stop_requested(); })) return;
          if (stop.stop_requested()) return;
          passed_ = true;
          expire();
        }) {}
  bool passed() const { return passed_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::atomic<bool> passed_ = false;
  std::jthread thread_;
};

}  // namespace runbooks
