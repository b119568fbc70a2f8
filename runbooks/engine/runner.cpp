#include "runbooks/engine/runner.hpp"

#include <fmt/format.h>

#include "runbooks/engine/marker.hpp"
#include "runbooks/engine/screen.hpp"

namespace runbooks {

namespace {

constexpr std::size_t id_length = 8;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

Runner::Runner(RunnerParts parts, Runbook const& runbook) : parts_(std::move(parts)), runbook_(runbook) {}

void Runner::refuse_unknown_step(std::string const& path) const {
  if (path.empty() || runbook_.find(path) != nullptr) return;
  std::vector<std::string> paths;
  for (Step const& step : runbook_.steps) paths.push_back(step.path);
  throw fleet::Error{fleet::ErrorKind::usage, fmt::format("{} has no step \"{}\"", runbook_.name, path)}
      .with_hint(fmt::format("its steps: {}", fmt::join(paths, ", ")));
}

RunRecord Runner::run(Json inputs, RunOptions const& options) {
  refuse_unknown_step(options.until);
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
  journal_ = std::make_unique<Journal>(Journal::Parts{parts_.fleet, parts_.who, folder, parts_.boundary},
                                       view_.id, view_.started, head);
  take_locks();
  journal_->append({.event = "run_started", .outputs = head}, Journal::Durability::hold);
  parts_.console.say(render_head(runbook_, view_.id, parts_.fleet.environment().name));
  return walk(options);
}

RunRecord Runner::resume(FoundRun const& found, RunOptions const& options) {
  refuse_unknown_step(options.until);
  acted_ = true;  // its journal exists
  auto const folder = parts_.home / "runs" / parts_.fleet.environment().name;
  Json const& head = found.events.front().outputs;
  view_.id = found.record.id;
  view_.runbook = runbook_.name;
  view_.started = head.value("started", "");
  view_.who = parts_.who.name();
  view_.inputs = found.record.inputs;
  journal_ = std::make_unique<Journal>(Journal::Parts{parts_.fleet, parts_.who, folder, parts_.boundary},
                                       found.mirror, found.events, view_.id);
  take_locks();
  journal_->attach();
  journal_->take_over();
  journal_->append({.event = "resumed",
                    .outputs = Json{{"host", parts_.who.host},
                                    {"pid", parts_.who.process.pid},
                                    {"process_start", parts_.who.process.start_time},
                                    {"sha256", runbook_.sha256},
                                    {"script", runbook_.source}}});
  parts_.console.say(render_head(runbook_, view_.id + " (resumed)", parts_.fleet.environment().name));
  return walk(options);
}

void Runner::take_locks() {
  std::vector<std::string> objects;
  if (runbook_.locks) objects = runbook_.locks(view_);
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
  if (fleet::Session* session = journal_->connect(); session != nullptr) locks_->take_in_master(*session);
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

RunRecord Runner::walk(RunOptions const& options) {
  AtWork const at_work{*this};
  auto const start = std::chrono::steady_clock::now();
  for (Step const& step : runbook_.steps) {
    bool const settled = run_step(step, options);
    if (settled && step.path == options.until && &step != &runbook_.steps.back()) {
      begin_acting();
      journal_->append({.event = "run_stopped", .note = "until " + options.until});
      parts_.console.say(
          fmt::format("stopped after {}; go on with: tenantsh runs resume {}", step.path, view_.id));
      return journal_->record();
    }
  }
  begin_acting();
  journal_->append({.event = "run_done"});
  if (fleet::Session* session = journal_->connect(); session != nullptr) locks_->release_in_master(*session);
  auto const elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  parts_.console.say(
      fmt::format("{} done in {} · run {}", runbook_.name, fleet::human_duration(elapsed), view_.id));
  return journal_->record();
}

bool Runner::run_step(Step const& step, RunOptions const& options) {
  auto const& steps = journal_->record().steps;
  if (auto found = steps.find(step.path); found != steps.end() && is_settled(found->second.state)) {
    refuse_edited(step, found->second, options);
    view_.outputs[step.path] = found->second.outputs;
    parts_.console.say(
        render_line(runbook_, step, "already done", 0,
                    fmt::format("{} at {}", to_string(found->second.state), found->second.at)));
    return true;
  }
  while (attempt(step, options) == Next::again) {
  }
  return true;
}

void Runner::refuse_edited(Step const& step, StepRecord const& record, RunOptions const& options) {
  if (record.hash.empty() || record.hash == step.hash || options.yes) {
    if (!record.hash.empty() && record.hash != step.hash)
      parts_.console.note(fmt::format("step {} was edited after it was done; what it did stays", step.path));
    return;
  }
  parts_.console.ask(
      {.text = fmt::format("step {} was edited after it was done. Keep what it did?", step.path),
       .choices = {{"keep", "go on, the old effect stays", true}},
       .flag = "--yes"});
}

// A check writes nothing and is not journalled by itself: it holds, or it stops the run.
void Runner::check(Step const& step, Target const& target) {
  auto const start = std::chrono::steady_clock::now();
  Json const outputs = run_body(step, target);
  auto const ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
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
  auto const start = std::chrono::steady_clock::now();
  try {
    if (parts_.stop.stop_requested()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    targets_->close();
    Target const target = step.target ? step.target(view_) : Target{};
    if (step.when) {
      Gate::Scope reading{parts_.gate, GateState::reading};
      if (!step.when(view_)) {
        finish(step, {.event = "not_needed"}, Journal::Durability::hold, {});
        return Next::go_on;
      }
    }
    StepRecord const record = journal_->record().step(step.path);
    if (record.attempts > 0 && settle_doubt(step, target, record)) return Next::go_on;
    if (found_done(step, target)) return Next::go_on;
    if (step.pre) {
      Gate::Scope reading{parts_.gate, GateState::reading};
      step.pre(view_, targets_->open(target, fleet::Access::read_only));
    }
    if (step.read_only) {
      check(step, target);
      return Next::go_on;
    }
    std::string const answer = ask(step, target, options);
    if (answer == "skip")
      skip(step);
    else if (answer == "by-hand")
      by_hand(step, target);
    else if (answer == "abort")
      throw fleet::Error{fleet::ErrorKind::declined, fmt::format("stopped before step {}", step.path)}
          .with_hint(acted_ ? fmt::format("go on with: tenantsh runs resume {}", view_.id)
                            : "nothing was changed");
    else
      perform(step, target);
    return Next::go_on;
  } catch (fleet::Error const& error) {
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start)
            .count();
    return failed(step, error, options, ms);
  }
}

bool Runner::settle_doubt(Step const& step, Target const& target, StepRecord const& record) {
  bool const in_doubt = record.state == StepState::intended || record.error.value("kind", "") == "in_doubt";
  fleet::Session* session = nullptr;
  try {
    session = targets_->open(target, fleet::Access::read_write);
  } catch (fleet::Error const& error) {
    if (!in_doubt) throw;
    fleet::Error doubt{fleet::ErrorKind::in_doubt,
                       fmt::format("whether step {} happened cannot be told: {}", step.path, error.message)};
    doubt.hint = "make the server reachable, then resume";
    throw doubt;
  }
  if (session == nullptr) return false;  // its database does not exist: nothing can have happened in it
  for (std::string const& line : settle_orphans(*session, parts_.who, view_.id))
    parts_.console.note(fmt::format("ended what the earlier process left running: {}", line));
  if (step.kind != StepKind::tx || step.read_only) return false;
  auto const outputs = read_marker(*session, view_.id, step.path);
  if (!outputs) return false;
  if (step.verify) {
    Gate::Scope reading{parts_.gate, GateState::reading};
    step.verify(view_, *outputs, targets_->open(target, fleet::Access::read_only));
  }
  finish(step, {.event = "done", .outputs = *outputs}, Journal::Durability::now,
         "its marker is in " + target.label);
  return true;
}

bool Runner::found_done(Step const& step, Target const& target) {
  if (!step.probe) {
    StepRecord const record = journal_->record().step(step.path);
    if (step.kind == StepKind::effect && record.state == StepState::intended)
      throw fleet::Error{
          fleet::ErrorKind::in_doubt,
          fmt::format("step {} was begun and has no probe that could tell how far it came", step.path)}
          .with_hint("look yourself, then resume at a terminal and answer skip or by-hand");
    return false;
  }
  Gate::Scope reading{parts_.gate, GateState::reading};
  fleet::Session* session = targets_->open(target, fleet::Access::read_only);
  if (target.endpoint && session == nullptr) return false;
  ProbeResult const seen = step.probe(view_, session);
  if (seen.state == ProbeState::broken)
    throw fleet::Error{fleet::ErrorKind::failed,
                       seen.evidence.empty() ? "the probe says broken" : seen.evidence};
  if (seen.state == ProbeState::not_done) return false;
  finish(step, {.event = "already_done", .note = seen.evidence, .outputs = seen.outputs},
         acted_ ? Journal::Durability::now : Journal::Durability::hold, seen.evidence);
  return true;
}

std::string Runner::ask(Step const& step, Target const& target, RunOptions const& options) {
  bool const grave = step.destructive || step.point_of_no_return;
  if (options.yes && !grave && step.kind != StepKind::manual) return "run";
  std::string const name = target.label.substr(target.label.find(' ') + 1);
  if (grave && !options.confirm.empty()) {
    if (options.confirm == name) return "run";
    throw fleet::Error{
        fleet::ErrorKind::declined,
        fmt::format("--confirm says \"{}\", step {} is about \"{}\"", options.confirm, step.path, name)};
  }
  std::vector<std::string> effects;
  if (step.kind != StepKind::manual) {
    Gate::Scope planning{parts_.gate, GateState::planning};
    step.body(view_, targets_->open(target, fleet::Access::read_only));
    effects = parts_.gate.take_recorded();
  }
  std::vector<Choice> choices;
  if (step.kind == StepKind::manual)
    choices.push_back({"by-hand", "I did it; verify must pass", false});
  else if (grave)
    choices.push_back({name, "the name, typed: do it", true});
  else
    choices.push_back({"run", "do it", false});
  choices.push_back({"skip", "leave it out, with a reason", false});
  if (step.kind != StepKind::manual)
    choices.push_back({"by-hand", "I did it myself; verify must pass", true});
  choices.push_back({"abort", "stop here; the run can be resumed", false});
  if (parts_.console.interactive())
    parts_.console.note(render_step(runbook_, step, target, parts_.fleet.environment().name, effects));
  std::string const question = step.confirm.empty() ? fmt::format("{}?", step.name) : step.confirm;
  std::string const answer =
      parts_.console.ask({.text = question,
                          .choices = choices,
                          .flag = grave                           ? "--confirm " + name
                                  : step.kind == StepKind::manual ? "a person at a terminal"
                                                                  : "--yes"});
  return answer == name && grave ? "run" : answer;
}

void Runner::perform(Step const& step, Target const& target) {
  begin_acting();
  acted_ = true;
  int const attempts = journal_->record().step(step.path).attempts + 1;
  journal_->append({.event = "intent",
                    .step = step.path,
                    .kind = std::string{to_string(step.kind)},
                    .hash = step.hash,
                    .attempt = attempts});
  if (parts_.boundary) parts_.boundary("intent", step.path);
  auto const start = std::chrono::steady_clock::now();
  Json const outputs = run_body(step, target);
  parts_.fleet.refresh();
  if (step.verify) {
    Gate::Scope reading{parts_.gate, GateState::reading};
    step.verify(view_, outputs, targets_->open(target, fleet::Access::read_only));
  }
  auto const ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  finish(step,
         {.event = "done",
          .kind = std::string{to_string(step.kind)},
          .hash = step.hash,
          .attempt = attempts,
          .ms = std::max<long>(ms, 1),
          .outputs = outputs},
         Journal::Durability::now, {});
  if (parts_.boundary) parts_.boundary("done", step.path);
}

Json Runner::run_body(Step const& step, Target const& target) {
  auto const access = step.read_only ? fleet::Access::read_only : fleet::Access::read_write;
  fleet::Session* session = targets_->open(target, access);
  if (target.endpoint && session == nullptr)
    throw fleet::Error{fleet::ErrorKind::failed,
                       fmt::format("the database of {} does not exist", target.label)};
  std::optional<std::stop_callback<std::function<void()>>> cancel;
  if (session != nullptr) cancel.emplace(parts_.stop, [session] { session->cancel(); });
  Gate::Scope open{parts_.gate, step.read_only ? GateState::reading : GateState::open};
  if (step.kind != StepKind::tx || session == nullptr) {
    Json outputs = step.body(view_, session);
    if (parts_.boundary) parts_.boundary("effect", step.path);
    return outputs;
  }
  fleet::Transaction transaction{*session, access};
  if (!step.read_only) ensure_marker_table(*session);
  Json outputs = step.body(view_, session);
  if (!step.read_only) write_marker(*session, view_.id, step.path, journal_->record().epoch, outputs);
  if (parts_.boundary) parts_.boundary("commit", step.path);
  transaction.commit();
  if (parts_.boundary) parts_.boundary("effect", step.path);
  return outputs;
}

void Runner::skip(Step const& step) {
  std::string const reason = parts_.console.ask({.text = "reason", .flag = "a terminal"});
  begin_acting();
  acted_ = true;
  finish(step, {.event = "skipped", .note = reason}, Journal::Durability::now, reason);
}

void Runner::by_hand(Step const& step, Target const& target) {
  Json outputs;
  Gate::Scope reading{parts_.gate, GateState::reading};
  if (step.verify) step.verify(view_, outputs, targets_->open(target, fleet::Access::read_only));
  begin_acting();
  acted_ = true;
  finish(step, {.event = "by_hand"}, Journal::Durability::now, {});
}

void Runner::finish(Step const& step, Event event, Journal::Durability durability,
                    std::string const& remark) {
  event.step = step.path;
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

Runner::Next Runner::failed(Step const& step, fleet::Error const& error, RunOptions const& options, long ms) {
  fleet::Error told = error;
  told.message = fmt::format("{} stopped at step \"{}\": {}", runbook_.name, step.path, error.message);
  if (error.kind == fleet::ErrorKind::declined) {
    if (acted_) journal_->append({.event = "run_stopped", .step = {}, .note = error.message});
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
  bool const can_ask =
      parts_.console.interactive() && !options.yes && error.kind != fleet::ErrorKind::interrupted;
  if (can_ask) {
    parts_.console.note(error.describe());
    std::string const answer =
        parts_.console.ask({.text = fmt::format("{} failed.", step.path),
                            .choices = {{"retry", "look again, then do it again", false},
                                        {"skip", "leave it out, with a reason", false},
                                        {"abort", "stop here; the run can be resumed", false}},
                            .flag = "a terminal"});
    if (answer == "retry") return Next::again;
    if (answer == "skip") {
      skip(step);
      return Next::go_on;
    }
  }
  std::string const next =
      acted_ ? fmt::format("then: tenantsh runs resume {}", view_.id) : "nothing was changed";
  told.hint = told.hint.empty() ? next : told.hint + "; " + next;
  throw told;
}

std::string state_of(RunRecord const& run, fleet::Operator const& here) {
  if (run.state == "running" && run.host == here.host && !fleet::is_alive({run.pid, run.process_start}))
    return "interrupted";
  return run.state;
}

}  // namespace runbooks
