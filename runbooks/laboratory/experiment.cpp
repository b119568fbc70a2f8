#include "runbooks/laboratory/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "fleet/private_files.hpp"

namespace runbooks {

namespace {

using namespace std::chrono_literals;

constexpr int usage = 2;
constexpr int declined = 4;  // the run waits for a person
constexpr int in_doubt = 5;
constexpr int most_resumes = 5;
constexpr auto lateness = 300ms;
constexpr auto patience_with_backends = 10s;

// Of whatever process of ours: the laboratory's own sessions call themselves otherwise.
constexpr char const* backends_sql =
    "select pid from pg_stat_activity where application_name like 'tenantsh %'";

std::string last_lines(std::string const& text, std::size_t count) {
  std::size_t from = text.size();
  for (std::size_t line = 0; line <= count && from != 0 && from != std::string::npos; ++line)
    from = text.rfind('\n', from - 1);
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::same_by_evidence: return "same*";
    case Verdict::differs: return "DIFFERS";
    case Verdict::stuck: return "STUCK";
    case Verdict::missed: return "missed";
  }
  return "";
}

// Backends that wait for a command, stopped: what they are sent meanwhile they execute when let go.
class Experiment::HeldUp {
 public:
  HeldUp() = default;
  ~HeldUp() { let_go(); }
  HeldUp(HeldUp const&) = delete;
  HeldUp& operator=(HeldUp const&) = delete;

  void hold(Workbench const& bench) {
    for (std::string const& member : bench.members()) {
      auto const rows = bench.open(member, "postgres")->query({backends_sql});
      for (std::size_t i = 0; i < rows.rows(); ++i) {
        int const pid = std::stoi(rows.text(i, "pid"));
        if (::kill(pid, SIGSTOP) == 0) pids_.push_back(pid);
      }
    }
  }
  void let_go() noexcept {
    for (int const pid : pids_) ::kill(pid, SIGCONT);
    pids_.clear();
  }
  bool any() const { return !pids_.empty(); }

 private:
  std::vector<int> pids_;
};

Experiment::Experiment(Workbench::Parts parts, Subject subject, std::stop_token stop)
    : bench_(std::move(parts)), subject_(std::move(subject)), stop_(std::move(stop)) {}

std::vector<std::string> Experiment::words(std::string const& id) const {
  std::vector<std::string> line{"runs", "resume", id};
  if (id.empty()) {
    line = {"run", subject_.runbook};
    for (auto const& [name, value] : subject_.inputs)
      line.insert(line.end(), {"--input", name + "=" + value});
  }
  line.emplace_back("--yes");
  if (!subject_.confirm.empty()) line.insert(line.end(), {"--confirm", subject_.confirm});
  return line;
}

Patient Experiment::start(std::vector<std::string> const& words, std::string const& faults) const {
  return Patient{{.program = subject_.program, .home = bench_.home(), .faults = faults, .stop = stop_},
                 words};
}

Experiment::Ended Experiment::run_to_end(std::vector<std::string> const& words,
                                         std::string const& faults) const {
  Patient patient = start(words, faults);
  bool const stuck = patient.wait() != Patient::State::ended;
  return {patient.exit_code(), patient.output(), stuck};
}

std::vector<Place> Experiment::learn() {
  prepare();
  World first;
  for (int time = 0; time < 2; ++time) {
    if (time > 0) bench_.restore();
    fleet::remove_tree(record_file());
    Ended const ended = run_to_end(words({}), "record@" + record_file().string());
    if (ended.stuck || (ended.code != 0 && ended.code != declined)) throw refusal(ended.code, ended.output);
    exit_code_ = ended.code;
    story_ = read_story(bench_);
    if (story_.id.empty())
      throw fleet::Error{fleet::ErrorKind::failed, "the undisturbed run did nothing"}.with_hint(
          "what it is to do stands already: choose other inputs");
    if (!story_.faults.empty())
      throw fleet::Error{fleet::ErrorKind::failed, "the undisturbed run's journal: " + story_.faults.front()};
    world_ = look_at(bench_, story_.id);
    if (time == 0) first = world_;
  }
  noise_ = learn_noise(first, world_);
  return read_record(record_file()).places;
}

std::string Experiment::faults_of(Cell const& cell) const {
  std::string text = "record@" + record_file().string();
  Place before = cell.place;
  before.moment = "sending";
  if (cell.delivery == Delivery::late) text += ";stop@" + before.text();
  char const* act = cell.fault == Fault::kill ? "kill" : cell.fault == Fault::cut ? "cut" : "stop";
  return text + fmt::format(";{}@{}", act, cell.place.text());
}

// What a process cannot do to itself, while it stands still.
void Experiment::strike(Fault fault) const {
  if (fault == Fault::restart) bench_.crash({"master"});
  if (fault == Fault::outage) bench_.crash(bench_.members());
  if (fault != Fault::terminate) return;
  for (std::string const& member : bench_.members()) {
    auto const session = bench_.open(member, "postgres");
    auto const start = std::chrono::steady_clock::now();
    while (!session->query({std::string{"select pg_terminate_backend(pid) from ("} + backends_sql + ") b"})
                .empty()) {
      if (std::chrono::steady_clock::now() - start > patience_with_backends)
        throw fleet::Error{fleet::ErrorKind::failed, "a terminated backend does not end"};
      std::this_thread::sleep_for(5ms);
    }
  }
}

Experiment::Ended Experiment::broken_run(Cell const& cell, HeldUp& held_up) const {
  Patient patient = start(words({}), faults_of(cell));
  bool to_hold_up = cell.delivery == Delivery::late;
  Patient::State state;
  while ((state = patient.wait()) == Patient::State::stopped) {
    if (to_hold_up)
      held_up.hold(bench_);
    else
      strike(cell.fault);
    to_hold_up = false;
    patient.go_on();
    // What is cut lives on and asks for answers: it and the backends go on at their own pace.
    if (held_up.any() && cell.fault == Fault::cut) {
      std::this_thread::sleep_for(lateness);
      held_up.let_go();
    }
  }
  return {patient.exit_code(), patient.output(), state == Patient::State::stuck};
}

void Experiment::resume_until_over(Finding& finding, Ended ended, HeldUp& held_up) const {
  finding.exits.push_back(ended.code);
  bool doubted = ended.code == in_doubt;
  for (int resumes = 0; !ended.stuck && ended.code != exit_code_ && resumes < most_resumes; ++resumes) {
    if (stop_.stop_requested()) throw fleet::Error{fleet::ErrorKind::interrupted, "interrupted"};
    if (resumes > 0) std::this_thread::sleep_for(lateness);
    std::string const id = read_story(bench_).id;
    Patient patient = start(words(id), {});
    if (held_up.any()) {
      std::this_thread::sleep_for(lateness);
      held_up.let_go();
    }
    bool const stuck = patient.wait() != Patient::State::ended;
    ended = {patient.exit_code(), patient.output(), stuck};
    finding.exits.push_back(ended.code);
    doubted = doubted || ended.code == in_doubt;
    // "There is nothing to resume": then how things stand must bear it out.
    if (ended.code == usage && read_story(bench_).state == story_.state) return;
    // An end that no later attempt could change.
    if (ended.code == usage || (ended.code == declined && exit_code_ != declined)) break;
  }
  finding.verdict = doubted ? Verdict::same_by_evidence : Verdict::same;
  if (!ended.stuck && ended.code == exit_code_) return;
  finding.verdict = Verdict::stuck;
  finding.differences.push_back(ended.stuck ? "it does not end" : fmt::format("exit {}", ended.code));
  finding.differences.push_back(last_lines(ended.output, 8));
}

Finding Experiment::try_cell(Cell const& cell) {
  Finding finding;
  finding.cell = cell;
  bench_.restore();
  fleet::remove_tree(record_file());
  HeldUp held_up;
  Ended const ended = broken_run(cell, held_up);
  if (!read_record(record_file()).acted) {
    finding.verdict = Verdict::missed;
    finding.exits.push_back(ended.code);
    finding.differences.push_back(last_lines(ended.output, 8));
    return finding;
  }
  resume_until_over(finding, ended, held_up);
  if (finding.verdict == Verdict::stuck) return finding;
  Story const story = read_story(bench_);
  finding.differences = differences(story, story_);
  for (std::string& line : differences(look_at(bench_, story.id), world_, noise_))
    finding.differences.push_back(std::move(line));
  if (!finding.differences.empty()) finding.verdict = Verdict::differs;
  return finding;
}

}  // namespace runbooks
