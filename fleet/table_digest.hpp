#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fleet {

// The content of a table as two numbers, the same in whatever order and on whatever pages its rows lie: how
// many they are, and the sum of 64-bit hashes of their texts. A changed value, a row more or less and a row
// that is there twice change the sum; the scale of a numeric, the case of a citext and -0 are in the text.

// What a row's text depends on, as statements SET LOCAL; for sessions that compute what is compared.
std::string digest_settings();
// Sum over the rows of `from only SCHEMA.TABLE t`, as text; "0" for an empty table.
std::string digest_expression();
// The hash of one row's text, given as an SQL expression.
std::string row_hash(std::string_view text_sql);

// Counts and sums of parts of a table put together.
class DigestSum {
 public:
  // A count and a sum as the server writes them.
  void add(std::string_view rows, std::string_view sum);

  std::int64_t rows() const { return rows_; }
  std::string text() const;  // of the sum, as digest_expression() gives it
  bool operator==(DigestSum const&) const = default;

 private:
  __extension__ typedef __int128 Wide;  // holds 2^64 hashes
  std::int64_t rows_ = 0;
  Wide sum_ = 0;
};

}  // namespace fleet
