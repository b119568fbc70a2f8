// Taking back: undo when a person asks for it, release when a section ends.

#include <fmt/format.h>

#include <algorithm>

#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/screen.hpp"

namespace runbooks {

namespace {

// Did the run itself do this, or may it have? A probe that found a step done before has no attempt.
bool may_have_acted(StepRecord const& record) {
  return record.attempts > 0 && record.state != StepState::undone && record.state != StepState::skipped &&
         record.state != StepState::not_needed;
}

}  // namespace

bool is_held(Step const& step, StepRecord const& record) {
  return step.release && record.attempts > 0 && !record.released && record.state != StepState::undone;
}

bool holds_something(Runbook const& runbook, RunRecord const& run) {
  return std::any_of(runbook.steps.begin(), runbook.steps.end(),
                     [&](Step const& step) { return is_held(step, run.step(step.path)); });
}

std::vector<Step const*> steps_to_undo(Runbook const& runbook, RunRecord const& run, std::size_t first,
                                       std::size_t end) {
  std::vector<Step const*> steps;
  for (std::size_t i = std::min(end, runbook.steps.size()); i-- > first;) {
    Step const* const step = &runbook.steps[i];
    StepRecord const record = run.step(step->path);
    if (step->read_only || !may_have_acted(record) || (record.released && !step->undo)) continue;
    if (step->point_of_no_return && is_settled(record.state))
      throw fleet::Error{
          fleet::ErrorKind::refused,
          fmt::format("run {} is past its point of no return, step \"{}\"", run.id, step->path)}
          .with_hint("what came after it must be put right by a runbook of its own; nothing was touched");
    steps.push_back(step);
  }
  return steps;
}

// Which step "undo" means when it is answered at step `at`: that one when it was begun and is not covered by
// a transaction, else the last one before it that this run did, and all down to the step it is undone with.
// Error{refused} says why there is none.
std::size_t Runner::undo_from(std::size_t at) const {
  for (std::size_t i = at + 1; i-- > 0;) {
    Step const& step = runbook_.steps[i];
    StepRecord const record = journal_->record().step(step.path);
    if (step.read_only || !may_have_acted(record) || (i == at && step.kind == StepKind::tx)) continue;
    if (!step.undo && !step.release && step.undone_with.empty())
      throw fleet::Error{fleet::ErrorKind::refused,
                         fmt::format("step \"{}\" has no undo: what it did stays, and nothing before it is "
                                     "undone from here",
                                     step.path)};
    std::size_t first = i;
    for (std::size_t companion = i + 1; companion-- > first;)
      for (std::size_t j = 0; j < first; ++j)
        if (runbook_.steps[j].path == runbook_.steps[companion].undone_with) first = j;
    (void)steps_to_undo(runbook_, journal_->record(), first, i + 1);  // refuses beyond a point of no return
    return first;
  }
  throw fleet::Error{fleet::ErrorKind::refused, "this run did nothing before this step that could be undone"};
}

// The person answered "undo" at step `at`. Returns the step at which the walk goes on.
std::size_t Runner::step_back(std::size_t at, RunOptions const& options) {
  std::size_t const first = undo_from(at);
  auto const steps = steps_to_undo(runbook_, journal_->record(), first, at + 1);
  try {
    undo_steps(steps, options);
  } catch (fleet::Error const& error) {
    journal_->append({.event = "run_stopped", .note = "undo: " + error.message});
    throw;
  }
  for (Step const* step : steps) {
    if (is_settled(journal_->record().step(step->path).state)) continue;
    std::erase(to_release_, step);
    view_.outputs.erase(step->path);
  }
  return first;
}

void Runner::undo_steps(std::vector<Step const*> const& steps, RunOptions const& options) {
  auto const is_to_undo = [&steps](std::string const& path) {
    return std::any_of(steps.begin(), steps.end(), [&](Step const* step) { return step->path == path; });
  };
  for (Step const* step : steps) {
    // Its companion is undone already, by an undo that was stopped right after it.
    if (!step->undone_with.empty() && journal_->record().step(step->undone_with).state == StepState::undone)
      note_undone_with(*step);
    else if (step->undone_with.empty() ? !step->undo && !step->release : !is_to_undo(step->undone_with))
      parts_.console.note(fmt::format("step \"{}\" has no undo: what it did stays", step->path));
  }
  for (Step const* step : steps) {
    bool const unreleased = step->release && !journal_->record().step(step->path).released;
    if (unreleased) put_back_all(*step, Back::release);
    if (!step->undo) continue;
    undo_step(*step, options);
    if (journal_->record().step(step->path).state != StepState::undone) continue;
    for (Step const* other : steps)
      if (other->undone_with == step->path) note_undone_with(*other);
  }
}

void Runner::note_undone_with(Step const& step) {
  std::string const remark = "with " + step.undone_with;
  journal_->append({.event = "undone", .step = step.path, .note = remark});
  parts_.console.say(render_line(runbook_, step, "undone", 0, remark));
}

void Runner::undo_step(Step const& step, RunOptions const& options) {
  at_ = &step;
  if (parts_.stop.stop_requested()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
  StepRecord const record = journal_->record().step(step.path);
  view_.item = record.items.empty() ? std::string{} : record.items.begin()->first;
  Target const target = step.target ? step.target(view_) : Target{};
  if (!is_answered(step, target, options)) {
    if (parts_.console.interactive()) {
      StepFacts facts{.target = target, .environment = parts_.fleet.environment().name};
      facts.effects =
          preview([&] { step.undo(view_, record.outputs, targets_->open(target, fleet::Access::read_only)); },
                  facts.effects_remark);
      parts_.console.note(render_step(runbook_, step, facts));
    }
    bool const grave = step.destructive || step.point_of_no_return;
    std::string const answer =
        parts_.console.ask({.text = fmt::format("undo {}?", step.path),
                            .choices = {{"undo", "take it back", grave},
                                        {"keep", "leave what it did, with a reason", false},
                                        {"abort", "stop here; undo can go on later", false}},
                            .flag = grave ? "--confirm NAME" : "--yes"});
    if (answer == "abort")
      throw fleet::Error{fleet::ErrorKind::declined, "undo stopped before step " + step.path};
    if (answer == "keep") {
      view_.item.clear();
      std::string const reason = parts_.console.ask({.text = "reason", .flag = "a terminal"});
      journal_->append({.event = "undo_skipped", .step = step.path, .note = reason});
      parts_.console.say(render_line(runbook_, step, "kept", 0, reason));
      return;
    }
  }
  view_.item.clear();
  put_back_all(step, Back::undo);
}

void Runner::put_back_all(Step const& step, Back back) {
  StepRecord const record = journal_->record().step(step.path);
  auto const start = std::chrono::steady_clock::now();
  bool const undoing = back == Back::undo;
  locks_->work_at(step.path);
  journal_->append({.event = undoing ? "undo_intent" : "release_intent", .step = step.path});
  reach(undoing ? "undo_intent" : "release_intent", step.path);
  if (!step.each) {
    put_back(step, back, record.outputs);
  } else {
    for (auto item = record.items.rbegin(); item != record.items.rend(); ++item) {
      if (item->second.state == StepState::not_needed || item->second.state == StepState::undone) continue;
      view_.item = item->first;
      put_back(step, back, item->second.outputs);
      if (undoing) journal_->append({.event = "undone", .step = step.path, .item = item->first});
    }
    view_.item.clear();
  }
  parts_.fleet.refresh();
  long const ms = since(start);
  journal_->append(
      {.event = undoing ? "undone" : "released", .step = step.path, .ms = std::max<long>(ms, 1)});
  reach(undoing ? "undone" : "released", step.path);
  parts_.console.say(render_line(runbook_, step, undoing ? "undone" : "put back", ms, {}));
}

// A tx step's effect and its marker go in one transaction: without a marker there is nothing to take back.
// An effect's undo must cope with whatever it finds, as a killed step may have come any distance.
void Runner::put_back(Step const& step, Back back, Json const& outputs) {
  targets_->close();
  Target const target = step.target ? step.target(view_) : Target{};
  fleet::Session* session = targets_->open(target, fleet::Access::read_write);
  if (target.endpoint && session == nullptr && step.kind == StepKind::tx) return;  // its database is gone
  outlast_killed_holders(target);
  if (session != nullptr)
    for (std::string const& line : settle_orphans(*session, parts_.who, view_.id))
      parts_.console.note(fmt::format("ended what the earlier process left running: {}", line));
  auto const& body = back == Back::undo ? step.undo : step.release;
  if (step.kind == StepKind::tx && session != nullptr) {
    fleet::Transaction transaction{*session, fleet::Access::read_write};
    if (!delete_marker(*session, marker_of(step))) return;
    {
      Gate::Scope open{parts_.gate, GateState::open};
      body(view_, outputs, session);
    }
    reach("commit", step.path);
    transaction.commit();
  } else {
    Gate::Scope open{parts_.gate, GateState::open};
    body(view_, outputs, session);
  }
  reach("effect", step.path);
  if (!step.probe) return;
  Gate::Scope reading{parts_.gate, GateState::reading};
  targets_->close();
  fleet::Session* seen_by = targets_->open(target, fleet::Access::read_only);
  if (target.endpoint && seen_by == nullptr) return;
  ProbeResult const seen = step.probe(view_, seen_by);
  if (seen.state == ProbeState::done)
    throw fleet::Error{
        fleet::ErrorKind::failed,
        fmt::format("step \"{}\" was put back, yet its probe says done: {}", step.path, seen.evidence)};
}

// However the run stopped. What cannot be put back now is told and stays open: resume, undo or a person does
// it.
void Runner::release_all() noexcept {
  while (!to_release_.empty()) {
    Step const* const step = to_release_.back();
    to_release_.pop_back();
    try {
      release(*step);
    } catch (std::exception const& error) {
      try {
        parts_.console.note(
            fmt::format("step \"{}\" could not be put back: {}; go on with: tenantsh runs resume {}",
                        step->path, error.what(), view_.id));
      } catch (std::exception const&) {  // the console is gone too: the journal still has the open intent
      }
    }
  }
}

}  // namespace runbooks
