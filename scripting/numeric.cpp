#include "scripting/numeric.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace scripting {

namespace {

// sign · whole . fraction, without leading zeros in `whole`; `rank` orders -Infinity < finite < Infinity <
// NaN.
struct Decimal {
  int rank = 0;
  bool negative = false;
  std::string whole, fraction;

  bool zero() const { return whole.empty() && fraction.find_first_not_of('0') == std::string::npos; }
};

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int exponent_of(std::string_view& text) {
  std::size_t at = text.find_first_of("eE");
  if (at == std::string_view::npos) return 0;
  std::string_view digits = text.substr(at + 1);
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  int exponent = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  text = text.substr(0, at);
  return exponent;
}

Decimal parse(std::string_view text) {
  Decimal decimal;
  if (text == "NaN") return {.rank = 2};
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    decimal.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "Infinity") return {.rank = decimal.negative ? -1 : 1, .negative = decimal.negative};
  int exponent = exponent_of(text);
  std::size_t point = text.find('.');
  decimal.whole = text.substr(0, point);
  if (point != std::string_view::npos) decimal.fraction = text.substr(point + 1);
  for (; exponent > 0; --exponent) {
    decimal.whole += decimal.fraction.empty() ? '0' : decimal.fraction.front();
    if (!decimal.fraction.empty()) decimal.fraction.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    decimal.fraction.insert(decimal.fraction.begin(), decimal.whole.empty() ? '0' : decimal.whole.back());
    if (!decimal.whole.empty()) decimal.whole.pop_back();
  }
  decimal.whole.erase(0, std::min(decimal.whole.find_first_not_of('0'), decimal.whole.size()));
  return decimal;
}

// Both with the same number of digits on each side of the point.
void align(Decimal& left, Decimal& right) {
  std::size_t whole = std::max(left.whole.size(), right.whole.size());
  std::size_t fraction = std::max(left.fraction.size(), right.fraction.size());
  for (Decimal* one : {&left, &right}) {
    one->whole.insert(0, whole - one->whole.size(), '0');
    one->fraction.append(fraction - one->fraction.size(), '0');
  }
}

std::strong_ordering compare(Decimal left, Decimal right) {
  if (left.rank != right.rank || left.rank != 0) return left.rank <=> right.rank;
  bool negative_left = left.negative && !left.zero(), negative_right = right.negative && !right.zero();
  if (negative_left != negative_right) return negative_right <=> negative_left;
  align(left, right);
  auto magnitude = (left.whole + left.fraction).compare(right.whole + right.fraction) <=> 0;
  return negative_left ? 0 <=> magnitude : magnitude;
}

std::string add_digits(std::string_view left, std::string_view right) {
  std::string sum(left.size() + 1, '0');
  int carry = 0;
  for (std::size_t i = left.size(); i-- > 0;) {
    int digit = (left[i] - '0') + (right[i] - '0') + carry;
    sum[i + 1] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  sum[0] = static_cast<char>('0' + carry);
  return sum;
}

// Precondition: left ≥ right as digits of the same length.
std::string subtract_digits(std::string_view left, std::string_view right) {
  std::string difference(left.size(), '0');
  int borrow = 0;
  for (std::size_t i = left.size(); i-- > 0;) {
    int digit = left[i] - right[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = static_cast<char>('0' + (digit < 0 ? digit + 10 : digit));
  }
  return difference;
}

// A decimal without an exponent as it stands in its text: sorting compares millions of them.
struct Plain {
  bool negative = false;
  std::string_view whole, fraction;  // without zeros that say nothing
};

std::optional<Plain> plain(std::string_view text) {
  Plain made;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    made.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::size_t point = text.size();
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.')
      point = at;
    else if (text[at] < '0' || text[at] > '9')
      return std::nullopt;
  }
  made.whole = text.substr(0, point);
  made.whole.remove_prefix(std::min(made.whole.find_first_not_of('0'), made.whole.size()));
  if (point < text.size()) made.fraction = text.substr(point + 1);
  made.fraction = made.fraction.substr(0, made.fraction.find_last_not_of('0') + 1);
  if (made.whole.empty() && made.fraction.empty()) made.negative = false;
  return made;
}

std::strong_ordering compare(Plain const& left, Plain const& right) {
  if (left.negative != right.negative) return right.negative <=> left.negative;
  auto magnitude = left.whole.size() <=> right.whole.size();
  if (magnitude == 0) magnitude = left.whole.compare(right.whole) <=> 0;
  if (magnitude == 0) magnitude = left.fraction.compare(right.fraction) <=> 0;
  return left.negative ? 0 <=> magnitude : magnitude;
}

}  // namespace

bool is_decimal(std::string_view text) {
  if (text == "NaN") return true;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text == "Infinity") return true;
  std::size_t exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view digits = text.substr(exponent + 1);
    if (!digits.empty() && (digits.front() == '-' || digits.front() == '+')) digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 5 || !is_digits(digits)) return false;
    text = text.substr(0, exponent);
  }
  std::size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  return whole.size() + fraction.size() > 0 && is_digits(whole) && is_digits(fraction);
}

std::strong_ordering compare_decimals(std::string_view left, std::string_view right) {
  auto const plain_left = plain(left), plain_right = plain(right);
  if (plain_left && plain_right) return compare(*plain_left, *plain_right);
  return compare(parse(left), parse(right));
}

std::string add_decimals(std::string_view left_text, std::string_view right_text) {
  Decimal left = parse(left_text), right = parse(right_text);
  if (left.rank == 2 || right.rank == 2 || left.rank * right.rank == -1) return "NaN";
  if (left.rank != 0) return std::string{left_text};
  if (right.rank != 0) return std::string{right_text};
  align(left, right);
  std::size_t scale = left.fraction.size();
  std::string a = left.whole + left.fraction, b = right.whole + right.fraction, digits;
  bool negative = left.negative;
  if (left.negative == right.negative) {
    digits = add_digits(a, b);
  } else if (a >= b) {
    digits = subtract_digits(a, b);
  } else {
    digits = subtract_digits(b, a);
    negative = right.negative;
  }
  std::string whole = digits.substr(0, digits.size() - scale);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole = "0";
  std::string sum = scale == 0 ? whole : whole + "." + digits.substr(digits.size() - scale);
  if (negative && digits.find_first_not_of('0') != std::string::npos) sum.insert(0, "-");
  return sum;
}

std::string negated_decimal(std::string_view text) {
  Decimal const decimal = parse(text);
  if (decimal.rank == 2 || (decimal.rank == 0 && decimal.zero())) return std::string{text};
  if (decimal.negative) return std::string{text.substr(1)};
  if (text.front() == '+') text.remove_prefix(1);
  return "-" + std::string{text};
}

std::string multiply_decimal(std::string_view text, unsigned factor) {
  std::string product = "0", power{text};
  for (; factor > 0; factor >>= 1U) {
    if (factor & 1U) product = add_decimals(product, power);
    if (factor > 1) power = add_decimals(power, power);
  }
  return product;
}

std::string divide_decimal(std::string_view text, std::uint64_t divisor, std::size_t decimals) {
  Decimal const dividend = parse(text);
  if (dividend.rank != 0) return std::string{text};
  std::size_t const own = dividend.fraction.size();
  decimals = std::max(decimals, own);
  std::string const digits = dividend.whole + dividend.fraction + std::string(decimals - own, '0');
  std::string quotient;
  std::uint64_t rest = 0;
  for (char const digit : digits) {
    rest = rest * 10 + static_cast<unsigned>(digit - '0');
    quotient += static_cast<char>('0' + static_cast<int>(rest / divisor));
    rest %= divisor;
  }
  if (rest * 2 >= divisor) {
    std::string const one = std::string(quotient.size() - 1, '0') + "1";
    quotient = add_digits(quotient, one);
  }
  while (quotient.size() < decimals + 1) quotient.insert(0, "0");
  std::string whole = quotient.substr(0, quotient.size() - decimals);
  std::string fraction = quotient.substr(quotient.size() - decimals);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  while (fraction.size() > own && fraction.back() == '0') fraction.pop_back();
  std::string made = fraction.empty() ? whole : whole + "." + fraction;
  bool const zero = made.find_first_of("123456789") == std::string::npos;
  return dividend.negative && !zero ? "-" + made : made;
}

}  // namespace scripting
