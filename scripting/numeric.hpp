#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace scripting {

// An exact decimal as PostgreSQL wrote it: "-12.50", "NaN", "Infinity". Compares by value, not by text; NaN
// is equal to itself and above everything, as in PostgreSQL.
struct Numeric {
  std::string text;
};

// Text: optional sign, digits with at most one point, optional exponent; or NaN, [-]Infinity.
bool is_decimal(std::string_view text);
std::strong_ordering compare_decimals(std::string_view left, std::string_view right);
// Exact sum; the scale is the larger of the two.
std::string add_decimals(std::string_view left, std::string_view right);

}  // namespace scripting
