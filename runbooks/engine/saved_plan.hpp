#pragma once

#include <string>
#include <vector>

#include "runbooks/engine/planner.hpp"

namespace runbooks {

// A plan kept in a file, to be carried out later or not at all. Format: one JSON object
//   {"tenantsh_plan": 1, "at", "who", "facts": {fingerprint.hpp}, "plan": {"to_do", "lines"}}
struct SavedPlan {
  std::string at, who;
  Json facts;
  RunPlan plan;

  Json to_json() const;
  // Error{usage} that names `file` when the text is none.
  static SavedPlan parse(std::string const& text, std::string const& file);
};

// A line for each thing that is not as it was when the plan was made: script, inputs, targets, and what is
// done already. Empty: it may be carried out.
std::vector<std::string> stale(SavedPlan const& saved, Json const& facts, RunPlan const& now);

}  // namespace runbooks
