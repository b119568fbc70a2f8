#pragma once

#include <string>
#include <vector>

#include "runbooks/engine/event.hpp"

namespace runbooks {

// How a step of the script stands to the journal of a run that is to go on.
enum class Change {
  none,
  edited_pending,  // not done yet, and not as it was when it was tried: usually it was just fixed
  edited_done,     // edited after it was done
  inserted,        // new, and a later step is already done
  added,           // new, nothing after it is done
  in_place,        // new where `formerly` was, which is done and gone: renamed and edited, most likely
  removed,         // done once, not in the script any more
  renamed,         // `formerly` is gone, and this one has the same body
};
std::string_view to_string(Change change);

struct StepChange {
  std::string step;
  Change change = Change::none;
  StepState state = StepState::pending;  // what the journal says of it
  std::string formerly;                  // renamed, in_place: the old address
};

// Every step of the script in its order, then the removed ones.
std::vector<StepChange> compare(RunRecord const& run, Runbook const& runbook);

// A table of them for people; empty when nothing changed.
std::string render_changes(std::vector<StepChange> const& changes);

}  // namespace runbooks
