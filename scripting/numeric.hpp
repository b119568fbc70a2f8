#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
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
// With the other sign; zero and NaN stay what they are.
std::string negated_decimal(std::string_view text);
std::string multiply_decimal(std::string_view text, unsigned factor);
// Rounded half away from zero to `decimals` or the dividend's own number of them, whichever is more; zeros
// that division brought at the end are left out. Precondition: 0 < divisor < 10^18.
std::string divide_decimal(std::string_view dividend, std::uint64_t divisor, std::size_t decimals);

}  // namespace scripting
