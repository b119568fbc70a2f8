#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"
#include "migrations/engine/sql_text.hpp"

namespace migrations {

// Runs `work`, which sends the part of `sql` that begins at `offset`; an error's position becomes a line in
// front of its message: "055_x.sql:12: ".
template <typename Work>
void run_located(Script const& script, std::string_view sql, std::size_t offset, Work const& work) {
  try {
    work();
  } catch (fleet::Error& error) {
    if (error.position > 0) {
      std::size_t const at = offset + byte_offset(sql.substr(offset), error.position);
      error.message =
          script.file + ":" + std::to_string(script.first_line - 1 + line_of(sql, at)) + ": " + error.message;
    }
    throw;
  }
}

// The error of running `script`, the way up or down of `file`, with the file's name in front and, for what
// operators meet often, what to do next. Asks the
// server about missing rights. Precondition: the transaction is rolled back. `owner`: the role that the file
// ran as.
fleet::Error explain(fleet::Error error, Migration const& file, Script const& script, fleet::Session& session,
                     std::string const& owner);

// prepare_ledger() whose refusal names the GRANT that is missing.
void prepare_ledger_explained(fleet::Session& session);

}  // namespace migrations
