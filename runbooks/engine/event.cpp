#include "runbooks/engine/event.hpp"

#include <array>

namespace runbooks {

namespace {

constexpr std::array<std::pair<std::string_view, StepState>, 8> step_events{{
    {"intent", StepState::intended},
    {"done", StepState::done},
    {"already_done", StepState::already_done},
    {"not_needed", StepState::not_needed},
    {"skipped", StepState::skipped},
    {"by_hand", StepState::by_hand},
    {"failed", StepState::failed},
    {"undone", StepState::undone},
}};

constexpr std::array<std::pair<std::string_view, char const*>, 6> run_events{{
    {"run_done", "done"},
    {"run_stopped", "stopped"},
    {"detached", "detached"},
    {"approval_requested", "waiting"},
    {"abandoned", "abandoned"},
    {"run_undone", "undone"},
}};

void put(Json& line, char const* key, std::string const& value) {
  if (!value.empty()) line[key] = value;
}

}  // namespace

Json Event::to_json() const {
  Json line{{"seq", seq}, {"at", at}, {"event", event}};
  put(line, "step", step);
  put(line, "item", item);
  put(line, "kind", kind);
  put(line, "target", target);
  if (attempt > 0) line["attempt"] = attempt;
  put(line, "hash", hash);
  line["epoch"] = epoch;
  put(line, "who", who);
  put(line, "note", note);
  if (ms > 0) line["ms"] = ms;
  if (!outputs.is_null()) line["outputs"] = outputs;
  if (!error.is_null()) line["error"] = error;
  return line;
}

Event Event::from_json(Json const& line) {
  Event event;
  event.seq = line.at("seq").get<int>();
  event.at = line.at("at").get<std::string>();
  event.event = line.at("event").get<std::string>();
  event.step = line.value("step", "");
  event.item = line.value("item", "");
  event.kind = line.value("kind", "");
  event.target = line.value("target", "");
  event.hash = line.value("hash", "");
  event.who = line.value("who", "");
  event.note = line.value("note", "");
  event.attempt = line.value("attempt", 0);
  event.epoch = line.value("epoch", 1);
  event.ms = line.value("ms", 0L);
  if (line.contains("outputs")) event.outputs = line["outputs"];
  if (line.contains("error")) event.error = line["error"];
  return event;
}

std::string_view to_string(StepState state) {
  if (state == StepState::pending) return "pending";
  for (auto const& [name, known] : step_events)
    if (known == state) return name;
  return "pending";
}

bool is_settled(StepState state) {
  return state != StepState::pending && state != StepState::intended && state != StepState::failed &&
         state != StepState::undone;
}

std::vector<std::string> items_left(std::vector<std::string> items, StepRecord const& step) {
  if (step.released) return items;
  std::erase_if(items, [&step](std::string const& item) {
    auto const known = step.items.find(item);
    return known != step.items.end() && is_settled(known->second.state);
  });
  return items;
}

StepRecord const& RunRecord::step(std::string const& path) const {
  static StepRecord const pending;
  auto const found = steps.find(path);
  return found == steps.end() ? pending : found->second;
}

void RunRecord::apply(Event const& event) {
  last_seq = event.seq;
  epoch = std::max(epoch, event.epoch);
  if (event.event == "run_started" || event.event == "resumed" || event.event == "undo_started") {
    state = "running";
    who = event.who;
    Json const head = event.outputs.is_object() ? event.outputs : Json::object();
    if (event.event == "run_started") {
      started = event.at;
      runbook = head.value("runbook", "");
      environment = head.value("environment", "");
      inputs = head.value("inputs", Json::object());
    }
    file = head.value("file", file);
    script = head.value("script", script);
    sha256 = head.value("sha256", sha256);
    host = head.value("host", host);
    pid = head.value("pid", 0);
    process_start = head.value("process_start", "");
    ended.clear();
    handed = false;
    handed_to.clear();
    handed_note.clear();
    return;
  }
  if (event.event == "approval_requested") approval = event.outputs;
  if (event.event == "approved" && event.outputs.is_object())
    approved_digest = event.outputs.value("digest", "");
  if (event.event == "detached" || event.event == "handed_over") {
    handed = true;
    handed_to = event.outputs.is_object() ? event.outputs.value("to", "") : "";
    handed_note = event.note;
  }
  for (auto const& [name, run_state] : run_events) {
    if (name != event.event) continue;
    state = run_state;
    ended = event.at;
    return;
  }
  if (event.event == "released") {
    steps[event.step].released = true;
    return;
  }
  for (auto const& [name, step_state] : step_events) {
    if (name != event.event) continue;
    if (steps.find(event.step) == steps.end()) order.push_back(event.step);
    StepRecord& step = steps[event.step];
    last_step = event.step;
    if (!event.item.empty()) {
      step.items[event.item] = {step_state, event.outputs, event.error};
      return;
    }
    step.state = step_state;
    step.released = false;
    step.attempts = std::max(step.attempts, event.attempt);
    step.at = event.at;
    step.note = event.note;
    step.ms = event.ms;
    step.error = event.error;
    if (!event.hash.empty()) step.hash = event.hash;
    if (!event.target.empty()) step.target = event.target;
    if (!event.outputs.is_null()) step.outputs = event.outputs;
    if (step_state == StepState::failed) state = "failed";
    if (step_state == StepState::intended) state = "running";
  }
}

RunRecord replay(std::string const& run_id, std::vector<Event> const& events) {
  RunRecord run;
  run.id = run_id;
  for (Event const& event : events) run.apply(event);
  return run;
}

Json error_to_json(fleet::Error const& error) {
  Json line{{"message", error.message}, {"kind", std::string{fleet::to_string(error.kind)}}};
  put(line, "sqlstate", error.sqlstate);
  put(line, "detail", error.detail);
  put(line, "hint", error.hint);
  put(line, "server", error.server);
  put(line, "tenant", error.tenant);
  return line;
}

Json without_secrets(Json const& value, fleet::Secrets const& secrets) {
  if (value.is_string()) return secrets.redact(value.get<std::string>());
  if (!value.is_structured()) return value;
  Json clean = value.is_array() ? Json::array() : Json::object();
  for (auto const& item : value.items())
    if (value.is_array())
      clean.push_back(without_secrets(item.value(), secrets));
    else
      clean[secrets.redact(item.key())] = without_secrets(item.value(), secrets);
  return clean;
}

}  // namespace runbooks
