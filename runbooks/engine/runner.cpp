#include "runbooks/engine/runner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runbooks/engine/screen.hpp"

namespace runbooks {

namespace {

constexpr std::size_t id_length = 8;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A run that stops lost master on its way perhaps: others are to see where it stands, if master is back.
void tell_master(Journal& journal, bool acted) noexcept {
  try {
    if (acted) journal.attach();
  } catch (std::exception const&) {  // taken over by somebody else, who tells it
  }
}

}  // namespace

class Runner::HeldInterrupts {
 public:
  HeldInterrupts(RunnerParts& parts, std::string section) : parts_(parts), section_(std::move(section)) {
    if (parts_.hold_interrupts) parts_.hold_interrupts(true);
  }
  ~HeldInterrupts() {
    if (parts_.hold_interrupts) parts_.hold_interrupts(false);
  }
  HeldInterrupts(HeldInterrupts const&) = delete;
  HeldInterrupts& operator=(HeldInterrupts const&) = delete;
  std::string const& section() const { return section_; }

 private:
  RunnerParts& parts_;
  std::string section_;
};

class Runner::Leaving {
 public:
  explicit Leaving(Runner& runner) : runner_(runner) {}
  ~Leaving() {
    if (runner_.detached_ || !runner_.journal_->why_detached().empty()) return;
    if (fleet::Session* session = runner_.journal_->connect(); session != nullptr)
      runner_.locks_->release_in_master(*session);
  }
  Leaving(Leaving const&) = delete;
  Leaving& operator=(Leaving const&) = delete;

 private:
  Runner& runner_;
};

Runner::Runner(RunnerParts parts, Runbook const& runbook) : parts_(std::move(parts)), runbook_(runbook) {}

void Runner::refuse_unknown_step(std::string const& path) const {
  if (path.empty() || runbook_.find(path) != nullptr) return;
  std::vector<std::string> paths;
  for (Step const& step : runbook_.steps) paths.push_back(step.path);
  throw fleet::Error{fleet::ErrorKind::usage, fmt::format("{} has no step \"{}\"", runbook_.name, path)}
      .with_hint(fmt::format("its steps: {}", fmt::join(paths, ", ")));
}

void Runner::refuse_unknown_steps(RunOptions const& options) const {
  refuse_unknown_step(options.until);
  for (std::string const& step : options.breakpoints) refuse_unknown_step(step);
}

RunRecord Runner::run(Json inputs, RunOptions const& options) {
  refuse_unknown_steps(options);
  auto const folder = parts_.home / "runs" / parts_.fleet.environment().name;
  view_.id = lower(parts_.fleet.driver().random_token(id_length));
  view_.runbook = runbook_.name;
  view_.started = fleet::compact_time(parts_.fleet.clock().now());
  view_.who = parts_.who.name();
  view_.inputs = std::move(inputs);
  Json head{{"runbook", runbook_.name},      {"environment", parts_.fleet.environment().name},
            {"inputs", view_.inputs},        {"file", runbook_.file},
            {"sha256", runbook_.sha256},     {"host", parts_.who.host},
            {"pid", parts_.who.process.pid}, {"process_start", parts_.who.process.start_time},
            {"started", view_.started},      {"script", runbook_.source}};
  journal_ = std::make_unique<Journal>(
      Journal::Parts{parts_.fleet, parts_.who, folder, parts_.boundary, &parts_.console}, view_.id,
      view_.started, head);
  take_locks();
  journal_->append({.event = "run_started", .outputs = head}, Journal::Durability::hold);
  if (!options.plan.is_null())
    journal_->append({.event = "planned", .outputs = options.plan}, Journal::Durability::hold);
  parts_.console.say(render_head(runbook_, view_.id, parts_.fleet.environment().name));
  Leaving const leaving{*this};
  return told(Way::forward, [&] {
    if (runbook_.approvals > 0) ask_for_approval();
    return walk(options);
  });
}

// The run as its journal tells it, taken over by this process.
void Runner::take_up(FoundRun const& found, char const* event) {
  acted_ = true;  // its journal exists
  auto const folder = parts_.home / "runs" / parts_.fleet.environment().name;
  Json const& head = found.events.front().outputs;
  view_.id = found.record.id;
  view_.runbook = runbook_.name;
  view_.started = head.value("started", "");
  view_.who = parts_.who.name();
  view_.inputs = found.record.inputs;
  journal_ = std::make_unique<Journal>(
      Journal::Parts{parts_.fleet, parts_.who, folder, parts_.boundary, &parts_.console}, found.mirror,
      found.events, view_.id);
  take_locks();
  journal_->attach();
  journal_->take_over();
  journal_->append({.event = event,
                    .outputs = Json{{"host", parts_.who.host},
                                    {"pid", parts_.who.process.pid},
                                    {"process_start", parts_.who.process.start_time},
                                    {"sha256", runbook_.sha256},
                                    {"script", runbook_.source}}});
}

RunRecord Runner::resume(FoundRun const& found, RunOptions const& options) {
  refuse_unknown_steps(options);
  // Before it is taken over: a resume without approval changes nothing.
  std::vector<Approval> approvals;
  std::vector<std::string> moved;
  if (runbook_.approvals > 0) moved = settle_approval(found, approvals);
  take_up(found, "resumed");
  parts_.console.say(render_head(runbook_, view_.id + " (resumed)", parts_.fleet.environment().name));
  Leaving const leaving{*this};
  return told(Way::forward, [&] {
    try {
      if (!moved.empty()) {
        parts_.console.note(fmt::format("this is not what was approved:\n  {}", fmt::join(moved, "\n  ")));
        ask_for_approval();
      }
      if (runbook_.approvals > 0) journal_approvals(found, approvals);
      settle_changes(options);
    } catch (fleet::Error const& error) {
      if (moved.empty()) journal_->append({.event = "run_stopped", .note = error.message});
      throw;
    }
    return walk(options);
  });
}

void Runner::take_locks() {
  std::vector<std::string> objects;
  if (runbook_.locks) {
    // As in a plan: what a step is yet to bring about is unknown, and no lock can hang on it.
    Gate::Scope planning{parts_.gate, GateState::planning};
    objects = runbook_.locks(view_);
  }
  objects.push_back("run " + view_.id);  // one process works on a run, whatever else the runbook locks
  Holder self;
  self.run_id = view_.id;
  self.runbook = runbook_.name;
  self.who = parts_.who.name();
  self.host = parts_.who.host;
  self.since = fleet::iso_time(parts_.fleet.clock().now());
  self.process = parts_.who.process;
  locks_ = std::make_unique<Locks>(parts_.home / "locks" / parts_.fleet.environment().name,
                                   std::move(objects), self);
  targets_ = std::make_unique<Targets>(parts_.fleet, parts_.who, view_.id);
  locks_->take_local();
  fleet::Session* session = journal_->connect();
  if (session == nullptr) return;
  try {
    locks_->take_in_master(*session);
  } catch (fleet::Error const& error) {
    if (error.kind != fleet::ErrorKind::locked || !acted_) throw;
    // A backend may have outlived the process that this run had before: it ends, or is ended.
    try {
      settle_orphans(*session, parts_.who, view_.id);
    } catch (fleet::Error const&) {
      throw error;  // that process lives
    }
    locks_->take_in_master(*session);
  }
}

// Before the first durable line and again after each step: master may have come into being.
void Runner::begin_acting() {
  if (!journal_->attach()) return;
  locks_->take_in_master(*journal_->connect());
  locks_->write_leases(*journal_->connect(), journal_->record().epoch);
}

class Runner::AtWork {
 public:
  explicit AtWork(Runner& runner) : parts_(runner.parts_), before_(parts_.fleet.application_name()) {
    parts_.fleet.name_work(parts_.who.application_name(runner.view_.id));
    parts_.gate.set_run_id(runner.view_.id);
  }
  ~AtWork() {
    parts_.fleet.name_work(before_);
    parts_.gate.set_run_id({});
  }
  AtWork(AtWork const&) = delete;
  AtWork& operator=(AtWork const&) = delete;

 private:
  RunnerParts& parts_;
  std::string before_;
};

RunRecord Runner::undo(FoundRun const& found, RunOptions const& options) {
  take_up(found, "undo_started");
  Leaving const leaving{*this};
  return told(Way::back, [&] { return walk_back(options); });
}

RunRecord Runner::walk_back(RunOptions const& options) {
  AtWork const at_work{*this};
  for (auto const& [path, record] : journal_->record().steps) view_.outputs[path] = record.outputs;
  parts_.console.say(render_head(runbook_, view_.id + " (undo)", parts_.fleet.environment().name));
  try {
    undo_steps(steps_to_undo(runbook_, journal_->record()), options);
  } catch (fleet::Error const& error) {
    journal_->append({.event = "run_stopped", .note = "undo: " + error.message});
    fleet::Error told = error;
    std::string const next = fmt::format("then: tenantsh runs undo {}", view_.id);
    told.hint = told.hint.empty() ? next : told.hint + "; " + next;
    throw told;
  }
  journal_->append({.event = "run_undone"});
  begin_acting();  // master may have gone away just now: its end is copied there while we still can
  parts_.console.say(fmt::format("{} undone · run {}", runbook_.name, view_.id));
  return journal_->record();
}

RunRecord Runner::abandon(FoundRun const& found, std::string const& reason) {
  take_up(found, "resumed");
  Leaving const leaving{*this};
  AtWork const at_work{*this};
  for (auto const& [path, record] : journal_->record().steps) view_.outputs[path] = record.outputs;
  parts_.console.say(render_head(runbook_, view_.id + " (abandoned)", parts_.fleet.environment().name));
  try {
    for (auto step = runbook_.steps.rbegin(); step != runbook_.steps.rend(); ++step)
      if (is_held(*step, journal_->record().step(step->path))) release(*step);
  } catch (fleet::Error const& error) {
    journal_->append({.event = "run_stopped", .note = "abandon: " + error.message});
    fleet::Error told = error;
    std::string const next = fmt::format(
        "then: tenantsh runs abandon {0}; to leave it as it is: tenantsh runs abandon {0} --keep", view_.id);
    told.hint = told.hint.empty() ? next : told.hint + "; " + next;
    throw told;
  }
  journal_->append({.event = "abandoned", .note = reason});
  begin_acting();  // master may have gone away just now: its end is copied there while we still can
  return journal_->record();
}

Runner::~Runner() = default;

RunRecord Runner::walk(RunOptions const& options) {
  AtWork const at_work{*this};
  auto const start = std::chrono::steady_clock::now();
  try {
    walk_steps(options);
  } catch (std::exception const&) {
    held_.reset();
    if (!detached_) {  // who goes on finds everything as it was left
      release_all();
      tell_master(*journal_, acted_);
    }
    throw;
  }
  at_ = nullptr;
  if (journal_->record().state == "stopped") return journal_->record();
  begin_acting();
  journal_->append({.event = "run_done"});
  begin_acting();  // master may have gone away just now: its end is copied there while we still can
  auto const elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  parts_.console.say(
      fmt::format("{} done in {} · run {}", runbook_.name, fleet::human_duration(elapsed), view_.id));
  return journal_->record();
}

void Runner::walk_steps(RunOptions const& options) {
  breakpoints_ = {options.breakpoints.begin(), options.breakpoints.end()};
  for (std::size_t i = 0; i < runbook_.steps.size();) {
    Step const& step = runbook_.steps[i];
    if (run_step(step, options) == Next::back) {
      i = step_back(i, options);
      continue;
    }
    Step const* next = ++i < runbook_.steps.size() ? &runbook_.steps[i] : nullptr;
    StepRecord const record = journal_->record().step(step.path);
    // Only what this run did itself is put back: a probe that found it done before has no attempt.
    if (step.release && record.attempts > 0 && !record.released) {
      std::erase(to_release_, &step);
      to_release_.push_back(&step);
    }
    leave_sections(next);
    if (step.path != options.until || next == nullptr) continue;
    release_all();
    begin_acting();
    journal_->append({.event = "run_stopped", .note = "until " + options.until});
    parts_.console.say(
        fmt::format("stopped after {}; go on with: tenantsh runs resume {}", step.path, view_.id));
    return;
  }
}

namespace {

bool is_within(std::string const& section, std::string const& outer) {
  return outer.empty() || section == outer || section.starts_with(outer + "/");
}

}  // namespace

bool is_behind(Runbook const& runbook, RunRecord const& run, Step const& step) {
  StepRecord const& record = run.step(step.path);
  if (!is_settled(record.state)) return false;
  return !record.released || std::all_of(runbook.steps.begin(), runbook.steps.end(), [&](Step const& other) {
    return !is_within(other.section, step.section) || is_settled(run.step(other.path).state);
  });
}

void Runner::enter_no_return(Step const& step) {
  if (!held_) held_ = std::make_unique<HeldInterrupts>(parts_, step.section);
}

// Whatever stopped the run, this is not stopped: a status, a fence would stay as nobody wants them.
void Runner::release(Step const& step) {
  std::unique_ptr<HeldInterrupts> const held =
      held_ ? nullptr : std::make_unique<HeldInterrupts>(parts_, step.section);
  if (parts_.stop.stop_requested() && parts_.calm) parts_.calm();
  put_back_all(step, Back::release);
}

// `next`: where the walk goes now, null at the end.
void Runner::leave_sections(Step const* next) {
  while (!to_release_.empty() &&
         (next == nullptr || !is_within(next->section, to_release_.back()->section))) {
    Step const* const step = to_release_.back();
    to_release_.pop_back();
    release(*step);
  }
  if (held_ && (next == nullptr || !is_within(next->section, held_->section()))) held_.reset();
}

Runner::Next Runner::run_step(Step const& step, RunOptions const& options) {
  at_ = &step;
  if (is_behind(runbook_, journal_->record(), step)) {
    StepRecord const& record = journal_->record().step(step.path);
    view_.outputs[step.path] = record.outputs;
    parts_.console.say(render_line(runbook_, step, "already done", 0,
                                   fmt::format("{} at {}", to_string(record.state), record.at)));
    if (step.point_of_no_return) enter_no_return(step);
    return Next::go_on;
  }
  while (true) {
    Next const next = step.each ? attempt_items(step, options) : attempt(step, options);
    if (next != Next::again) return next;
  }
}

std::string state_of(RunRecord const& run, fleet::Operator const& here) {
  if (run.state == "running" && run.host == here.host && !fleet::is_alive({run.pid, run.process_start}))
    return "interrupted";
  return run.state;
}

}  // namespace runbooks
