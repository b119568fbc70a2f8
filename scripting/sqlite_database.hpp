#pragma once

#include <sqlite3.h>

#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "fleet/result.hpp"

// SQLite as result:sql() uses it. Included by scripting/sqlite_*.cpp and scripting/result_sql.cpp only.
namespace scripting {

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using SqliteStatement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// A private database that is gone when this is. Not thread-safe, not movable: SQLite keeps a pointer to it.
class SqliteDatabase {
 public:
  // What a statement uses, as seen while it is compiled.
  struct Uses {
    bool numerics = false;            // reads a column that holds numerics
    std::set<std::string> functions;  // in lower case
    std::string denied;               // what it wanted to do beside reading; empty: nothing
  };

  explicit SqliteDatabase(std::stop_token const& stop);
  SqliteDatabase(SqliteDatabase const&) = delete;
  SqliteDatabase& operator=(SqliteDatabase const&) = delete;
  ~SqliteDatabase();

  // A copy of `rows` as table `name`. The columns are declared INT_n, REAL_n or TEXT_n, n being the type's
  // OID in PostgreSQL, so that an answer can tell its types.
  void load(std::string const& name, fleet::Result const& rows);
  // From now on statements may only read.
  void close_for_writing();
  // Exactly one statement, compiled. Fills uses(). Error{sql} with position, Error{refused}.
  SqliteStatement prepare(std::string const& sql);
  // False at the end. Throws what went wrong, Error{interrupted} among it; `sql` is for the message.
  bool step(sqlite3_stmt* statement, std::string const& sql);

  Uses const& uses() const { return uses_; }
  // sum() or avg() gave an exact decimal as text.
  bool gave_decimals() const { return gave_decimals_; }

 private:
  void run(char const* sql);
  [[noreturn]] void fail(std::string const& sql) const;
  static int authorize(void* self, int action, char const* first, char const* second, char const* database,
                       char const* trigger);

  std::stop_token stop_;
  sqlite3* handle_ = nullptr;
  std::set<std::string> numeric_columns_;  // "table.column" in lower case
  Uses uses_;
  bool reading_only_ = false;
  bool gave_decimals_ = false;
};

// Registers sum(), avg() and total(), exact for integers and decimal text, also as window functions; sets
// *gave_decimals when one of them answers with decimal text.
void add_exact_sums(sqlite3* database, bool* gave_decimals);

// 0, 1, … as PostgreSQL spells a double.
std::string double_text(double value);

}  // namespace scripting
