#include "fleet/clock.hpp"

#include <doctest/doctest.h>

using namespace std::chrono;

TEST_CASE("iso_time and compact_time") {
  auto const at = sys_days{year{2026} / 4 / 27} + 15h + 7s + 123456us;
  CHECK(fleet::iso_time(at) == "2026-04-27T15:00:07.123Z");
  CHECK(fleet::compact_time(at) == "20260427T150007Z");
  auto const before_1970 = sys_days{year{1969} / 12 / 31} + 23h + 59min + 59s + 999ms;
  CHECK(fleet::iso_time(before_1970) == "1969-12-31T23:59:59.999Z");
  CHECK(fleet::iso_time({}) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("human_duration") {
  std::string shown;
  for (auto const elapsed : {-5ms, 0ms, 340ms, 999ms, 1000ms, 1250ms, 59999ms, 60000ms, 192000ms, 3599999ms,
                             3600000ms, 172799000ms, 183600000ms})
    shown += fleet::human_duration(elapsed) + "\n";
  CHECK(shown == R"(0 ms
0 ms
340 ms
999 ms
1.0 s
1.2 s
59.9 s
1 min 0 s
3 min 12 s
59 min 59 s
1 h 0 min
47 h 59 min
2 d 3 h
)");
}

TEST_CASE("parse_interval") {
  using namespace std::chrono_literals;
  CHECK(fleet::parse_interval("30s") == 30s);
  CHECK(fleet::parse_interval("500ms") == 500ms);
  CHECK(fleet::parse_interval("15m") == 15min);
  CHECK(fleet::parse_interval("2h") == 2h);
  CHECK(fleet::parse_interval("7d") == 168h);
  for (auto const* none :
       {"", "s", "30", "-1s", "1.5s", "30 s", "1w", "99999999999999999999s", "3000000000000d", "1sm"})
    CHECK_MESSAGE(!fleet::parse_interval(none), none);
}
