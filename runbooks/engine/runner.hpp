#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "fleet/fleet.hpp"
#include "fleet/operator.hpp"
#include "runbooks/engine/console.hpp"
#include "runbooks/engine/gate.hpp"
#include "runbooks/engine/journal.hpp"
#include "runbooks/engine/lock.hpp"
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
};

struct RunOptions {
  bool yes = false;     // run every step that is neither destructive nor a point of no return
  std::string confirm;  // the name that such a step wants typed
  std::string until;    // stop after this step
};

// Walks a runbook's steps: probe, confirm, journal the intent, body, verify, journal the result. Whether a
// step runs, is skipped, retried or found done is decided here and nowhere else.
class Runner {
 public:
  Runner(RunnerParts parts, Runbook const& runbook);

  // A new run. Throws what stopped it, after journalling; nothing is written when it stops before it acted.
  RunRecord run(Json inputs, RunOptions const& options);
  // Goes on with an unfinished run, by evidence: see settle_doubt().
  RunRecord resume(FoundRun const& found, RunOptions const& options);

 private:
  enum class Next { go_on, again };

  // Names this process's connections and rows after the run, for as long as it goes on.
  class AtWork;

  void refuse_unknown_step(std::string const& path) const;
  RunRecord walk(RunOptions const& options);
  void take_locks();
  void begin_acting();
  bool run_step(Step const& step, RunOptions const& options);
  void check(Step const& step, Target const& target);
  Next attempt(Step const& step, RunOptions const& options);
  // An intent without a result: marker, then orphans, then (for an effect) the probe. Returns true when the
  // step turned out to be done.
  bool settle_doubt(Step const& step, Target const& target, StepRecord const& record);
  bool found_done(Step const& step, Target const& target);
  std::string ask(Step const& step, Target const& target, RunOptions const& options);
  void perform(Step const& step, Target const& target);
  Json run_body(Step const& step, Target const& target);
  Next failed(Step const& step, fleet::Error const& error, RunOptions const& options, long ms);
  void skip(Step const& step);
  void by_hand(Step const& step, Target const& target);
  void finish(Step const& step, Event event, Journal::Durability durability, std::string const& remark);
  void refuse_edited(Step const& step, StepRecord const& record, RunOptions const& options);

  RunnerParts parts_;
  Runbook const& runbook_;
  RunView view_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Locks> locks_;
  std::unique_ptr<Targets> targets_;
  bool acted_ = false;
};

// A run's state for people: a "running" one whose process is gone is "interrupted".
std::string state_of(RunRecord const& run, fleet::Operator const& here);

}  // namespace runbooks
