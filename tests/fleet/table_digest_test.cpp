#include "fleet/table_digest.hpp"

#include <doctest/doctest.h>

using fleet::DigestSum;

TEST_CASE("table digest: sums of parts are exact beyond 64 bits, in any order, with both signs") {
  DigestSum sum, other;
  CHECK(sum.text() == "0");
  sum.add("2", "9223372036854775807");
  sum.add("1", "9223372036854775807");
  sum.add("1000000000000", "-1");
  CHECK(sum.text() == "18446744073709551613");
  CHECK(sum.rows() == 1000000000003);
  other.add("1000000000001", "-36893488147419103234");
  CHECK(other.text() == "-36893488147419103234");
  CHECK_FALSE(sum == other);
  other.add("2", "55340232221128654847");
  CHECK(sum == other);
  other.add("0", "0");
  CHECK(sum == other);
  other.add("1", "0");
  CHECK_FALSE(sum == other);  // a row whose hash is 0
}
