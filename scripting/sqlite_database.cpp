#include "scripting/sqlite_database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "fleet/error.hpp"
#include "scripting/cell.hpp"
#include "scripting/numeric.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
namespace oid = fleet::type_oid;

// Machine instructions of SQLite between two looks at Ctrl-C: about a millisecond.
constexpr int instructions_per_look = 20000;
constexpr std::size_t rows_per_look = 1000;
constexpr sqlite3_int64 most_memory = sqlite3_int64{1} << 30;

std::string lower(std::string_view text) {
  std::string made{text};
  std::transform(made.begin(), made.end(), made.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return made;
}

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (char const c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string declaration(std::uint32_t type) {
  if (type == oid::boolean || is_integer_type(type)) return fmt::format("INT_{} collate decimal", type);
  if (is_floating_type(type)) return fmt::format("REAL_{}", type);
  return fmt::format("TEXT_{}{}", type, type == oid::numeric ? " collate decimal" : "");
}

// Decimals by value and before every other text; the rest by bytes.
int compare_texts(void*, int left_size, void const* left, int right_size, void const* right) {
  std::string_view const a{static_cast<char const*>(left), static_cast<std::size_t>(left_size)};
  std::string_view const b{static_cast<char const*>(right), static_cast<std::size_t>(right_size)};
  bool const decimal_a = is_decimal(a), decimal_b = is_decimal(b);
  if (decimal_a != decimal_b) return decimal_a ? -1 : 1;
  if (!decimal_a) return a.compare(b);
  return compare_cells(a, b, oid::numeric);
}

int look_for_interrupt(void* stop) {
  return static_cast<std::stop_token const*>(stop)->stop_requested() ? 1 : 0;
}

void bind(sqlite3_stmt* statement, int place, std::string_view cell, std::uint32_t type) {
  char const *begin = cell.data(), *end = begin + cell.size();
  if (type == oid::boolean) {
    sqlite3_bind_int(statement, place, cell == "t" ? 1 : 0);
    return;
  }
  if (std::int64_t integer = 0; is_integer_type(type)) {
    std::from_chars(begin, end, integer);
    sqlite3_bind_int64(statement, place, integer);
    return;
  }
  if (double number = 0; is_floating_type(type) && std::from_chars(begin, end, number).ec == std::errc{} &&
                         !std::isnan(number)) {  // SQLite would make NULL of NaN
    sqlite3_bind_double(statement, place, number);
    return;
  }
  sqlite3_bind_text64(statement, place, begin, cell.size(), SQLITE_STATIC, SQLITE_UTF8);
}

// 1-based and in characters, as PostgreSQL counts; 0 when SQLite does not know.
int position_of(std::string_view sql, int offset) {
  if (offset < 0) return 0;
  auto const before = sql.substr(0, static_cast<std::size_t>(offset));
  return 1 + static_cast<int>(std::count_if(before.begin(), before.end(), [](char c) {
           return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
         }));
}

}  // namespace

std::string double_text(double value) {
  if (std::isfinite(value)) return fmt::format("{}", value);
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

SqliteDatabase::SqliteDatabase(std::stop_token const& stop) : stop_(stop) {
  // An empty name: a temporary file that only this connection sees, made when the cache is full.
  if (sqlite3_open_v2("", &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      nullptr) != SQLITE_OK) {
    std::string const reason = handle_ ? sqlite3_errmsg(handle_) : "no memory";
    sqlite3_close(handle_);
    throw Error{ErrorKind::failed, "SQLite cannot start: " + reason};
  }
  sqlite3_hard_heap_limit64(most_memory);
  // A name in double quotes is a column or an error, never a text.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_progress_handler(handle_, instructions_per_look, look_for_interrupt, &stop_);
  sqlite3_create_collation(handle_, "decimal", SQLITE_UTF8, nullptr, compare_texts);
  add_exact_sums(handle_, &gave_decimals_);
  run("pragma journal_mode = off");
  run("pragma synchronous = off");
  run("pragma temp_store = file");
  run("pragma cache_size = -65536");  // KiB
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close_v2(handle_); }

void SqliteDatabase::run(char const* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

void SqliteDatabase::fail(std::string const& sql) const {
  int const code = sqlite3_errcode(handle_);
  if (code == SQLITE_INTERRUPT) throw Error{ErrorKind::interrupted, "interrupted"};
  if (code == SQLITE_NOMEM)
    throw Error{ErrorKind::refused, "SQLite needs more than 1 GiB of memory for this"}.with_hint(
        "aggregate earlier, or let PostgreSQL do it");
  if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN)
    throw Error{ErrorKind::io, std::string{"SQLite: "} + sqlite3_errmsg(handle_)}.with_hint(
        "its temporary file stands in $TMPDIR, or /var/tmp");
  Error error{ErrorKind::sql, std::string{"SQLite: "} + sqlite3_errmsg(handle_)};
  error.statement = sql;
  error.position = position_of(sql, sqlite3_error_offset(handle_));
  throw error;
}

void SqliteDatabase::load(std::string const& name, fleet::Result const& rows) {
  std::vector<fleet::Column> columns;
  std::string table, places;
  for (fleet::Column const& column : rows.columns()) {
    columns.push_back({free_name(columns, column.name.empty() ? "column" : column.name), column.type});
    if (column.type == oid::numeric) numeric_columns_.insert(lower(name + "." + columns.back().name));
    table += (table.empty() ? "" : ", ") + quoted(columns.back().name) + " " + declaration(column.type);
    places += places.empty() ? "?" : ", ?";
  }
  if (columns.empty()) throw Error{ErrorKind::usage, name + " has no columns to select from"};
  run(("create table " + quoted(name) + " (" + table + ")").c_str());
  std::string const insert = "insert into " + quoted(name) + " values (" + places + ")";
  run("begin");
  SqliteStatement const statement = prepare(insert);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (row % rows_per_look == 0 && stop_.stop_requested())
      throw Error{ErrorKind::interrupted, "interrupted"};
    for (std::size_t column = 0; column < columns.size(); ++column) {
      int const place = static_cast<int>(column) + 1;
      if (auto const cell = rows.at(row, column))
        bind(statement.get(), place, *cell, columns[column].type);
      else
        sqlite3_bind_null(statement.get(), place);
    }
    step(statement.get(), insert);
    sqlite3_reset(statement.get());
  }
  run("commit");
}

void SqliteDatabase::close_for_writing() {
  sqlite3_set_authorizer(handle_, authorize, this);
  reading_only_ = true;
}

int SqliteDatabase::authorize(void* self, int action, char const* first, char const* second, char const*,
                              char const*) {
  auto& database = *static_cast<SqliteDatabase*>(self);
  std::string const one = first ? first : "", two = second ? second : "";
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_READ:
      if (database.numeric_columns_.contains(lower(one + "." + two))) database.uses_.numerics = true;
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      database.uses_.functions.insert(lower(two));
      if (lower(two) != "load_extension") return SQLITE_OK;
      break;
    default: break;
  }
  database.uses_.denied = action == SQLITE_ATTACH        ? "attach a file"
                          : action == SQLITE_PRAGMA      ? "use a pragma"
                          : action == SQLITE_TRANSACTION ? "control a transaction"
                          : action == SQLITE_FUNCTION    ? "load an extension"
                                                         : "change something";
  return SQLITE_DENY;
}

SqliteStatement SqliteDatabase::prepare(std::string const& sql) {
  uses_ = {};
  sqlite3_stmt* made = nullptr;
  char const* rest = nullptr;
  int const code = sqlite3_prepare_v2(handle_, sql.c_str(), static_cast<int>(sql.size()) + 1, &made, &rest);
  SqliteStatement statement{made};
  if (code != SQLITE_OK && !uses_.denied.empty())
    throw Error{ErrorKind::refused, "this would " + uses_.denied + "; only a select runs here"}.with_hint(
        "the tables are copies of results; tenants change through tenants:…");
  if (code != SQLITE_OK) fail(sql);
  if (!statement) throw Error{ErrorKind::usage, "there is no statement"}.with_hint("select … from result");
  // VACUUM INTO writes a file and asks no authorizer while it is compiled.
  if (reading_only_ &&
      (sqlite3_stmt_readonly(statement.get()) == 0 || sqlite3_column_count(statement.get()) == 0))
    throw Error{ErrorKind::refused, "this would change something; only a select runs here"};
  sqlite3_stmt* second = nullptr;
  int const code_of_rest = sqlite3_prepare_v2(handle_, rest, -1, &second, nullptr);
  SqliteStatement const extra{second};
  if (extra || code_of_rest != SQLITE_OK)
    throw Error{ErrorKind::refused, "these are several statements; only one select runs here"};
  return statement;
}

bool SqliteDatabase::step(sqlite3_stmt* statement, std::string const& sql) {
  int const code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sql);
}

}  // namespace scripting
