#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace runbooks {

// Called between any two durable moments of a run with the name of the moment and the step's path, so that a
// crash laboratory can stop the process exactly there. Empty in ordinary work. Called from any thread.
//
//   a line of the journal   torn (half of it written) · unsynced (written) · mirrored (synced) · journalled
//                           (master has it too); the step is empty for a line about the run
//   a step                  intent · commit · effect · item · done · undo_intent · undone · release_intent ·
//                           released
using Boundary = std::function<void(std::string_view moment, std::string const& step)>;

}  // namespace runbooks
