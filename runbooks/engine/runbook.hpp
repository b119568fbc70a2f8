#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace runbooks {

using Json = nlohmann::ordered_json;

// ---- inputs ---------------------------------------------------------------------------------------------

enum class InputType {
  text,
  number,
  boolean,
  enumeration,
  tenant,
  server,
  selection,
  path,
  interval,
  secret
};
std::string_view to_string(InputType type);

// One declared input. Values travel as JSON: a tenant or server by its name, a secret by its reference.
struct Input {
  std::string name;
  InputType type = InputType::text;
  std::string help;
  bool required = true;                                   // without a default and not `optional`
  Json default_value;                                     // null: none
  std::function<Json(Json const& settled)> default_from;  // from the inputs settled before it; null: none
  std::vector<std::string> values;  // enumeration: the allowed words; tenant: the allowed statuses
  std::function<std::string(Json const&)> check;  // own rule of the script: "" or what is wrong
};

// ---- steps ----------------------------------------------------------------------------------------------

// How a step's effect is made safe (PRODUCT section 4).
enum class StepKind {
  tx,      // effect and marker commit in one transaction of the target: exactly once
  effect,  // nothing transactional covers it: needs a probe
  manual,  // a person does it and says so
};
std::string_view to_string(StepKind kind);

// Where a step acts; `endpoint` is empty for a step that needs no database of its own.
struct Target {
  std::string label;  // "master", "server pg-1", "tenant acme"
  std::optional<fleet::Endpoint> endpoint;
};

enum class ProbeState { done, not_done, broken };

// What a probe saw. `evidence` is one line for the operator; `outputs` stand in for the step's own when done.
struct ProbeResult {
  ProbeState state = ProbeState::not_done;
  std::string evidence;
  Json outputs;
};

// What bodies see of the run: inputs are frozen, outputs grow.
struct RunView {
  std::string id;
  std::string runbook;
  std::string started;  // 20260427T150000Z, of the first start, the same after a resume
  std::string who;      // user@host of whoever runs it now
  Json inputs;
  std::map<std::string, Json> outputs;  // by step path
  std::string item;                     // the one at work in a step with `each`, else empty
};

// One step. The bodies come from scripting; they may throw fleet::Error. `session` is the step's target:
// read-only for when/pre/probe/verify, inside the step's transaction for a tx body, autocommit for an effect
// body, null when the target does not exist yet (planning) or the step has none.
struct Step {
  std::string name;
  std::string path;  // "dump/pg_dump": sections and name, the address used everywhere
  StepKind kind = StepKind::effect;
  std::string hash;  // of the source of its functions
  bool destructive = false;
  bool point_of_no_return = false;
  bool read_only = false;                // a check: its tx writes nothing and leaves no marker
  std::string section;                   // "first server", "" at the top: its release runs when this one ends
  std::string confirm;                   // wording of the question; empty: made from the name
  std::string instructions;              // manual: what the person is to do
  std::chrono::milliseconds timeout{0};  // for one body; 0: none
  int max_failures = 0;                  // with each: how many items may fail before the step stops

  std::function<Target(RunView const&)> target;
  std::function<bool(RunView const&)> when;
  std::function<ProbeResult(RunView const&, fleet::Session*)> probe;
  std::function<void(RunView const&, fleet::Session*)> pre;
  std::function<Json(RunView const&, fleet::Session*)> body;
  std::function<void(RunView const&, Json const& outputs, fleet::Session*)> verify;
  // The items the step is done for, one by one, each journalled; the bodies find theirs in RunView::item.
  std::function<std::vector<std::string>(RunView const&)> each;
  std::string undone_with;  // the address of the step whose undo takes this one's effect along
  // Takes the effect back: undo when a person asks for it, release when the step's section ends, however it
  // ends. For a tx step both run in one transaction that takes the marker away too. Outputs that are not
  // known yet (a preview) are unknown_outputs().
  std::function<void(RunView const&, Json const& outputs, fleet::Session*)> undo;
  std::function<void(RunView const&, Json const& outputs, fleet::Session*)> release;
};

inline Json unknown_outputs() { return Json(Json::value_t::discarded); }

// A loaded runbook: declared, nothing executed. Lives as long as the interpreter that loaded it.
struct Runbook {
  std::string name;
  std::string brief;
  std::string file;
  std::string source;
  std::string sha256;  // of the source
  int approvals = 0;   // of other people, before a run of it may begin
  std::chrono::milliseconds approval_valid = std::chrono::hours{8};
  std::vector<Input> inputs;
  std::vector<Step> steps;
  // Names of what must not be worked on by two runs at once ("master", "tenant acme"); sorted by the engine.
  std::function<std::vector<std::string>(RunView const&)> locks;

  Step const* find(std::string const& path) const;
};

}  // namespace runbooks
