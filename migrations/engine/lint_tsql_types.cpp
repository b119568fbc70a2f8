// Profile tsql: types of columns.

#include <algorithm>

#include "fleet/selection.hpp"
#include "migrations/engine/lint_pass.hpp"
#include "migrations/engine/lint_tsql.hpp"

namespace migrations {

void lint_tsql_column(LintPass& pass, TsqlColumn const& column) {
  std::string const& type = column.type;
  std::size_t const at = column.offset;
  if (type == "VARCHAR" || type == "CHAR" || type == "TEXT" || type == "NTEXT" || type == "NCHAR")
    pass.report("tsql-nvarchar", at, column.name + " is " + type,
                "NVARCHAR" + (column.arguments.empty() ? std::string{"(MAX)"} : column.arguments));
  if (type == "DATETIME" || type == "SMALLDATETIME" || type == "TIMESTAMP")
    pass.report("tsql-datetime2", at, column.name + " is " + type);
  auto const& globs = pass.settings.money_columns;
  bool const money = std::any_of(globs.begin(), globs.end(), [&](std::string const& glob) {
    return fleet::matches_glob(glob, lowered(column.name));
  });
  if (type == "MONEY" || type == "SMALLMONEY" || ((type == "FLOAT" || type == "REAL") && money))
    pass.report("tsql-decimal", at, column.name + " is " + type);
  if ((type == "DECIMAL" || type == "NUMERIC") && money && column.arguments != "(18,4)")
    pass.report("tsql-decimal", at, column.name + " is " + type + column.arguments + ", not DECIMAL(18,4)");
  if (type == "BIT" && !column.has_default)
    pass.report("tsql-bit-default", at, column.name + " is BIT without a default");
  bool const number = type == "INT" || type == "BIGINT" || type == "SMALLINT" || type == "TINYINT";
  if (column.primary && number && !column.identity)
    pass.report("tsql-identity", at, "the key " + column.name + " is " + type + " without IDENTITY",
                "[" + column.name + "] " + type + " IDENTITY(1,1) NOT NULL PRIMARY KEY");
}

}  // namespace migrations
