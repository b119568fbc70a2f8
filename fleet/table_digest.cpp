#include "fleet/table_digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace fleet {

// quote_all_identifiers shows in the text of regclass and its like.
std::string digest_settings() {
  return "set local DateStyle = 'ISO, MDY'; set local IntervalStyle = 'postgres'; set local TimeZone = "
         "'UTC'; "
         "set local extra_float_digits = 1; set local bytea_output = 'hex'; set local lc_monetary = 'C'; "
         "set local quote_all_identifiers = off; set local search_path = ''";
}

std::string row_hash(std::string_view text_sql) {
  return fmt::format("pg_catalog.hashtextextended({}, 0)", text_sql);
}

// `t.*`, since `t` alone would be a column of that name. The sum of bigints is exact (it is a numeric) and
// faster than that of numerics.
std::string digest_expression() {
  return fmt::format("coalesce(pg_catalog.sum({}), 0)::text", row_hash("(t.*)::text"));
}

void DigestSum::add(std::string_view rows, std::string_view sum) {
  std::int64_t count = 0;
  std::from_chars(rows.data(), rows.data() + rows.size(), count);
  rows_ += count;
  bool const negative = sum.starts_with('-');
  Wide value = 0;
  for (char digit : sum.substr(negative ? 1 : 0)) value = value * 10 + (digit - '0');
  sum_ += negative ? -value : value;
}

std::string DigestSum::text() const {
  std::string digits;
  for (Wide left = sum_; left != 0; left /= 10) {
    int const digit = static_cast<int>(left % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (digits.empty()) return "0";
  if (sum_ < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace fleet
