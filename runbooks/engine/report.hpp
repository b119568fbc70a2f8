#pragma once

#include <string>
#include <vector>

#include "runbooks/engine/journal.hpp"

namespace runbooks {

// The record of one run for people and programs, made from its events and nothing else: no server is asked,
// no secret resolved. `state` is what state_of() says, which knows whether the run's process still lives.

// One process's part of the run: from run_started, resumed or undo_started to the next of them.
struct Sitting {
  std::string who, process, from, to;
};

// A line of the run's story: a try at a step, from its intent to its result; a result without an intent
// (found done, not needed, checked); or an event of the run as a whole or of a kind not known here.
struct Chapter {
  std::string step;    // empty: about the run as a whole
  std::string item;    // of a step with `each`, else empty
  std::string result;  // name of the event that ended it; "no_result": the process ended before it told
  std::string began, ended, kind, note, who;
  std::string target;  // where it acted
  std::string before;  // what the probe had seen there
  int attempt = 0;
  int sitting = 0;  // index
  long ms = 0;
  bool known = true;  // its result says where a step stands
  Json error;
  Json outputs;
};

struct Story {
  std::vector<Sitting> sittings;
  std::vector<Chapter> chapters;
};

Story story_of(std::vector<Event> const& events);
// The lines of the plan that was carried out or approved (planner.hpp); null when there was none.
Json plan_of(std::vector<Event> const& events);
// [{what: asked for | given, login, operator, at, digest, …}], in order.
Json approvals_of(std::vector<Event> const& events);

// {run: {id, …}, inputs, processes, steps: [{step, state, …, attempts}], remarks, events}: events are the
// journal's own lines.
Json report_json(FoundRun const& run, std::string const& state);
// One file, HTML 5, without script and without a reference to anything outside of it.
std::string report_html(FoundRun const& run, std::string const& state);

// The style sheet of that file; screens light and dark, and paper.
extern char const* const report_style;

}  // namespace runbooks
