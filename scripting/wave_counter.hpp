#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>

#include "runbooks/engine/console.hpp"

namespace scripting {

// How far a wave is: workers count, the caller's thread tells.
class WaveCounter {
 public:
  WaveCounter(runbooks::Console& console, std::string wave, std::size_t all)
      : console_(console), wave_(std::move(wave)), all_(all) {}

  // From any thread.
  void done(bool failed);
  void end();
  // Notes "wave 1: 120 of 300 tenants, 3 parked, 14.2/s, about 13 s left" after two seconds and then every
  // five, until end().
  void tell_until_end();

 private:
  runbooks::Console& console_;
  std::string wave_;
  std::size_t all_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t done_ = 0, failed_ = 0;
  bool ended_ = false;
};

}  // namespace scripting
