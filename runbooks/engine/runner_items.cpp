// A step with `each`: done for one item after the other, each journalled by itself, so that whoever goes on
// touches only what is left.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/screen.hpp"

namespace runbooks {

namespace {

// RunView::item for one scope.
class AtItem {
 public:
  AtItem(RunView& view, std::string item) : view_(view) { view_.item = std::move(item); }
  ~AtItem() { view_.item.clear(); }
  AtItem(AtItem const&) = delete;
  AtItem& operator=(AtItem const&) = delete;

 private:
  RunView& view_;
};

}  // namespace

std::vector<std::string> Runner::items_of(Step const& step) {
  Gate::Scope reading{parts_.gate, GateState::reading};
  std::vector<std::string> items = step.each(view_);
  std::set<std::string> seen;
  for (std::string const& item : items)
    if (item.empty() || !seen.insert(item).second)
      throw fleet::Error{fleet::ErrorKind::failed,
                         item.empty() ? "each: an item is empty"
                                      : fmt::format("each: item {} is there twice", fleet::in_quotes(item))};
  return items;
}

namespace {

constexpr std::size_t named_items = 5;  // in the question

std::string extent_of(std::vector<std::string> const& left) {
  std::vector<std::string> const named{left.begin(),
                                       left.begin() + static_cast<long>(std::min(left.size(), named_items))};
  return fmt::format(" (for {} items: {}{})", left.size(), fmt::join(named, ", "),
                     left.size() > named_items ? ", …" : "");
}

Json outputs_of(std::vector<std::string> const& items, StepRecord const& record) {
  Json outputs = Json::object();
  for (std::string const& item : items)
    if (auto const known = record.items.find(item);
        known != record.items.end() && !known->second.outputs.is_null())
      outputs[item] = known->second.outputs;
  return outputs.empty() ? Json{} : outputs;
}

}  // namespace

Runner::Next Runner::attempt_items(Step const& step, RunOptions const& options) {
  auto const start = std::chrono::steady_clock::now();
  seen_.clear();
  pre_held_ = false;
  try {
    locks_->work_at(step.path);
    auto const items = items_of(step);
    auto const left = items_left(items, journal_->record().step(step.path));
    if (left.empty()) {
      finish(step, {.event = "already_done", .note = fmt::format("{} items", items.size())},
             acted_ ? Journal::Durability::now : Journal::Durability::hold,
             fmt::format("{} items, none left", items.size()));
      return Next::go_on;
    }
    std::string const answer = ask_for_items(step, left, options);
    if (answer == "undo") return Next::back;
    if (answer == "skip" || answer == "by-hand") {
      skip(step);
      return Next::go_on;
    }
    int const attempts = journal_intent(step, {});
    perform_items(step, left, items.size());
    parts_.fleet.refresh();
    finish(step,
           {.event = "done",
            .kind = std::string{to_string(step.kind)},
            .hash = step.hash,
            .attempt = attempts,
            .ms = std::max<long>(since(start), 1),
            .outputs = outputs_of(items, journal_->record().step(step.path))},
           Journal::Durability::now, fmt::format("{} items", items.size()));
    reach("done", step.path);
    return Next::go_on;
  } catch (fleet::Error const& error) {
    return failed(step, {}, error, options, since(start));
  }
}

// Asked once for all, with what the first of them would do.
std::string Runner::ask_for_items(Step const& step, std::vector<std::string> const& left,
                                  RunOptions const& options) {
  AtItem const at{view_, left.front()};
  return ask(step, step.target ? step.target(view_) : Target{}, options, extent_of(left));
}

// One after the other, until more failed than may. Error{failed} names those that did.
void Runner::perform_items(Step const& step, std::vector<std::string> const& left, std::size_t of) {
  StepRecord const record = journal_->record().step(step.path);
  std::vector<std::string> failures;
  std::string first_error;
  std::size_t settled = of - left.size();
  for (std::string const& item : left) {
    if (parts_.stop.stop_requested() && !held_)
      throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    AtItem const at{view_, item};
    auto const known = record.items.find(item);
    try {
      perform_item(step, known == record.items.end() ? ItemRecord{} : known->second);
      ++settled;
    } catch (fleet::Error const& error) {
      journal_->append({.event = "failed", .step = step.path, .item = item, .error = error_to_json(error)});
      parts_.console.say(fmt::format("        {}  failed · {}", item, error.message));
      if (error.kind == fleet::ErrorKind::interrupted || error.kind == fleet::ErrorKind::in_doubt) throw;
      if (failures.empty()) first_error = error.message;
      failures.push_back(item);
      if (static_cast<int>(failures.size()) > step.max_failures) break;
    }
  }
  if (!failures.empty())
    throw fleet::Error{fleet::ErrorKind::failed,
                       fmt::format("{} of {} items failed ({}), {} done: {}", failures.size(), of,
                                   fmt::join(failures, ", "), settled, first_error)};
}

// The item in view_: by evidence, then by doing it.
void Runner::perform_item(Step const& step, ItemRecord const& record) {
  Target const target = step.target ? step.target(view_) : Target{};
  targets_->turn_to(target);
  outlast_killed_holders(target);
  if (step.when) {
    Gate::Scope reading{parts_.gate, GateState::reading};
    if (!step.when(view_)) return finish(step, {.event = "not_needed"}, Journal::Durability::now, {});
  }
  bool const again = journal_->record().step(step.path).attempts > 1 || record.state != StepState::pending;
  if (again &&
      settle_doubt(step, target, record.state == StepState::pending ? StepState::intended : record.state,
                   record.error))
    return;
  if (found_done(step, target, record.state)) return;
  if (step.pre) {
    Gate::Scope reading{parts_.gate, GateState::reading};
    step.pre(view_, targets_->open(target, fleet::Access::read_only));
  }
  // A tx item needs no intent of its own: the step has one, and the marker tells.
  if (step.kind == StepKind::effect) {
    journal_->append({.event = "intent", .step = step.path, .item = view_.item});
    reach("intent", step.path);
  }
  Json const outputs = run_body(step, target);
  verify(step, target, outputs);
  finish(step, {.event = "done", .outputs = outputs}, Journal::Durability::now, {});
  reach("item", step.path);
}

}  // namespace runbooks
