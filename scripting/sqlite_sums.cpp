// sum(), avg() and total() that lose no digits, in place of SQLite's own, which add text as floating point.

#include <fmt/format.h>

#include <charconv>
#include <new>

#include "scripting/numeric.hpp"
#include "scripting/sqlite_database.hpp"

namespace scripting {

namespace {

constexpr std::size_t average_decimals = 16;

enum class Kind { sum, avg, total };
struct Function {
  Kind kind;
  bool* gave_decimals;
};

// What has been added so far; a window function also takes values away again.
struct Sum {
  std::int64_t count = 0, reals = 0, texts = 0;
  std::int64_t not_numbers = 0, infinite = 0, negative_infinite = 0;
  std::int64_t integers = 0;   // as long as they fit
  std::string decimals = "0";  // what did not, and decimal text
  double floating = 0;

  void add_decimal(std::string_view text, int sign) {
    if (text == "NaN")
      not_numbers += sign;
    else if (text.ends_with("Infinity"))
      (text.front() == '-' ? negative_infinite : infinite) += sign;
    else
      decimals = add_decimals(decimals, sign > 0 ? std::string{text} : negated_decimal(text));
  }
  void add_integer(std::int64_t value, int sign) {
    bool const overflow = sign > 0 ? __builtin_add_overflow(integers, value, &integers)
                                   : __builtin_sub_overflow(integers, value, &integers);
    // A sum that overflowed has the wrapped value: put the right one aside as text.
    if (!overflow) return;
    integers = sign > 0 ? static_cast<std::int64_t>(static_cast<std::uint64_t>(integers) -
                                                    static_cast<std::uint64_t>(value))
                        : static_cast<std::int64_t>(static_cast<std::uint64_t>(integers) +
                                                    static_cast<std::uint64_t>(value));
    add_decimal(std::to_string(value), sign);
  }
  bool special() const { return not_numbers > 0 || infinite > 0 || negative_infinite > 0; }
  std::string special_text() const {
    if (not_numbers > 0 || (infinite > 0 && negative_infinite > 0)) return "NaN";
    return infinite > 0 ? "Infinity" : "-Infinity";
  }
  std::string exact() const {
    return special() ? special_text() : add_decimals(decimals, std::to_string(integers));
  }
  double approximate() const {
    std::string const text = exact();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value + floating;
  }
};

Function const& function_of(sqlite3_context* context) {
  return *static_cast<Function const*>(sqlite3_user_data(context));
}

// SQLite gives zeroed memory of its own per group; ours hangs on it and goes with the final call.
Sum* sum_of(sqlite3_context* context) {
  auto** place = static_cast<Sum**>(sqlite3_aggregate_context(context, sizeof(Sum*)));
  if (place && !*place) *place = new (std::nothrow) Sum;
  return place ? *place : nullptr;
}

void add(sqlite3_context* context, sqlite3_value* value, int sign) {
  Sum* sum = sum_of(context);
  if (!sum) return sqlite3_result_error_nomem(context);
  Function const& function = function_of(context);
  int const type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) return;
  sum->count += sign;
  if (type == SQLITE_INTEGER) return sum->add_integer(sqlite3_value_int64(value), sign);
  if (type == SQLITE_FLOAT) {
    sum->reals += sign;
    sum->floating += sign * sqlite3_value_double(value);
    return;
  }
  std::string_view const text{reinterpret_cast<char const*>(sqlite3_value_text(value)),
                              static_cast<std::size_t>(sqlite3_value_bytes(value))};
  if (!is_decimal(text)) {
    std::string const message = fmt::format("\"{}\" is no number to add", text.substr(0, 40));
    return sqlite3_result_error(context, message.c_str(), -1);
  }
  if (function.kind == Kind::total)
    return sqlite3_result_error(context, "total() is floating point and these are exact; sum() keeps them",
                                -1);
  sum->texts += sign;
  sum->add_decimal(text, sign);
}

void answer(sqlite3_context* context, Sum const* sum) {
  Function const& function = function_of(context);
  if (function.kind == Kind::total) return sqlite3_result_double(context, sum ? sum->approximate() : 0.0);
  if (!sum || sum->count == 0) return sqlite3_result_null(context);
  auto const give_text = [&](std::string const& text) {
    *function.gave_decimals = true;
    sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  };
  if (sum->special()) return give_text(sum->special_text());
  if (sum->reals > 0) {
    double const total = sum->approximate();
    return sqlite3_result_double(
        context, function.kind == Kind::avg ? total / static_cast<double>(sum->count) : total);
  }
  if (function.kind == Kind::avg)
    return give_text(divide_decimal(sum->exact(), static_cast<std::uint64_t>(sum->count), average_decimals));
  if (sum->texts == 0 && sum->decimals == "0") return sqlite3_result_int64(context, sum->integers);
  give_text(sum->exact());
}

void step(sqlite3_context* context, int, sqlite3_value** values) { add(context, values[0], 1); }
void step_back(sqlite3_context* context, int, sqlite3_value** values) { add(context, values[0], -1); }

void value(sqlite3_context* context) {
  auto** place = static_cast<Sum**>(sqlite3_aggregate_context(context, 0));
  answer(context, place ? *place : nullptr);
}

void finish(sqlite3_context* context) {
  auto** place = static_cast<Sum**>(sqlite3_aggregate_context(context, 0));
  answer(context, place ? *place : nullptr);
  if (place) delete *place;
}

}  // namespace

void add_exact_sums(sqlite3* database, bool* gave_decimals) {
  for (auto const& [name, kind] :
       {std::pair{"sum", Kind::sum}, std::pair{"avg", Kind::avg}, std::pair{"total", Kind::total}})
    sqlite3_create_window_function(database, name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                   new Function{kind, gave_decimals}, step, finish, value, step_back,
                                   [](void* function) { delete static_cast<Function*>(function); });
}

}  // namespace scripting
