#pragma once

#include <chrono>
#include <map>
#include <string>

#include "fleet/session.hpp"

namespace runbooks {

// How long a step took in the runs before this one.
struct PastDuration {
  std::chrono::milliseconds median{0};
  int runs = 0;
};

// By step address, from the last runs of this runbook in this environment that master knows. Empty where
// nothing is known; never an error, as it only tells.
using PastDurations = std::map<std::string, PastDuration>;
PastDurations past_durations(fleet::Session& master, std::string const& runbook,
                             std::string const& environment) noexcept;

}  // namespace runbooks
