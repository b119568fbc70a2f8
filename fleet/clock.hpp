#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// Port: wall-clock time for names and journal rows, so that tests can hold it still. Durations use the
// steady clock where they are measured.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return std::chrono::system_clock::now(); }
};

// "2026-04-27T15:00:00.123Z" and "20260427T150000Z", both UTC.
std::string iso_time(std::chrono::system_clock::time_point at);
std::string compact_time(std::chrono::system_clock::time_point at);
// "1.2 s", "340 ms", "3 min 12 s": for people.
std::string human_duration(std::chrono::milliseconds elapsed);
// "30s", "15m", "2h", "7d"; nothing when it is no such thing.
std::optional<std::chrono::milliseconds> parse_interval(std::string_view text);

}  // namespace fleet
