// The person at a step: what is shown to them, and what their answers mean.

#include <fmt/format.h>

#include "runbooks/engine/runner.hpp"

namespace runbooks {

namespace {

bool is_grave(Step const& step) { return step.destructive || step.point_of_no_return; }

fleet::Error stopped_before(Step const& step) {
  return fleet::Error{fleet::ErrorKind::declined, fmt::format("stopped before step {}", step.path)};
}

}  // namespace

std::string Runner::only_tenant() const {
  std::vector<std::string> tenants;
  for (Input const& input : runbook_.inputs)
    if (auto const value = view_.inputs.find(input.name);
        input.type == InputType::tenant && value != view_.inputs.end() && value->is_string())
      tenants.push_back(value->get<std::string>());
  return tenants.size() == 1 ? tenants.front() : std::string{};
}

// What a person types to confirm a grave step: the tenant that the run is about, wherever the step acts, else
// what the target is called.
std::string Runner::name_to_type(Target const& target) const {
  std::string const tenant = only_tenant();
  return tenant.empty() ? target.label.substr(target.label.find(' ') + 1) : tenant;
}

bool Runner::is_answered(Step const& step, Target const& target, RunOptions const& options) const {
  if (step.kind == StepKind::manual) return false;  // no flag is a person
  if (breakpoints_.contains(step.path)) return false;
  if ((options.yes || unasked_) && !is_grave(step)) return true;
  if (!is_grave(step) || options.confirm.empty()) return false;
  std::string const name = name_to_type(target);
  if (options.confirm == name) return true;
  throw fleet::Error{fleet::ErrorKind::declined, fmt::format("--confirm says \"{}\", step {} is about \"{}\"",
                                                             options.confirm, step.path, name)};
}

// What `body` would do. `remark` says why that is not all of it.
std::vector<std::string> Runner::preview(std::function<void()> const& body, std::string& remark) {
  Gate::Scope planning{parts_.gate, GateState::planning};
  parts_.gate.take_recorded();
  try {
    body();
  } catch (fleet::Error const& error) {
    if (error.kind == fleet::ErrorKind::interrupted) throw;
    remark = error.kind == fleet::ErrorKind::pending ? "the rest depends on what the step gives"
                                                     : "it cannot be told beforehand: " + error.message;
  }
  return parts_.gate.take_recorded();
}

StepFacts Runner::step_facts(Step const& step, Target const& target) {
  StepFacts facts{
      .target = target, .environment = parts_.fleet.environment().name, .seen = seen_, .pre_held = pre_held_};
  if (step.body)
    facts.effects = preview([&] { (void)step.body(view_, targets_->open(target, fleet::Access::read_only)); },
                            facts.effects_remark);
  if (!past_) {
    fleet::Session* const master = journal_->connect();
    past_ = master == nullptr ? PastDurations{}
                              : past_durations(*master, runbook_.name, parts_.fleet.environment().name);
  }
  if (auto const past = past_->find(step.path); past != past_->end()) facts.past = past->second;
  if (step.undo) {
    facts.undo = preview(
        [&] { step.undo(view_, unknown_outputs(), targets_->open(target, fleet::Access::read_only)); },
        facts.undo_remark);
    if (facts.undo_remark.empty()) facts.undo_remark = "there is one; it would do nothing now";
  } else if (!step.undone_with.empty()) {
    facts.undo_remark = "with step " + step.undone_with;
  } else if (step.kind != StepKind::manual) {
    facts.undo_remark = step.release ? "put back when its section ends" : "none: what it does stays";
  }
  return facts;
}

// `extent`: for how many items, when the step has `each`.
std::string Runner::ask(Step const& step, Target const& target, RunOptions const& options,
                        std::string const& extent) {
  if (is_answered(step, target, options)) return "run";
  unasked_ = false;
  bool const grave = is_grave(step), manual = step.kind == StepKind::manual;
  bool const breakpoint = options.yes && !grave && !manual;
  std::string const name = name_to_type(target);
  Question question{.text = (step.confirm.empty() ? fmt::format("{}?", step.name) : step.confirm) + extent,
                    .flag = grave        ? "--confirm " + name
                            : manual     ? "a person at a terminal"
                            : breakpoint ? "a person at a terminal: it is a breakpoint"
                                         : "--yes"};
  if (manual)
    question.choices.push_back({"by-hand", "I did it; verify must pass", false});
  else if (grave)
    question.choices.push_back({name, "the name, typed: do it", true});
  else
    question.choices.push_back({"run", "do it", false});
  question.choices.push_back({"skip", "leave it out, with a reason", false});
  if (!manual) question.choices.push_back({"by-hand", "I did it myself; verify must pass", true});
  if (!manual && !grave)
    question.choices.push_back({"unasked", "run it, and go on unasked to the next destructive step", true});
  StepFacts const facts = step_facts(step, target);
  if (parts_.console.interactive()) parts_.console.note(render_step(runbook_, step, facts));
  std::string const answered = answer(step, facts, std::move(question));
  if (answered == "abort")
    throw stopped_before(step).with_hint(acted_ ? fmt::format("go on with: tenantsh runs resume {}", view_.id)
                                                : "nothing was changed");
  if (answered == "unasked") unasked_ = true;
  return answered == "unasked" || (grave && answered == name) ? "run" : answered;
}

// Adds the words that every question about a step takes, and deals with those that leave it open.
std::string Runner::answer(Step const& step, StepFacts const& facts, Question question) {
  auto& choices = question.choices;
  choices.push_back({"show", "everything: the whole SQL, the inputs, earlier tries", false});
  if (parts_.prompt) choices.push_back({"shell", "look around at a prompt that only reads", false});
  choices.push_back({"break", "name a step to stop at", true});
  choices.push_back({"undo", "take back the last thing this run did", true});
  choices.push_back({"detach", "leave the run as it is, for later or for somebody else", true});
  choices.push_back({"abort", "stop here; what is held is put back, the run can be resumed", false});
  while (true) {
    std::string const word = parts_.console.ask(question);
    if (word == "show") {
      parts_.console.note(render_step(runbook_, step, facts, Extent::full));
      parts_.console.note(render_past(step, journal_->record().step(step.path), view_.inputs));
    } else if (word == "shell") {
      Gate::Scope waiting{parts_.gate, GateState::waiting};
      parts_.prompt(fmt::format("{} › {}", runbook_.name, step.path));
    } else if (word == "break") {
      set_breakpoint();
    } else if (word == "undo") {
      try {
        (void)undo_from(static_cast<std::size_t>(&step - runbook_.steps.data()));
        return word;
      } catch (fleet::Error const& error) {
        parts_.console.note(error.describe());
      }
    } else if (word == "detach") {
      detach(step);
    } else {
      return word;
    }
  }
}

void Runner::set_breakpoint() {
  std::string const path = parts_.console.ask(
      {.text = "stop at which step? (its address)", .default_word = "none", .flag = "--break"});
  if (path == "none") return;
  try {
    refuse_unknown_step(path);
    breakpoints_.insert(path);
    parts_.console.note(fmt::format("stops at {}", path));
  } catch (fleet::Error const& error) {
    parts_.console.note(error.describe());
  }
}

// Nothing is put back and the leases stay: a tenant in the middle of a run must not look free.
void Runner::detach(Step const& step) {
  std::string const to = parts_.console.ask(
      {.text = "for whom? (a login name)", .default_word = "anybody", .flag = "a terminal"});
  std::string const note =
      parts_.console.ask({.text = "what should they know?", .default_word = "nothing", .flag = "a terminal"});
  begin_acting();
  acted_ = detached_ = true;
  journal_->append({.event = "detached",
                    .note = note == "nothing" ? "" : note,
                    .outputs = Json{{"to", to == "anybody" ? "" : to}, {"step", step.path}}});
  if (fleet::Session* session = journal_->connect(); session != nullptr) locks_->keep_leases(*session);
  throw fleet::Error{fleet::ErrorKind::declined, fmt::format("detached before step {}", step.path)}.with_hint(
      fmt::format("go on with: tenantsh runs resume {}", view_.id));
}

std::optional<Runner::Next> Runner::failure_answer(Step const& step, Target const& target,
                                                   fleet::Error const& error) {
  parts_.console.note(error.describe());
  unasked_ = false;
  Question question{.text = fmt::format("{} failed.", step.path), .flag = "a terminal"};
  question.choices = {{"retry", "look again, then do it again", false},
                      {"skip", "leave it out, with a reason", false},
                      {"by-hand", "I did it myself; verify must pass", true}};
  StepFacts const facts{.target = target, .environment = parts_.fleet.environment().name, .seen = seen_};
  while (true) {
    std::string const word = answer(step, facts, question);
    if (word == "retry") return Next::again;
    if (word == "undo") return Next::back;
    if (word == "abort") return std::nullopt;
    if (word == "skip") {
      skip(step);
      return Next::go_on;
    }
    try {
      by_hand(step, target);
      return Next::go_on;
    } catch (fleet::Error const& unproven) {
      if (unproven.kind == fleet::ErrorKind::interrupted || unproven.kind == fleet::ErrorKind::locked) throw;
      parts_.console.note(unproven.describe());
    }
  }
}

}  // namespace runbooks
