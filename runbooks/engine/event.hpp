#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/error.hpp"
#include "fleet/secret.hpp"
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
//        · undo_started (as resumed) · undo_intent · undone · undo_skipped (note) · release_intent · released
//        · run_undone · planned (outputs: the saved plan that is carried out) · approval_requested, approved
//        (outputs: approval.hpp) · detached (outputs: to, step; note) · handed_over (outputs: to; note)
// A line with "item" is about that item of a step with `each`, not about the step.
struct Event {
  std::string event, step, item, kind, hash, note;
  std::string target;  // of an intent: "server pg-1"
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
enum class StepState {
  pending,
  intended,
  done,
  already_done,
  not_needed,
  skipped,
  by_hand,
  failed,
  undone,
};
std::string_view to_string(StepState state);
// done, already_done, not_needed, skipped, by_hand: the run does not come back to it.
bool is_settled(StepState state);

struct ItemRecord {
  StepState state = StepState::pending;
  Json outputs, error;
};

struct StepRecord {
  StepState state = StepState::pending;
  bool released = false;  // what it did was put back when its section ended
  int attempts = 0;
  std::map<std::string, ItemRecord> items;
  std::string hash, at, note, target;
  Json outputs, error;
  long ms = 0;
};

// Those of `items` that the run comes back to, in their order.
std::vector<std::string> items_left(std::vector<std::string> items, StepRecord const& step);

// A run as its journal tells it.
struct RunRecord {
  std::string id, runbook, environment, file, script, sha256, started, ended, who, host;
  int pid = 0;
  std::string process_start;
  int epoch = 1;
  int last_seq = 0;
  Json inputs;
  // running | done | failed | stopped | waiting (for approval) | detached | abandoned | undone
  std::string state = "running";
  Json approval;                // the last thing that approval was asked for, see ApprovalRequest
  std::string approved_digest;  // what it was last given for
  bool handed = false;          // given up by `who` for somebody else to go on with
  std::string handed_to;        // login name, empty: anybody
  std::string handed_note;      // what whoever goes on should know
  std::map<std::string, StepRecord> steps;
  std::vector<std::string> order;  // step paths as first met
  std::string last_step;

  StepRecord const& step(std::string const& path) const;  // pending when nothing was journalled
  // The next event of the run.
  void apply(Event const& event);
};

// Replays events of one run in order.
RunRecord replay(std::string const& run_id, std::vector<Event> const& events);

Json error_to_json(fleet::Error const& error);

// `value` with the reference wherever one of its texts or keys spells the value of a secret.
Json without_secrets(Json const& value, fleet::Secrets const& secrets);

}  // namespace runbooks
