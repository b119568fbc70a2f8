#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fleet/error.hpp"
#include "migrations/engine/apply.hpp"
#include "migrations/engine/ledger.hpp"
#include "tests/migrations/set_folder.hpp"

namespace tests {

// Names of what a run applied.
inline std::string applied(migrations::ApplyReport const& report) {
  std::vector<std::string> found;
  for (migrations::AppliedFile const& file : report.applied) found.push_back(file.name);
  return listed(found);
}

// Names in the ledger as they stand there.
inline std::string recorded(fleet::Session& session) {
  std::vector<std::string> found;
  for (auto const& entry : migrations::read_ledger(session, {migrations::Scope::tenant, ""}).entries)
    found.push_back(entry.name);
  return listed(found);
}

// "kind sqlstate: message | hint" of what `work` throws.
inline std::string error_of(std::function<void()> const& work) {
  try {
    work();
  } catch (fleet::Error const& error) {
    return std::string{to_string(error.kind)} + (error.sqlstate.empty() ? "" : " " + error.sqlstate) + ": " +
           error.message + " | " + error.hint;
  }
  return "no error";
}

}  // namespace tests
