#include "scripting/numeric.hpp"

#include <doctest/doctest.h>

using scripting::add_decimals;
using scripting::compare_decimals;

TEST_CASE("decimals compare by value") {
  char const* ordered[] = {"-Infinity", "-100",     "-1.5", "-0.01", "0",        "0.001",
                           "1",         "1.000001", "10",   "1e3",   "Infinity", "NaN"};
  for (std::size_t i = 0; i < std::size(ordered); ++i)
    for (std::size_t j = 0; j < std::size(ordered); ++j) {
      CAPTURE(ordered[i]);
      CAPTURE(ordered[j]);
      CHECK((compare_decimals(ordered[i], ordered[j]) < 0) == (i < j));
      CHECK((compare_decimals(ordered[i], ordered[j]) == 0) == (i == j));
    }
  CHECK(compare_decimals("-0.00", "0") == 0);
  CHECK(compare_decimals("007.50", "7.5") == 0);
  CHECK(compare_decimals("1.5e-3", "0.0015") == 0);
}

TEST_CASE("decimals add exactly") {
  CHECK(add_decimals("0.1", "0.2") == "0.3");
  CHECK(add_decimals("99.99", "0.01") == "100.00");
  CHECK(add_decimals("-5", "3.25") == "-1.75");
  CHECK(add_decimals("5", "-5.00") == "0.00");
  CHECK(add_decimals("0", "12345678901234567890123.4") == "12345678901234567890123.4");
  CHECK(add_decimals("NaN", "1") == "NaN");
  CHECK(add_decimals("Infinity", "-Infinity") == "NaN");
}
