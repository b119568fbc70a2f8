#pragma once

#include <string>
#include <vector>

#include "fleet/session.hpp"
#include "migrations/engine/table_rows.hpp"

namespace migrations {

struct OperatorEdit {
  std::vector<std::string> edited;     // columns that got another value in every row
  std::vector<std::string> untouched;  // columns that no other value could be found for
  bool added_row = false;              // one more row, as an operator would add it
};

// Changes a table as an operator might, in the transaction that is open and that the caller rolls back: every
// column outside unique indexes gets another value in all rows, and one row of the operator's own comes in.
// Check and foreign key constraints and triggers of the table are taken away first, for they are about
// values, not about whose they are. Works as the table's owner. Precondition: a scratch database.
OperatorEdit edit_as_operator(fleet::Session& session, TableShape const& table);

}  // namespace migrations
