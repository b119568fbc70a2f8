#pragma once

#include "runbooks/engine/journal.hpp"

namespace runbooks {

// A run that is over, whose process died before master had its last lines: copies them from the mirror. False
// when nothing was missing, or master is not there.
bool catch_up(Journal::Parts parts, FoundRun const& run);

}  // namespace runbooks
