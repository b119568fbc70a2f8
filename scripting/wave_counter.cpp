#include "scripting/wave_counter.hpp"

#include <fmt/format.h>

namespace scripting {

void WaveCounter::done(bool failed) {
  std::lock_guard lock{mutex_};
  ++done_;
  if (failed) ++failed_;
}

std::string WaveCounter::line(double seconds) const {
  std::lock_guard lock{mutex_};
  double const rate = static_cast<double>(done_) / seconds;
  std::string line = fmt::format("{}: {} of {} tenants", wave_, done_, all_);
  if (failed_ > 0) line += fmt::format(", {} parked", failed_);
  if (done_ > 0)
    line += fmt::format(", {:.1f}/s, about {:.0f} s left", rate, static_cast<double>(all_ - done_) / rate);
  return line;
}

}  // namespace scripting
