#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/approval.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/journal.hpp"
#include "runbooks/engine/lock.hpp"
#include "runbooks/engine/marker.hpp"
#include "runbooks/engine/notifier.hpp"
#include "runbooks/engine/past.hpp"
#include "runbooks/engine/screen.hpp"
#include "runbooks/engine/targets.hpp"

namespace runbooks {

struct RunnerParts {
  fleet::Fleet& fleet;
  Console& console;
  Gate& gate;
  fleet::Operator const& who;
  std::filesystem::path home;  // TENANTSH_HOME: runs/ and locks/ lie below it
  std::stop_token stop;        // Ctrl-C
  Boundary boundary;
  std::function<void()> interrupt;            // stops the work at hand as Ctrl-C does: a step's timeout
  std::function<void(bool)> hold_interrupts;  // past the point of no return Ctrl-C waits
  // A prompt for the person at the terminal, until they leave it; the gate is `waiting`. Empty: there is
  // none.
  std::function<void(std::string const& place)> prompt;
  Notifier notifier;
  // What Ctrl-C or a timeout stopped is over: what is to be put back now is not stopped by it any more.
  std::function<void()> calm = {};
};

struct RunOptions {
  bool yes = false;      // run every step that is neither destructive nor a point of no return
  std::string confirm;   // the name that such a step wants typed
  std::string until;     // stop after this step
  std::string inserted;  // resume: "run" or "skip" a step that the script got before ones already done
  std::string edited;    // resume: "keep" what a step did that was edited afterwards
  std::vector<std::string> breakpoints;  // steps to ask about whatever else was said
  Json plan;  // a new run: the saved plan that it carries out (saved_plan.hpp), for the journal
};

// Walks a runbook's steps: probe, confirm, journal the intent, body, verify, journal the result. Whether a
// step runs, is skipped, retried, found done or taken back is decided here and nowhere else.
// runner.cpp walks, runner_step.cpp does one step, runner_items.cpp one with `each`, runner_answers.cpp
// speaks with the person, runner_notify.cpp with one who is away, runner_approval.cpp waits for another one,
// runner_doubt.cpp finds out what happened, runner_undo.cpp goes back.
class Runner {
 public:
  Runner(RunnerParts parts, Runbook const& runbook);
  ~Runner();

  // A new run. Throws what stopped it, after journalling; nothing is written when it stops before it acted.
  RunRecord run(Json inputs, RunOptions const& options);
  // Goes on with an unfinished run, by evidence: see settle_doubt().
  RunRecord resume(FoundRun const& found, RunOptions const& options);
  // Takes back what the run did, last step first, with the same questions, journal and locks.
  // Error{refused} past a point of no return, before anything is touched.
  RunRecord undo(FoundRun const& found, RunOptions const& options);
  // Gives an unfinished run up: what its sections still hold is put back, what it did stays.
  RunRecord abandon(FoundRun const& found, std::string const& reason);

 private:
  enum class Next { go_on, again, back };
  enum class Back { undo, release };
  enum class Way { forward, back };

  // Names this process's connections and rows after the run, for as long as it goes on.
  class AtWork;
  // Gives up what the run has leased when it ends, however it ends; only a killed one leaves its leases, and
  // one that is left to somebody else.
  class Leaving;
  // Past a point of no return, until its section ends.
  class HeldInterrupts;
  class WatchedQuestions;

  // runner.cpp
  void refuse_unknown_step(std::string const& path) const;
  void refuse_unknown_steps(RunOptions const& options) const;
  void take_up(FoundRun const& found, char const* event);
  RunRecord walk(RunOptions const& options);
  RunRecord walk_back(RunOptions const& options);
  void walk_steps(RunOptions const& options);
  void take_locks();
  void begin_acting();
  Next run_step(Step const& step, RunOptions const& options);
  std::size_t step_back(std::size_t at, RunOptions const& options);
  void enter_no_return(Step const& step);
  void leave_sections(Step const* next);
  void release(Step const& step);

  // runner_step.cpp
  Next attempt(Step const& step, RunOptions const& options);
  void check(Step const& step, Target const& target);
  // An intent without a result: marker, then orphans, then (for an effect) the probe. Returns true when the
  // step turned out to be done.
  bool settle_doubt(Step const& step, Target const& target, StepState state, Json const& error);
  // What a killed run that held our locks left at work on the step's server ends before the step looks or
  // acts.
  void outlast_killed_holders(Target const& target);
  void settle_commit(Step const& step, Target const& target, int backend);
  bool found_done(Step const& step, Target const& target, StepState state);
  int journal_intent(Step const& step, Target const& target);
  void perform(Step const& step, Target const& target);
  Json run_body(Step const& step, Target const& target);
  Json run_timed(Step const& step, fleet::Session* session, std::function<Json()> const& body);
  void verify(Step const& step, Target const& target, Json const& outputs);
  Next failed(Step const& step, Target const& target, fleet::Error const& error, RunOptions const& options,
              long ms);
  void skip(Step const& step);
  void by_hand(Step const& step, Target const& target);
  void finish(Step const& step, Event event, Journal::Durability durability, std::string const& remark);
  static long since(std::chrono::steady_clock::time_point start);  // in milliseconds
  void reach(std::string_view moment, std::string const& step) const;
  MarkerKey marker_of(Step const& step) const { return {view_.id, step.path, view_.item}; }

  // runner_changes.cpp
  void settle_changes(RunOptions const& options);

  // runner_answers.cpp
  std::string ask(Step const& step, Target const& target, RunOptions const& options,
                  std::string const& extent = {});
  // The one tenant that the run is about; empty when it is about none or several.
  std::string only_tenant() const;
  std::string name_to_type(Target const& target) const;
  // An option or an earlier answer says "run"; else the person at the terminal is to be asked.
  bool is_answered(Step const& step, Target const& target, RunOptions const& options) const;
  StepFacts step_facts(Step const& step, Target const& target);
  std::vector<std::string> preview(std::function<void()> const& body, std::string& remark);
  std::string answer(Step const& step, StepFacts const& facts, Question question);
  // nullopt: stop here.
  std::optional<Next> failure_answer(Step const& step, Target const& target, fleet::Error const& error);
  void set_breakpoint();
  [[noreturn]] void detach(Step const& step);

  // runner_approval.cpp
  [[noreturn]] void ask_for_approval();
  std::vector<std::string> settle_approval(FoundRun const& found, std::vector<Approval>& approvals);
  void journal_approvals(FoundRun const& found, std::vector<Approval> const& approvals);

  // runner_items.cpp
  Next attempt_items(Step const& step, RunOptions const& options);
  std::vector<std::string> items_of(Step const& step);
  std::string ask_for_items(Step const& step, std::vector<std::string> const& left,
                            RunOptions const& options);
  void perform_items(Step const& step, std::vector<std::string> const& left, std::size_t of);
  void perform_item(Step const& step, ItemRecord const& record);

  // runner_undo.cpp
  std::size_t undo_from(std::size_t at) const;
  void undo_steps(std::vector<Step const*> const& steps, RunOptions const& options);
  void undo_step(Step const& step, RunOptions const& options);
  void note_undone_with(Step const& step);
  void put_back(Step const& step, Back back, Json const& outputs);
  void put_back_all(Step const& step, Back back);
  void release_all() noexcept;

  // runner_notify.cpp
  // `go`, and whoever is not at the terminal is told how it ended and what waited meanwhile.
  RunRecord told(Way way, std::function<RunRecord()> const& go);
  void tell_waiting(std::string const& question);
  void tell_stopped(Way way, fleet::Error const& error);
  void tell(std::string const& event, std::string const& what, Json const& more) const noexcept;
  std::string next_command(std::string const& verb) const;

  RunnerParts parts_;
  Runbook const& runbook_;
  RunView view_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Locks> locks_;
  std::unique_ptr<Targets> targets_;
  std::vector<Step const*> to_release_;  // in the order in which they were done
  std::unique_ptr<HeldInterrupts> held_;
  std::set<std::string> breakpoints_;
  std::optional<PastDurations> past_;  // read at the first question
  std::string seen_;                   // what the probe of the step at hand said
  bool pre_held_ = false;              // its precondition was looked at
  bool unasked_ = false;               // "go on unasked to the next destructive step" was answered
  bool detached_ = false;
  bool acted_ = false;
  Step const* at_ = nullptr;  // the step the walk is at, or the way back
  std::atomic<bool> told_waiting_ = false;
};

// What that run did or may have done of the steps `first` to before `end`, last one first. Error{refused}
// past a point of no return.
// Whether its release is still owed, by this or by any step of the run.
bool is_held(Step const& step, StepRecord const& record);
bool holds_something(Runbook const& runbook, RunRecord const& run);

std::vector<Step const*> steps_to_undo(Runbook const& runbook, RunRecord const& run, std::size_t first = 0,
                                       std::size_t end = std::string::npos);

// The run does not come back to this step: it is settled, and what it did was not put back in the middle of
// its section, where it would be needed again.
bool is_behind(Runbook const& runbook, RunRecord const& run, Step const& step);

// A run's state for people: a "running" one whose process is gone is "interrupted".
std::string state_of(RunRecord const& run, fleet::Operator const& here);

}  // namespace runbooks
