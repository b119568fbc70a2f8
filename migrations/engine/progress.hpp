#pragma once

#include <optional>
#include <string>

#include "fleet/session.hpp"
#include "migrations/engine/migration.hpp"

namespace migrations {

// How far a no-transaction file has come in one target: the row of it in
//   tenantsh.progress(scope, schema_name, name, direction, digest, done, begun, at)
// which is there from its first statement to its ledger row, so that a file that broke off goes on where it
// did.
struct Progress {
  std::string digest;  // FNV-1a of the statements that took effect, as they were then
  int done = 0;        // how many they are
  bool begun = false;  // the one after them was sent, and its end is not known
};

class ProgressRow {
 public:
  ProgressRow(fleet::Session& session, Target const& target, Migration const& file, Direction direction);
  // Makes the table where it is missing. Precondition: no transaction is open.
  std::optional<Progress> read();
  // In the transaction that is open if there is one.
  void write(Progress const& progress);
  void erase();

 private:
  fleet::Session& session_;
  fleet::Statement::Parameters key_;
};

}  // namespace migrations
