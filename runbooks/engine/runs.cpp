#include <fmt/format.h>

#include <algorithm>

#include "runbooks/engine/journal.hpp"

namespace runbooks {

namespace {

Json parse_or_null(std::optional<std::string_view> cell) { return cell ? Json::parse(*cell) : Json{}; }

Event event_of_row(fleet::Result const& rows, std::size_t i) {
  Event event;
  auto const number = [&](char const* name) {
    std::string const text = rows.text(i, name);
    return text.empty() ? 0L : std::stol(text);
  };
  event.seq = static_cast<int>(number("seq"));
  event.at = rows.text(i, "at");
  event.event = rows.text(i, "event");
  event.step = rows.text(i, "step_path");
  event.item = rows.text(i, "item");
  event.kind = rows.text(i, "kind");
  event.target = rows.text(i, "target");
  event.attempt = static_cast<int>(number("attempt"));
  event.hash = rows.text(i, "body_hash");
  event.epoch = static_cast<int>(number("epoch"));
  event.who = rows.text(i, "operator");
  event.ms = number("elapsed_ms");
  event.outputs = parse_or_null(rows.at(i, "outputs"));
  event.error = parse_or_null(rows.at(i, "error"));
  event.note = rows.text(i, "note");
  return event;
}

// Runs that only master knows: made on another machine, or their mirror is gone.
std::vector<FoundRun> runs_in_master(fleet::Fleet& fleet, std::vector<FoundRun> const& known) {
  std::vector<FoundRun> found;
  auto session =
      fleet.driver().connect(fleet.journal(), fleet.secrets(), {.access = fleet::Access::read_only});
  if (session->query({"select to_regclass('runbook.attempt') is not null"}).value() != "t") return found;
  auto const rows = session->query(
      {"select run_id, seq, to_char(a.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at, "
       "event,"
       " step_path, kind, attempt, body_hash, a.epoch, a.operator, elapsed_ms, outputs, error, note, "
       "to_jsonb(a) ->> 'item' as item, to_jsonb(a) ->> 'target' as target"
       " from runbook.attempt a join runbook.run r on r.id = a.run_id where r.environment = $1"
       " order by run_id, seq",
       {fleet.environment().name}});
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::string const id = rows.text(i, "run_id");
    if (std::any_of(known.begin(), known.end(), [&](FoundRun const& run) { return run.record.id == id; }))
      continue;
    if (found.empty() || found.back().record.id != id) {
      found.emplace_back();
      found.back().record.id = id;
    }
    found.back().events.push_back(event_of_row(rows, i));
  }
  for (FoundRun& run : found) run.record = replay(run.record.id, run.events);
  return found;
}

}  // namespace

FoundRuns find_runs(fleet::Fleet& fleet, std::filesystem::path const& folder) {
  FoundRuns found;
  std::vector<FoundRun>& runs = found.runs;
  for (MirrorFile const& mirror : list_mirrors(folder)) {
    auto events = read_mirror(mirror.file);
    if (events.empty()) continue;
    runs.push_back({replay(mirror.id, events), events, mirror.file});
  }
  try {
    for (FoundRun& run : runs_in_master(fleet, runs)) runs.push_back(std::move(run));
  } catch (fleet::Error const& error) {
    found.master_unreachable = error.message;
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](FoundRun const& a, FoundRun const& b) { return a.record.started > b.record.started; });
  return found;
}

std::vector<RunNote> read_notes(fleet::Fleet& fleet, std::string const& run_id) {
  std::vector<RunNote> notes;
  try {
    auto session =
        fleet.driver().connect(fleet.journal(), fleet.secrets(), {.access = fleet::Access::read_only});
    if (session->query({"select to_regclass('runbook.note') is not null"}).value() != "t") return notes;
    auto const rows = session->query(
        {"select to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at, author, text"
         " from runbook.note where run_id = $1 order by runbook.note.at",
         {run_id}});
    for (std::size_t i = 0; i < rows.rows(); ++i)
      notes.push_back({rows.text(i, "at"), rows.text(i, "author"), rows.text(i, "text")});
  } catch (fleet::Error const& error) {
    if (error.kind == fleet::ErrorKind::interrupted) throw;
  }
  return notes;
}

FoundRun find_run(fleet::Fleet& fleet, std::filesystem::path const& folder, std::string const& id) {
  std::vector<FoundRun> matching;
  for (FoundRun& run : find_runs(fleet, folder).runs)
    if (run.record.id.rfind(id, 0) == 0) matching.push_back(std::move(run));
  if (id.empty() || matching.empty())
    throw fleet::Error{fleet::ErrorKind::not_found, fmt::format("no run \"{}\"", id)}.with_hint(
        "tenantsh runs list shows them");
  if (matching.size() > 1)
    throw fleet::Error{fleet::ErrorKind::usage,
                       fmt::format("\"{}\" fits {} runs; give more of the id", id, matching.size())};
  return std::move(matching.front());
}

}  // namespace runbooks
