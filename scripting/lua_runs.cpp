// runs: list, show, report, diff, looking back. Going on is lua_resume.cpp's.

#include <fmt/format.h>

#include <algorithm>

#include "fleet/private_files.hpp"
#include "runbooks/engine/changes.hpp"
#include "runbooks/engine/planner.hpp"
#include "runbooks/engine/report.hpp"
#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/transcript.hpp"
#include "runbooks/engine/wording.hpp"
#include "scripting/objects.hpp"
#include "scripting/run_verbs.hpp"
#include "scripting/runbook_file.hpp"
#include "scripting/state.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// The journal beside the script as it is now, and the outcome that a resume would find.
Answer diff_run(World& world, Arguments const& arguments) {
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  auto const runbook = load_runbook(world.lua, found.record.file);
  Rows rows{fleet::Result{{{"step"}, {"journal"}, {"script"}, {"formerly"}}}, {}, 0};
  bool changed = false;
  for (auto const& change : runbooks::compare(found.record, *runbook)) {
    rows.result.append(change.step);
    rows.result.append(runbooks::to_string(change.state));
    rows.result.append(runbooks::to_string(change.change));
    rows.result.append(change.formerly.empty() ? std::optional<std::string_view>{} : change.formerly);
    changed =
        changed || (change.change != runbooks::Change::none && change.change != runbooks::Change::added);
  }
  return {std::move(rows), {}, changed ? std::optional{ErrorKind::pending} : std::nullopt};
}

Answer list_runs(World& world, Arguments const&) {
  Rows rows{fleet::Result{{{"id"}, {"runbook"}, {"state"}, {"started"}, {"operator"}, {"last_step"}}}, {}, 0};
  auto const found = runbooks::find_runs(world.fleet, runs_folder(world));
  for (auto const& run : found.runs) {
    rows.result.append(run.record.id);
    rows.result.append(run.record.runbook);
    rows.result.append(runbooks::state_of(run.record, world.who));
    rows.result.append(run.record.started);
    rows.result.append(run.record.who);
    rows.result.append(run.record.last_step);
  }
  std::vector<std::string> notes;
  if (!found.master_unreachable.empty())
    notes.push_back("only the runs of this machine; master was not asked: " + found.master_unreachable);
  return {std::move(rows), std::move(notes), {}};
}

Answer show_run(World& world, Arguments const& arguments) {
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  Rows rows{fleet::Result{{{"seq", fleet::type_oid::int4},
                           {"at"},
                           {"event"},
                           {"step"},
                           {"ms", fleet::type_oid::int8},
                           {"says"}}},
            {},
            0};
  for (auto const& event : found.events) {
    std::string says = event.note;
    if (event.error.is_object())
      says = event.error.value("message", "");
    else if (says.empty() && event.event != "run_started" && event.event != "resumed" &&
             !event.outputs.is_null())
      says = runbooks::told_outputs(event).dump();
    rows.result.append(std::to_string(event.seq));
    rows.result.append(event.at);
    rows.result.append(event.event);
    rows.result.append(event.step.empty() ? std::optional<std::string_view>{} : event.step);
    rows.result.append(event.ms > 0 ? std::optional{std::to_string(event.ms)} : std::nullopt);
    rows.result.append(says.empty() ? std::optional<std::string_view>{} : says);
  }
  std::vector<std::string> notes = {fmt::format("{} {} by {}, {}", found.record.runbook, found.record.id,
                                                found.record.who,
                                                runbooks::state_of(found.record, world.who))};
  for (auto const& note : runbooks::read_notes(world.fleet, found.record.id))
    notes.push_back(
        fmt::format("note of {}, {}: {}", note.author, runbooks::readable_time(note.at), note.text));
  return {std::move(rows), std::move(notes), {}};
}

enum class ReportForm { html, json, markdown };

ReportForm report_form(Arguments const& arguments) {
  std::string const as = arguments.text("as", "html");
  if (as == "html") return ReportForm::html;
  if (as == "json") return ReportForm::json;
  if (as == "markdown") return ReportForm::markdown;
  throw Error{ErrorKind::usage,
              fmt::format("a report is made as html, json or markdown, not as {}", fleet::in_quotes(as))};
}

// Where a report goes: beside what is there already only when that is a file. Writing renames a new file to
// that name, which must not take the place of a device; a link is followed.
std::filesystem::path report_target(std::string const& out) {
  std::error_code code;
  auto const status = std::filesystem::status(out, code);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error{ErrorKind::io, fmt::format("cannot write {}: it is no file", out)}.with_hint(
        "give --out the path of a file");
  if (!std::filesystem::exists(status)) return out;
  auto const real = std::filesystem::canonical(out, code);
  return code ? std::filesystem::path{out} : real;
}

void write_report(std::string const& out, std::string const& text) {
  try {
    fleet::write_private_file(report_target(out), text);
  } catch (Error& problem) {
    problem.hint = "give another path with --out";  // it is not about TENANTSH_HOME here
    throw;
  }
}

std::string default_out(std::string const& id) { return "./run-" + id + ".html"; }

Answer report_run(World& world, Arguments const& arguments) {
  ReportForm const form = report_form(arguments);
  auto found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  for (runbooks::Event& event : found.events)
    // The journal holds references only; a report travels further than a journal, so it is made sure of.
    event = runbooks::Event::from_json(runbooks::without_secrets(event.to_json(), world.fleet.secrets()));
  found.record = runbooks::replay(found.record.id, found.events);
  found.notes = runbooks::read_notes(world.fleet, found.record.id);
  for (auto& note : found.notes) note.text = world.fleet.secrets().redact(std::move(note.text));
  std::string const state = runbooks::state_of(found.record, world.who);

  std::string out = arguments.text("out");
  if (out.empty() && form == ReportForm::json) return {runbooks::report_json(found, state), {}, {}};
  std::string text;
  switch (form) {
    case ReportForm::json:
      text = runbooks::report_json(found, state).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
      break;
    case ReportForm::markdown: text = runbooks::transcript_text(found.record.id, found.events); break;
    case ReportForm::html: text = runbooks::report_html(found, state); break;
  }
  if (out.empty() && form == ReportForm::markdown) {
    text.pop_back();  // printing ends the line
    return {Json(std::move(text)), {}, {}};
  }
  if (out.empty()) out = default_out(found.record.id);
  write_report(out, text);
  return {std::monostate{}, {fmt::format("written: {}", out)}, {}};
}

std::vector<std::string> describe_report(World& world, Arguments const& arguments) {
  std::string const out = arguments.text("out");
  if (!out.empty()) return {"write " + out};
  if (report_form(arguments) != ReportForm::html) return {};
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  return {"write " + default_out(found.record.id)};
}

}  // namespace

Parameter const id_parameter{.name = "id",
                             .type = Type::text,
                             .required = true,
                             .positional = true,
                             .brief = "the run's id or its beginning"};

std::filesystem::path runs_folder(World& world) {
  return world.home / "runs" / world.fleet.environment().name;
}

void add_runs(Registry& registry) {
  registry.add(Object{.name = "runs", .brief = "What runbooks did: the journal."});
  registry.add(Method{.object = "runs",
                      .name = "list",
                      .returns = "result: id, runbook, state, started, operator, last_step; newest first",
                      .errors = "none: without master the local mirrors are told",
                      .brief = "All runs of the environment.",
                      .example = "runs:list()",
                      .aliases = {"runs"},
                      .run = list_runs});
  registry.add(Method{.object = "runs",
                      .name = "show",
                      .parameters = {id_parameter},
                      .returns = "result: seq, at, event, step, ms, says",
                      .errors = "not_found; usage when the id fits several runs",
                      .brief = "The journal of one run.",
                      .example = "runs:list()",
                      .run = show_run});
  registry.add(Method{
      .object = "runs",
      .name = "report",
      .effect = Effect::write,
      .parameters = {id_parameter,
                     {.name = "as", .default_text = "html", .brief = "html, json or markdown"},
                     {.name = "out",
                      .type = Type::path,
                      .default_text = "./run-ID.html; json and markdown are returned",
                      .brief = "the file to write"}},
      .returns = "nothing when a file was written; else json: a table, markdown: text",
      .errors =
          "usage for another form or an id that fits several runs; not_found; io when it cannot be written",
      .brief =
          "The record of one run: a page to read and print, JSON for programs, or the transcript. Made from "
          "the journal, also while the run goes on.",
      .example = "for _, run in ipairs(runs:list()) do show(runs:report(run.id, { as = \"markdown\" })) end",
      .asks = false,
      .run = report_run,
      .describe = describe_report});
  registry.add(Method{.object = "runs",
                      .name = "diff",
                      .parameters = {id_parameter},
                      .returns = "result: step, journal, script, formerly; ends with exit 8 when they differ",
                      .errors = "not_found; usage when the script does not load",
                      .brief = "What the journal of a run says of each step beside the script as it is now.",
                      .example = "runs:list()",
                      .run = diff_run});
}

}  // namespace scripting
