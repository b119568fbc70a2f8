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
  CHECK(compare_decimals("-10.50", "-10.5") == 0);
  CHECK(compare_decimals("-10.51", "-10.5") < 0);
  CHECK(compare_decimals("100", "99.999") > 0);
  CHECK(compare_decimals(".5", "0.50") == 0);
  CHECK(compare_decimals("0.5", "5e-1") == 0);
  CHECK(compare_decimals("1234567890123456789012345678901234567890.12",
                         "1234567890123456789012345678901234567890.13") < 0);
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

TEST_CASE("decimals are divided with rounding half away from zero") {
  using scripting::divide_decimal;
  CHECK(divide_decimal("1", 3, 16) == "0.3333333333333333");
  CHECK(divide_decimal("2", 3, 16) == "0.6666666666666667");
  CHECK(divide_decimal("-1", 8, 2) == "-0.13");
  CHECK(divide_decimal("3", 2, 16) == "1.5");
  CHECK(divide_decimal("0.00", 7, 16) == "0.00");
  CHECK(divide_decimal("-0.01", 1000, 2) == "0.00");
  CHECK(divide_decimal("99.9999", 2, 2) == "50.0000");
  CHECK(divide_decimal("1234567890123456789012345678901234567890", 2, 16) ==
        "617283945061728394506172839450617283945");
  CHECK(divide_decimal("NaN", 2, 16) == "NaN");
}

TEST_CASE("decimals are multiplied and negated exactly") {
  CHECK(scripting::multiply_decimal("0.15", 6) == "0.90");
  CHECK(scripting::multiply_decimal("-12345678901234567890.5", 7) == "-86419752308641975233.5");
  CHECK(scripting::multiply_decimal("5", 0) == "0");
  CHECK(scripting::negated_decimal("1.50") == "-1.50");
  CHECK(scripting::negated_decimal("-1.50") == "1.50");
  CHECK(scripting::negated_decimal("0.0") == "0.0");
  CHECK(scripting::negated_decimal("Infinity") == "-Infinity");
}
