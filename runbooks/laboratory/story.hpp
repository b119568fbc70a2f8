#pragma once

#include <map>
#include <string>
#include <vector>

#include "runbooks/laboratory/workbench.hpp"

namespace runbooks {

// What the journal must say once a run is over, however often it was broken and taken up: its state, each
// step settled once, and the local mirror and master telling the same, event by event.
struct Story {
  std::string id;
  std::string state;  // of the run: done, or stopped where a person is wanted
  std::map<std::string, std::string>
      steps;  // where each stands: done (also when a probe found it so), not_needed, …
  std::vector<std::string> faults;  // what contradicts itself: "step roles was done 2 times"
};

// The last run that was not kept with the bench; an empty id when nothing of one was written.
Story read_story(Workbench const& bench);

std::vector<std::string> differences(Story const& found, Story const& undisturbed);

}  // namespace runbooks
