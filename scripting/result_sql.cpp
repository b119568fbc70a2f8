#include "scripting/result_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "fleet/error.hpp"
#include "scripting/cell.hpp"
#include "scripting/numeric.hpp"
#include "scripting/sqlite_database.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

constexpr std::size_t largest_answer = std::size_t{1} << 30;  // bytes
constexpr std::size_t cell_size = 16;                         // bytes that a cell takes beside its text

// A decimal as PostgreSQL would write it, so that 007 stays a text.
bool is_written_decimal(std::string_view text) {
  if (!is_decimal(text) || text.front() == '+' || text.find_first_of("eE") != std::string_view::npos)
    return false;
  if (text.front() == '-') text.remove_prefix(1);
  return text.size() == 1 || text.front() != '0' || text[1] == '.';
}

std::string hex_text(void const* bytes, int size) {
  std::string text = "\\x";
  auto const* byte = static_cast<unsigned char const*>(bytes);
  for (int i = 0; i < size; ++i) text += fmt::format("{:02x}", byte[i]);
  return text;
}

// One column of the answer: what it was declared as, and what its values were.
struct AnswerColumn {
  std::string name;
  std::uint32_t declared = 0;  // 0: an expression
  bool integers = false, reals = false, texts = false, blobs = false;
  bool only_bits = true, only_decimals = true;

  // "INT_20" → 20.
  static std::uint32_t oid_in(char const* declaration) {
    std::string_view const text{declaration ? declaration : ""};
    std::size_t const at = text.find('_');
    std::uint32_t type = 0;
    if (at != std::string_view::npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), type);
    return type;
  }

  bool fits_declared() const {
    if (declared == 0 || blobs) return false;
    if (declared == oid::boolean) return !reals && !texts && only_bits;
    if (is_integer_type(declared)) return !reals && !texts;
    if (is_floating_type(declared)) return !integers;
    if (declared == oid::numeric) return !integers && !reals && only_decimals;
    return !integers && !reals;
  }
  std::uint32_t type(bool decimals_used) const {
    if (fits_declared()) return declared;
    if (blobs) return integers || reals || texts ? oid::text : oid::bytea;
    if (texts) return decimals_used && only_decimals && !reals ? oid::numeric : oid::text;
    if (reals) return oid::float8;
    return integers ? oid::int8 : oid::text;
  }
};

// Text of the value in the current row; notes what it is.
std::optional<std::string> value_text(sqlite3_stmt* statement, int place, AnswerColumn& column) {
  switch (sqlite3_column_type(statement, place)) {
    case SQLITE_NULL: return std::nullopt;
    case SQLITE_INTEGER: {
      std::int64_t const value = sqlite3_column_int64(statement, place);
      column.integers = true;
      if (value != 0 && value != 1) column.only_bits = false;
      if (column.declared == oid::boolean && column.only_bits) return value == 1 ? "t" : "f";
      return std::to_string(value);
    }
    case SQLITE_FLOAT: column.reals = true; return double_text(sqlite3_column_double(statement, place));
    case SQLITE_BLOB:
      column.blobs = true;
      return hex_text(sqlite3_column_blob(statement, place), sqlite3_column_bytes(statement, place));
    default: {
      auto const* text = reinterpret_cast<char const*>(sqlite3_column_text(statement, place));
      std::string made{text, static_cast<std::size_t>(sqlite3_column_bytes(statement, place))};
      column.texts = true;
      column.only_decimals = column.only_decimals && is_written_decimal(made);
      return made;
    }
  }
}

std::vector<AnswerColumn> columns_of(sqlite3_stmt* statement) {
  std::vector<AnswerColumn> columns;
  std::vector<fleet::Column> named;
  for (int place = 0; place < sqlite3_column_count(statement); ++place) {
    named.push_back({free_name(named, sqlite3_column_name(statement, place)), oid::text});
    columns.push_back({.name = named.back().name,
                       .declared = AnswerColumn::oid_in(sqlite3_column_decltype(statement, place))});
  }
  return columns;
}

std::vector<fleet::Column> typed(std::vector<AnswerColumn> const& columns, bool decimals_used) {
  std::vector<fleet::Column> made;
  for (AnswerColumn const& column : columns) made.push_back({column.name, column.type(decimals_used)});
  return made;
}

bool same_types(std::vector<fleet::Column> const& left, std::vector<fleet::Column> const& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](fleet::Column const& a, fleet::Column const& b) { return a.type == b.type; });
}

fleet::Result fetched(SqliteDatabase& database, sqlite3_stmt* statement, std::string const& sql,
                      bool reads_numerics) {
  std::vector<AnswerColumn> columns = columns_of(statement);
  fleet::Result made{typed(columns, reads_numerics)};
  std::size_t size = 0;
  auto const append_next = [&] {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      auto const text = value_text(statement, static_cast<int>(column), columns[column]);
      size += cell_size + (text ? text->size() : 0);
      made.append(text);
    }
  };
  bool more = database.step(statement, sql);
  while (more) {
    append_next();
    if (size > largest_answer)
      throw Error{ErrorKind::refused, "the answer grows beyond 1 GiB"}.with_hint(
          "aggregate it, or add a limit");
    more = database.step(statement, sql);
  }
  auto const final_columns = typed(columns, reads_numerics || database.gave_decimals());
  if (same_types(final_columns, made.columns())) return made;
  // Known only now that every value was seen.
  fleet::Result again{final_columns};
  for (std::size_t row = 0; row < made.rows(); ++row) append_row(again, made, row);
  return again;
}

// $1 → 0; nullopt for a name of another kind, which nobody can give a value.
std::optional<std::size_t> parameter_place(char const* name) {
  std::string_view const text{name ? name : ""};
  std::size_t number = 0;
  if (!text.starts_with('$')) return std::nullopt;
  auto const [end, problem] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number - 1;
}

void bind_one(sqlite3_stmt* statement, int place, Json const& value) {
  if (value.is_null()) {
    sqlite3_bind_null(statement, place);
  } else if (value.is_boolean()) {
    sqlite3_bind_int(statement, place, value.get<bool>() ? 1 : 0);
  } else if (value.is_number_integer()) {
    sqlite3_bind_int64(statement, place, value.get<std::int64_t>());
  } else if (value.is_number()) {
    sqlite3_bind_double(statement, place, value.get<double>());
  } else {
    std::string const text = value.is_string() ? value.get<std::string>() : value.dump();
    sqlite3_bind_text64(statement, place, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
}

// SQLite would take NULL for what is not bound.
void bind(sqlite3_stmt* statement, Json const& params) {
  std::size_t used = 0;
  for (int place = 1; place <= sqlite3_bind_parameter_count(statement); ++place) {
    char const* const name = sqlite3_bind_parameter_name(statement, place);
    auto const given = parameter_place(name);
    if (!given)
      throw Error{ErrorKind::usage,
                  std::string{"a parameter is written $1, $2, …, not "} + (name ? name : "?")};
    if (*given >= params.size())
      throw Error{ErrorKind::usage, fmt::format("{} has no value: {} given", name, params.size())}.with_hint(
          "params = { … } gives the values of $1, $2, …");
    used = std::max(used, *given + 1);
    bind_one(statement, place, params[*given]);
  }
  if (used < params.size())
    throw Error{ErrorKind::usage,
                fmt::format("{} values are given, the statement takes {}", params.size(), used)};
}

// Does the program that SQLite makes of it calculate?
bool calculates(SqliteDatabase& database, std::string const& sql) {
  SqliteStatement const program = database.prepare("explain " + sql);
  constexpr std::array<std::string_view, 5> operations{"Add", "Subtract", "Multiply", "Divide", "Remainder"};
  while (database.step(program.get(), sql)) {
    auto const* text = reinterpret_cast<char const*>(sqlite3_column_text(program.get(), 1));
    if (text && std::find(operations.begin(), operations.end(), text) != operations.end()) return true;
  }
  return false;
}

bool uses_floating_functions(std::set<std::string> const& functions) {
  constexpr std::array<std::string_view, 9> floating{"abs", "ceil",  "ceiling", "floor", "mod",
                                                     "pow", "power", "round",   "trunc"};
  return std::any_of(floating.begin(), floating.end(),
                     [&](std::string_view name) { return functions.contains(std::string{name}); });
}

}  // namespace

SqlAnswer query_results(SqlQuestion const& question) {
  std::string const& sql = question.sql;
  SqliteDatabase database{question.stop};
  for (NamedResult const& table : question.tables) database.load(table.name, table.rows);
  database.close_for_writing();
  SqliteStatement const statement = database.prepare(sql);
  SqliteDatabase::Uses const uses = database.uses();
  bind(statement.get(), question.params);
  SqlAnswer answer;
  bool const only_explained = sqlite3_stmt_isexplain(statement.get()) != 0;
  if (uses.numerics && !only_explained &&
      (uses_floating_functions(uses.functions) || calculates(database, sql)))
    answer.notes.push_back(
        "SQLite calculates + - * / and round() in floating point, 15 digits; sum, avg, min, max, comparison "
        "and order of numerics are exact");
  answer.rows = fetched(database, statement.get(), sql, uses.numerics);
  return answer;
}

}  // namespace scripting
