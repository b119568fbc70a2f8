#include "fleet/clock.hpp"

#include <fmt/format.h>

#include <charconv>

namespace fleet {
namespace {

using std::chrono::milliseconds;

struct Parts {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<milliseconds> time;
};

Parts parts(std::chrono::system_clock::time_point at) {
  auto const exact = std::chrono::floor<milliseconds>(at);
  auto const day = std::chrono::floor<std::chrono::days>(exact);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss{exact - day}};
}

std::string written(std::chrono::system_clock::time_point at, char const* shape) {
  auto const [day, time] = parts(at);
  return fmt::format(fmt::runtime(shape), static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), time.hours().count(), time.minutes().count(),
                     time.seconds().count(), time.subseconds().count());
}

}  // namespace

std::string iso_time(std::chrono::system_clock::time_point at) {
  return written(at, "{0:04}-{1:02}-{2:02}T{3:02}:{4:02}:{5:02}.{6:03}Z");
}

std::string compact_time(std::chrono::system_clock::time_point at) {
  return written(at, "{0:04}{1:02}{2:02}T{3:02}{4:02}{5:02}Z");
}

std::string human_duration(milliseconds elapsed) {
  auto const total = elapsed.count() < 0 ? 0 : elapsed.count();
  auto const seconds = total / 1000, minutes = seconds / 60, hours = minutes / 60;
  if (seconds < 1) return fmt::format("{} ms", total);
  if (minutes < 1) return fmt::format("{}.{} s", seconds, total % 1000 / 100);
  if (hours < 1) return fmt::format("{} min {} s", minutes, seconds % 60);
  if (hours < 48) return fmt::format("{} h {} min", hours, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::optional<milliseconds> parse_interval(std::string_view text) {
  long count = 0;
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view const unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  constexpr long most = 100L * 365 * 24 * 3600;  // in any unit: no overflow below
  if (code != std::errc{} || count < 0 || count > most || unit.empty()) return std::nullopt;
  if (unit == "ms") return milliseconds{count};
  if (unit.size() != 1) return std::nullopt;
  switch (unit.front()) {
    case 's': return std::chrono::seconds{count};
    case 'm': return std::chrono::minutes{count};
    case 'h': return std::chrono::hours{count};
    case 'd': return std::chrono::hours{24 * count};
    default: return std::nullopt;
  }
}

}  // namespace fleet
