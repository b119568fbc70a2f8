#pragma once

#include <cstddef>
#include <mutex>
#include <string>

namespace scripting {

// How far a wave is: workers count, told() (scripting/told.hpp) asks for the line.
class WaveCounter {
 public:
  WaveCounter(std::string wave, std::size_t all) : wave_(std::move(wave)), all_(all) {}

  // From any thread.
  void done(bool failed);
  // "wave 1: 120 of 300 tenants, 3 parked, 14.2/s, about 13 s left"
  std::string line(double seconds) const;

 private:
  std::string wave_;
  std::size_t all_;
  mutable std::mutex mutex_;
  std::size_t done_ = 0, failed_ = 0;
};

}  // namespace scripting
