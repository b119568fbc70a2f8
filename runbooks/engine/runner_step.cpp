// One step of a run: looked at, asked about, done, journalled.

#include <fmt/format.h>

#include "runbooks/engine/deadline.hpp"
#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/screen.hpp"

namespace runbooks {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

// A check writes nothing and is not journalled by itself: it holds, or it stops the run.
void Runner::check(Step const& step, Target const& target) {
  auto const start = Clock::now();
  Json const outputs = run_body(step, target);
  long const ms = since(start);
  if (acted_)
    finish(step,
           {.event = "done",
            .kind = std::string{to_string(step.kind)},
            .ms = std::max<long>(ms, 1),
            .outputs = outputs},
           Journal::Durability::now, "checked");
  else
    finish(step, {.event = "already_done", .note = "checked", .outputs = outputs}, Journal::Durability::hold,
           "checked");
}

Runner::Next Runner::attempt(Step const& step, RunOptions const& options) {
  auto const start = Clock::now();
  Target target;
  seen_.clear();
  pre_held_ = false;
  try {
    if (parts_.stop.stop_requested() && !held_)
      throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    locks_->work_at(step.path);
    if (step.target) target = step.target(view_);
    targets_->turn_to(target);
    outlast_killed_holders(target);
    if (step.when) {
      Gate::Scope reading{parts_.gate, GateState::reading};
      if (!step.when(view_)) {
        finish(step, {.event = "not_needed"}, Journal::Durability::hold, {});
        return Next::go_on;
      }
    }
    StepRecord const record = journal_->record().step(step.path);
    if (record.attempts > 0 && settle_doubt(step, target, record.state, record.error)) return Next::go_on;
    if (found_done(step, target, record.state)) return Next::go_on;
    if (step.pre) {
      Gate::Scope reading{parts_.gate, GateState::reading};
      step.pre(view_, targets_->open(target, fleet::Access::read_only));
      pre_held_ = true;
    }
    if (step.read_only) {
      check(step, target);
      return Next::go_on;
    }
    std::string const answer = ask(step, target, options);
    if (answer == "undo") return Next::back;
    if (answer == "skip")
      skip(step);
    else if (answer == "by-hand")
      by_hand(step, target);
    else
      perform(step, target);
    return Next::go_on;
  } catch (fleet::Error const& error) {
    return failed(step, target, error, options, since(start));
  }
}

// The last durable line before the step acts; returns which attempt it is.
int Runner::journal_intent(Step const& step, Target const& target) {
  begin_acting();
  acted_ = true;
  int const attempts = journal_->record().step(step.path).attempts + 1;
  journal_->append({.event = "intent",
                    .step = step.path,
                    .kind = std::string{to_string(step.kind)},
                    .hash = step.hash,
                    .note = seen_,
                    .target = target.label,
                    .attempt = attempts});
  reach("intent", step.path);
  if (step.point_of_no_return) enter_no_return(step);
  return attempts;
}

void Runner::perform(Step const& step, Target const& target) {
  int const attempts = journal_intent(step, target);
  auto const start = Clock::now();
  Json const outputs = run_body(step, target);
  parts_.fleet.refresh();
  verify(step, target, outputs);
  long const ms = since(start);
  finish(step,
         {.event = "done",
          .kind = std::string{to_string(step.kind)},
          .hash = step.hash,
          .attempt = attempts,
          .ms = std::max<long>(ms, 1),
          .outputs = outputs},
         Journal::Durability::now, {});
  reach("done", step.path);
}

long Runner::since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

void Runner::reach(std::string_view moment, std::string const& step) const {
  if (parts_.boundary) parts_.boundary(moment, step);
}

void Runner::verify(Step const& step, Target const& target, Json const& outputs) {
  if (!step.verify) return;
  Gate::Scope reading{parts_.gate, GateState::reading};
  step.verify(view_, outputs, targets_->open(target, fleet::Access::read_only));
}

Json Runner::run_body(Step const& step, Target const& target) {
  auto const access = step.read_only ? fleet::Access::read_only : fleet::Access::read_write;
  fleet::Session* session = targets_->open(target, access);
  if (target.endpoint && session == nullptr)
    throw fleet::Error{fleet::ErrorKind::failed,
                       fmt::format("the database of {} does not exist", target.label)};
  std::optional<std::stop_callback<std::function<void()>>> cancel;
  if (session != nullptr && !held_) cancel.emplace(parts_.stop, [session] { session->cancel(); });
  Gate::Scope open{parts_.gate, step.read_only ? GateState::reading : GateState::open};
  // The marker and the steps to come get what the journal keeps: never the value of a secret.
  auto const body = [&] { return without_secrets(step.body(view_, session), parts_.fleet.secrets()); };
  if (step.kind != StepKind::tx || session == nullptr) {
    Json outputs = run_timed(step, session, body);
    reach("effect", step.path);
    return outputs;
  }
  fleet::Transaction transaction{*session, access};
  if (!step.read_only) ensure_marker_table(*session);
  Json outputs = run_timed(step, session, body);
  if (!step.read_only) write_marker(*session, marker_of(step), journal_->record().epoch, outputs);
  reach("commit", step.path);
  int const backend = session->backend_pid();
  try {
    transaction.commit();
  } catch (fleet::Error const& error) {
    if (error.kind != fleet::ErrorKind::in_doubt || step.read_only) throw;
    cancel.reset();
    settle_commit(step, target, backend);
  }
  reach("effect", step.path);
  return outputs;
}

// A body that takes longer than the step's timeout is stopped: its statement is cancelled, and what an effect
// may be doing outside the database is told to end as Ctrl-C would.
Json Runner::run_timed(Step const& step, fleet::Session* session, std::function<Json()> const& body) {
  if (step.timeout.count() == 0) return body();
  Deadline deadline{step.timeout, [&] {
                      if (session != nullptr) session->cancel();
                      if (step.kind == StepKind::effect && parts_.interrupt) parts_.interrupt();
                    }};
  try {
    Json outputs = body();
    if (!deadline.passed()) return outputs;
  } catch (fleet::Error const& error) {
    if (!deadline.passed() || error.kind == fleet::ErrorKind::in_doubt) throw;
  }
  throw fleet::Error{fleet::ErrorKind::failed,
                     fmt::format("timed out after {}", fleet::human_duration(step.timeout))};
}

void Runner::skip(Step const& step) {
  std::string const reason = parts_.console.ask({.text = "reason", .flag = "a terminal"});
  begin_acting();
  acted_ = true;
  finish(step, {.event = "skipped", .note = reason}, Journal::Durability::now, reason);
}

void Runner::by_hand(Step const& step, Target const& target) {
  Json outputs;
  verify(step, target, outputs);
  begin_acting();
  acted_ = true;
  finish(step, {.event = "by_hand"}, Journal::Durability::now, {});
}

void Runner::finish(Step const& step, Event event, Journal::Durability durability,
                    std::string const& remark) {
  event.step = step.path;
  if (!view_.item.empty()) {  // of a step with `each`: the line is about the item
    event.item = view_.item;
    journal_->append(std::move(event), durability);
    return;
  }
  if (event.hash.empty()) event.hash = step.hash;
  std::string const state = event.event == "already_done" ? "already done"
                            : event.event == "not_needed" ? "not needed"
                            : event.event == "by_hand"    ? "done by hand"
                                                          : event.event;
  long const ms = event.ms;
  Json const outputs = event.outputs;
  if (event.event == "done" || event.event == "already_done") view_.outputs[step.path] = outputs;
  journal_->append(std::move(event), durability);
  parts_.console.say(render_line(runbook_, step, state, ms, remark));
  if (std::string const text = render_outputs(outputs, "        "); step.read_only && !text.empty())
    parts_.console.say(text);
}

Runner::Next Runner::failed(Step const& step, Target const& target, fleet::Error const& error,
                            RunOptions const& options, long ms) {
  fleet::Error told = error;
  told.message = fmt::format("{} stopped at step \"{}\": {}", runbook_.name, step.path, error.message);
  if (error.kind == fleet::ErrorKind::declined) {
    if (acted_ && !detached_) journal_->append({.event = "run_stopped", .step = {}, .note = error.message});
    throw error;
  }
  // What stopped before it had acted leaves nothing behind, in the journal neither.
  auto const durability = acted_ ? Journal::Durability::now : Journal::Durability::hold;
  journal_->append({.event = "failed",
                    .step = step.path,
                    .hash = step.hash,
                    .attempt = std::max(journal_->record().step(step.path).attempts, 1),
                    .ms = ms,
                    .error = error_to_json(error)},
                   durability);
  parts_.console.say(render_line(runbook_, step, "failed", ms, error.message));
  bool const can_ask = parts_.console.interactive() && !options.yes &&
                       error.kind != fleet::ErrorKind::interrupted && !parts_.stop.stop_requested();
  if (can_ask)
    if (auto const next = failure_answer(step, target, error)) return *next;
  std::string const next =
      acted_ ? fmt::format("then: tenantsh runs resume {}", view_.id) : "nothing was changed";
  told.hint = told.hint.empty() ? next : told.hint + "; " + next;
  throw told;
}

}  // namespace runbooks
