#include "runbooks/engine/changes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace runbooks {

std::string_view to_string(Change change) {
  switch (change) {
    case Change::none: return "same";
    case Change::edited_pending: return "edited, not done yet";
    case Change::edited_done: return "edited after it was done";
    case Change::inserted: return "inserted before steps already done";
    case Change::added: return "new";
    case Change::in_place: return "new in the place of";
    case Change::removed: return "removed from the script";
    case Change::renamed: return "renamed";
  }
  return {};
}

namespace {

// A new step that follows what a done one, now gone, used to follow. To run it unasked could do a thing
// twice.
void mark_in_place(RunRecord const& run, std::vector<std::string> const& gone,
                   std::vector<StepChange>& changes) {
  std::string before, before_once;  // the step above, and how the journal calls it
  for (StepChange& change : changes) {
    before_once = change.step;
    if (change.change == Change::renamed) before_once = change.formerly;
    for (std::string const& path : gone) {
      auto const place = std::find(run.order.begin(), run.order.end(), path);
      std::string const above = place == run.order.begin() ? std::string{} : *(place - 1);
      if (change.change != Change::added || above != before || !is_settled(run.step(path).state)) continue;
      change.change = Change::in_place;
      change.formerly = before_once = path;
    }
    before = before_once;
  }
}

}  // namespace

std::vector<StepChange> compare(RunRecord const& run, Runbook const& runbook) {
  std::vector<std::string> gone;
  for (std::string const& path : run.order)
    if (runbook.find(path) == nullptr) gone.push_back(path);
  // The last step that the journal knows as settled: what is new above it was inserted.
  std::size_t settled_until = 0;
  for (std::size_t i = 0; i < runbook.steps.size(); ++i)
    if (is_settled(run.step(runbook.steps[i].path).state)) settled_until = i + 1;
  std::vector<StepChange> changes;
  for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
    Step const& step = runbook.steps[i];
    StepRecord const record = run.step(step.path);
    StepChange change{step.path, Change::none, record.state, {}};
    bool const known = std::find(run.order.begin(), run.order.end(), step.path) != run.order.end();
    if (known) {
      if (!record.hash.empty() && record.hash != step.hash)
        change.change = is_settled(record.state) ? Change::edited_done : Change::edited_pending;
    } else {
      auto const former = std::find_if(gone.begin(), gone.end(), [&](std::string const& path) {
        return run.step(path).hash == step.hash && is_settled(run.step(path).state);
      });
      if (former != gone.end()) {
        change = {step.path, Change::renamed, run.step(*former).state, *former};
        gone.erase(former);
      } else {
        change.change = i < settled_until ? Change::inserted : Change::added;
      }
    }
    changes.push_back(std::move(change));
  }
  mark_in_place(run, gone, changes);
  for (std::string const& path : gone) changes.push_back({path, Change::removed, run.step(path).state, {}});
  return changes;
}

std::string render_changes(std::vector<StepChange> const& changes) {
  bool const touched = std::any_of(changes.begin(), changes.end(), [](StepChange const& change) {
    return change.change != Change::none && change.change != Change::added;
  });
  if (!touched) return {};
  std::size_t width = 4, state_width = 7;
  for (StepChange const& change : changes) {
    width = std::max(width, change.step.size());
    state_width = std::max(state_width, to_string(change.state).size());
  }
  std::string text = fmt::format("  {:<{}}  {:<{}}  script", "step", width, "journal", state_width);
  for (StepChange const& change : changes) {
    std::string says{to_string(change.change)};
    if (!change.formerly.empty())
      says += (change.change == Change::renamed ? " from " : " ") + change.formerly;
    text +=
        fmt::format("\n  {:<{}}  {:<{}}  {}", change.step, width, to_string(change.state), state_width, says);
  }
  return text;
}

}  // namespace runbooks
