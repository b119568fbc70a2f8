#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/error.hpp"
#include "runbooks/engine/runbook.hpp"

namespace runbooks {

// One line of the journal. The local mirror (JSONL) and runbook.attempt hold the same lines, keyed by
// (run, seq); nothing is ever overwritten.
//
//   {"seq":3,"at":"2026-04-27T15:00:00.123Z","event":"intent","step":"database","kind":"effect","attempt":1,
//    "hash":"…","epoch":1,"who":"ops@host"}
//
// event: run_started (inputs, runbook, script, sha256, environment, pid, process_start) · resumed · intent ·
//        done (outputs, ms) · already_done (evidence, outputs) · not_needed · skipped (note) · by_hand (note)
//        · failed (error, ms) · run_done · run_stopped (note) · abandoned (note)
struct Event {
  std::string event, step, kind, hash, note;
  int attempt = 0;
  long ms = 0;
  Json outputs;  // of the step, or the head of run_started
  Json error;    // {message, kind, sqlstate, hint, …}
  // Filled in by the journal.
  int seq = 0;
  int epoch = 1;
  std::string at, who;

  Json to_json() const;
  static Event from_json(Json const& line);  // throws Json::exception for a torn line
};

// Where a step stands after replaying the journal.
enum class StepState { pending, intended, done, already_done, not_needed, skipped, by_hand, failed };
std::string_view to_string(StepState state);
// done, already_done, not_needed, skipped, by_hand: the run does not come back to it.
bool is_settled(StepState state);

struct StepRecord {
  StepState state = StepState::pending;
  int attempts = 0;
  std::string hash, at, note;
  Json outputs, error;
  long ms = 0;
};

// A run as its journal tells it.
struct RunRecord {
  std::string id, runbook, environment, file, script, sha256, started, ended, who, host;
  int pid = 0;
  std::string process_start;
  int epoch = 1;
  int last_seq = 0;
  Json inputs;
  std::string state = "running";  // running | done | failed | stopped | abandoned
  std::map<std::string, StepRecord> steps;
  std::vector<std::string> order;  // step paths as first met
  std::string last_step;

  StepRecord step(std::string const& path) const;  // pending when nothing was journalled
  // The next event of the run.
  void apply(Event const& event);
};

// Replays events of one run in order.
RunRecord replay(std::string const& run_id, std::vector<Event> const& events);

Json error_to_json(fleet::Error const& error);

}  // namespace runbooks
