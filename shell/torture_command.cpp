#include "shell/torture_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <map>
#include <stop_token>
#include <thread>

#include "fleet/selection.hpp"
#include "runbooks/laboratory/torture.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;
using runbooks::Verdict;

constexpr std::string_view page =
    R"(tenantsh torture RUNBOOK [--input K=V]… [--confirm NAME] [--fault LIST] [--at STEP]
                 [--sample N] [--all-statements] [--prepare "RUNBOOK K=V …"]… [--jobs N]

Runs a runbook again and again in sandboxes of its own and breaks it at every boundary of its journal, resumes
it and compares how things stand with two undisturbed runs: the same end, nothing done twice, no step lost.
Your sandbox is not touched; what it makes is deleted at the end.

  --fault            kill (kill -9), cut (its connections go dead), terminate (its backends), restart (the
                     master crashes), outage (every server does); several with commas; all without
  --at               only at this step, or in this section
  --sample N         about N cells instead of all, every moment × fault at least once, always the same ones
  --all-statements   at each statement of a step; else the first, a middle one, COMMIT, the last that writes
  --prepare          runs before it, beside what torture finds itself: master_init, register_server, tenants
  --jobs N           sandboxes side by side; else one a core

Moments: torn, unsynced, mirrored, journalled (a line of the journal: half written, written, synced, in
master) · intent, commit, effect, item, done, release_intent, released (of a step) · sent (a statement or COMMIT
is at the server, its answer not read; late: the server executes it when the resume has begun).
Cells: same · same* (a resume was in doubt, exit 5, and a later one found out) · DIFFERS · STUCK · missed.
Exit 0 when every cell is the same, else 1. --format json prints the rows.
)";

struct TortureOptions {
  runbooks::Subject subject;
  runbooks::CellChoice choice;
};

int parse_number(std::string const& name, std::string const& text) {
  int number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < 1)
    throw Error{ErrorKind::usage, fmt::format("{} takes a number from 1, not \"{}\"", name, text)};
  return number;
}

TortureOptions parse_words(std::vector<std::string> const& words, Options& options) {
  TortureOptions torture;
  torture.choice.faults = runbooks::all_faults();
  CLI::App app;
  add_global_options(app, options);
  app.allow_extras();
  std::vector<std::string> inputs;
  app.add_option("--input", inputs)->allow_extra_args(false);
  app.add_option("--prepare", torture.subject.prepare)->allow_extra_args(false);
  app.add_option("--at", torture.choice.at);
  app.add_flag("--all-statements", torture.choice.all_statements);
  app.add_option_function<std::string>(
      "--fault", [&](std::string const& text) { torture.choice.faults = runbooks::parse_faults(text); });
  app.add_option_function<std::string>(
      "--sample", [&](std::string const& text) { torture.choice.sample = parse_number("--sample", text); });
  for (std::string const& word : parse_with(app, words)) {
    if (!torture.subject.runbook.empty() || word.starts_with("-"))
      throw Error{ErrorKind::usage, fmt::format("torture does not take \"{}\"", word)}.with_hint(
          "`tenantsh help torture` shows what it takes");
    torture.subject.runbook = word;
  }
  for (std::string const& input : inputs) {
    auto const equals = input.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error{ErrorKind::usage, fmt::format("--input takes NAME=VALUE, not \"{}\"", input)};
    torture.subject.inputs[input.substr(0, equals)] = input.substr(equals + 1);
  }
  torture.subject.confirm = options.settings.confirm;
  torture.subject.program = std::filesystem::read_symlink("/proc/self/exe");
  return torture;
}

// One row per step and moment, one column per fault.
scripting::Rows matrix(runbooks::TortureResult const& result, std::vector<runbooks::Fault> const& faults) {
  std::vector<fleet::Column> columns{{"step", fleet::type_oid::text}, {"moment", fleet::type_oid::text}};
  for (runbooks::Fault const fault : faults)
    columns.push_back({std::string{runbooks::to_string(fault)}, fleet::type_oid::text});
  fleet::Result rows{std::move(columns)};
  for (std::size_t i = 0; i < result.findings.size();) {
    runbooks::Cell const first = result.cells[i];
    std::map<runbooks::Fault, Verdict> found;
    for (; i < result.cells.size() && result.cells[i].place.step == first.place.step &&
           result.cells[i].row() == first.row();
         ++i)
      found[result.cells[i].fault] = result.findings[i].verdict;
    rows.append(first.place.step.empty() ? "(the run)" : first.place.step);
    rows.append(first.row());
    for (runbooks::Fault const fault : faults) {
      auto const verdict = found.find(fault);
      rows.append(verdict == found.end() ? std::nullopt
                                         : std::optional{runbooks::to_string(verdict->second)});
    }
  }
  return {std::move(rows), {}, 0};
}

bool is_same(Verdict verdict) { return verdict == Verdict::same || verdict == Verdict::same_by_evidence; }

// What differs, in full.
std::string faults_found(runbooks::TortureResult const& result) {
  std::string text;
  for (runbooks::Finding const& finding : result.findings) {
    if (is_same(finding.verdict)) continue;
    text += fmt::format("\n{}: {} at {} of {} (exits {})\n", runbooks::to_string(finding.verdict),
                        runbooks::to_string(finding.cell.fault), finding.cell.row(),
                        finding.cell.place.step.empty() ? "the run" : finding.cell.place.step,
                        fmt::join(finding.exits, ", "));
    if (!finding.cell.place.sql.empty()) text += "  the statement: " + finding.cell.place.sql + "\n";
    for (std::string const& difference : finding.differences) text += "  " + difference + "\n";
  }
  return text;
}

// Where one resume was not enough, and why.
std::string resumed_again(runbooks::TortureResult const& result) {
  std::string text;
  for (runbooks::Finding const& finding : result.findings)
    if (is_same(finding.verdict) && finding.exits.size() > 2)
      text += fmt::format("{}{} at {} of {}: exits {}", text.empty() ? "" : "\n",
                          runbooks::to_string(finding.cell.fault), finding.cell.row(),
                          finding.cell.place.step.empty() ? "the run" : finding.cell.place.step,
                          fmt::join(finding.exits, ", "));
  return text.empty() ? text : "more than one resume:\n" + text;
}

std::string totals(runbooks::TortureResult const& result) {
  std::map<Verdict, int> counted;
  std::size_t again = 0;
  for (runbooks::Finding const& finding : result.findings) {
    ++counted[finding.verdict];
    if (finding.exits.size() > 2) ++again;
  }
  std::string text = fmt::format("{} cells: {} same", result.findings.size(), counted[Verdict::same]);
  if (int const number = counted[Verdict::same_by_evidence]; number > 0)
    text += fmt::format(", {} same after a doubt (same*)", number);
  if (int const number = counted[Verdict::differs]; number > 0) text += fmt::format(", {} DIFFER", number);
  if (int const number = counted[Verdict::stuck]; number > 0) text += fmt::format(", {} STUCK", number);
  if (int const number = counted[Verdict::missed]; number > 0) text += fmt::format(", {} missed", number);
  if (again > 0) text += fmt::format("; {} took more than one resume", again);
  return text;
}

// Of which statements some were tried.
std::string statements_left_out(runbooks::TortureResult const& result) {
  constexpr int tried = 4;
  std::string text;
  for (auto const& [step, number] : result.statements)
    if (number > tried) text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", number, step);
  return text.empty() ? text
                      : "of the statements of a step the first, a middle one, COMMIT and the last that "
                        "writes were tried (" +
                            text + "); --all-statements tries each";
}

}  // namespace

std::string_view torture_page() { return page; }

ExitStatus torture_command(Workplace& workplace, std::vector<std::string> const& words) {
  Options& options = workplace.options();
  TortureOptions torture = parse_words(words, options);
  Reporter& reporter = workplace.reporter();
  if (options.help) {
    reporter.page(page);
    return ExitStatus::done;
  }
  if (torture.subject.runbook.empty())
    throw Error{ErrorKind::usage, "torture needs a runbook"}.with_hint("tenantsh torture master_init");
  int const jobs = options.settings.jobs > 0
                       ? options.settings.jobs
                       : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::stop_source stop;
  // Held: a second Ctrl-C must not end us before the servers are gone.
  workplace.interrupts().hold(true, [&] { stop.request_stop(); });
  runbooks::TortureResult const result =
      runbooks::torture({.driver = workplace.driver(),
                         .secrets = workplace.secrets(),
                         .folder = runbooks::roomy_folder(jobs),
                         .stop = stop.get_token(),
                         .report = [&](std::string const& line) { reporter.note(line); }},
                        torture.subject, torture.choice, jobs);
  scripting::Answer answer;
  answer.value = matrix(result, torture.choice.faults);
  reporter.answer(answer);
  if (std::string const text = faults_found(result); !text.empty()) reporter.note(text);
  if (std::string const text = statements_left_out(result); !torture.choice.all_statements && !text.empty())
    reporter.note(text);
  if (std::string const text = resumed_again(result); !text.empty()) reporter.note(text);
  reporter.note(totals(result));
  bool const good = std::all_of(result.findings.begin(), result.findings.end(),
                                [](runbooks::Finding const& finding) { return is_same(finding.verdict); });
  return good ? ExitStatus::done : ExitStatus::failed;
}

}  // namespace shell
