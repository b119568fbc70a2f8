#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace shell {

// Something that takes a server to know, asked for on a thread of its own while a person types. `ask` must
// not touch what the main thread works with meanwhile; what it throws means that nothing is known.
template <class T>
class Prefetched {
 public:
  using Ask = std::function<T(std::stop_token)>;

  explicit Prefetched(Ask ask) : ask_(std::move(ask)) {}
  ~Prefetched() { settle(); }
  Prefetched(Prefetched const&) = delete;
  Prefetched& operator=(Prefetched const&) = delete;

  // What is known; begins to ask when nobody did, and waits for it no longer than `patience`. nullptr: not
  // known yet.
  T const* get(std::chrono::milliseconds patience) {
    if (!begun_) {
      begun_ = true;
      thread_ = std::jthread{[this](std::stop_token stop) { run(std::move(stop)); }};
    }
    std::unique_lock lock{mutex_};
    arrived_.wait_for(lock, patience, [this] { return over_; });
    return known_ ? &*known_ : nullptr;
  }

  // Before an entry runs: what is still being asked is cancelled, and asked anew another time.
  void settle() {
    if (!begun_) return;
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    if (!known_) begun_ = over_ = false;
  }

  // What was known does not hold any more.
  void forget() {
    settle();
    begun_ = over_ = false;
    known_.reset();
  }

 private:
  void run(std::stop_token stop) {
    std::optional<T> found;
    try {
      found = ask_(std::move(stop));
    } catch (std::exception const&) {
      // Whoever completes a word is not told why there is nothing: the entry itself will be.
    }
    std::lock_guard const lock{mutex_};
    known_ = std::move(found);
    over_ = true;
    arrived_.notify_all();
  }

  Ask ask_;
  bool begun_ = false;  // main thread only
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool over_ = false;
  std::optional<T> known_;
  std::jthread thread_;
};

}  // namespace shell
