#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace migrations {

// The rows that a set wrote into one table of a fresh database: data that every tenant begins with.
struct ReferenceTable {
  std::string name;  // as SQL: "claims.status"; of a schema "status"
  std::int64_t rows = 0;
  std::string digest;  // of all rows in any order, without what the server makes (see below)
};

// Tables that have rows, by name; of one schema, or of the database without PostgreSQL's own, `tenantsh` and
// `runbook`. The digest leaves out generated and identity columns, those with a default that is computed
// (now(), gen_random_uuid()) and those that refer to one of them: they differ from one database to the next.
std::vector<ReferenceTable> read_reference_tables(fleet::Session& session, std::string const& schema_name);

// The same rows as SQL that writes them again, and the values of the sequences behind them. Columns that the
// server makes are left to it unless a foreign key refers to them. Memory is the rows' size.
std::string reference_rows_sql(fleet::Session& session, std::string const& schema_name);

}  // namespace migrations
