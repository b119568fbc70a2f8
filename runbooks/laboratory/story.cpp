#include "runbooks/laboratory/story.hpp"

#include <fmt/format.h>

#include <set>

#include "runbooks/engine/event.hpp"
#include "runbooks/engine/mirror.hpp"

namespace runbooks {

namespace {

std::string settled_as(StepState state) {
  return state == StepState::already_done ? "done" : std::string{to_string(state)};
}

// "3 done roles": what mirror and master must agree on.
std::vector<std::string> lines_of(std::vector<Event> const& events) {
  std::vector<std::string> lines;
  for (Event const& event : events)
    lines.push_back(fmt::format("{} {} {} {}", event.seq, event.event, event.step, event.item));
  return lines;
}

std::vector<std::string> lines_in_master(fleet::Session& master, std::string const& id) {
  std::vector<std::string> lines;
  auto const rows =
      master.query({"select seq, event, coalesce(step_path, '') as step, coalesce(item, '') as item"
                    " from runbook.attempt where run_id = $1 order by seq",
                    {id}});
  for (std::size_t i = 0; i < rows.rows(); ++i)
    lines.push_back(fmt::format("{} {} {} {}", rows.text(i, "seq"), rows.text(i, "event"),
                                rows.text(i, "step"), rows.text(i, "item")));
  return lines;
}

// A step, or an item of one, that was done and not put back since must not be done again.
void check_done_once(std::vector<Event> const& events, std::vector<std::string>& faults) {
  std::set<std::pair<std::string, std::string>> done;
  for (Event const& event : events) {
    if (event.event == "released" || event.event == "undone")
      std::erase_if(done, [&](auto const& entry) { return entry.first == event.step; });
    if (event.event != "done") continue;
    // A check may be made as often as it is passed.
    if (!event.kind.empty() && event.attempt == 0) continue;
    if (!done.insert({event.step, event.item}).second)
      faults.push_back(fmt::format("step {}{} was done twice", event.step,
                                   event.item.empty() ? "" : fmt::format(" ({})", event.item)));
  }
}

void check_sequence(std::vector<Event> const& events, std::vector<std::string>& faults) {
  int expected = 0;
  for (Event const& event : events)
    if (event.seq != ++expected) {
      faults.push_back(fmt::format("the mirror's line {} has the number {}", expected, event.seq));
      return;
    }
}

void check_master(Workbench const& bench, Story& story, std::vector<Event> const& events) {
  auto const server = bench.open("master", "postgres");
  if (server->query({"select 1 from pg_database where datname = 'master'"}).empty()) {
    story.faults.emplace_back("there is no master to compare the mirror with");
    return;
  }
  auto const master = bench.open("master", "master");
  auto const ours = lines_of(events), theirs = lines_in_master(*master, story.id);
  for (std::size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    std::string const mirror = i < ours.size() ? ours[i] : "nothing",
                      row = i < theirs.size() ? theirs[i] : "nothing";
    if (mirror == row) continue;
    story.faults.push_back(fmt::format("the mirror says \"{}\", master \"{}\"", mirror, row));
    break;
  }
  auto const state = master->query({"select state from runbook.run where id = $1", {story.id}}).value();
  if (state != story.state)
    story.faults.push_back(
        fmt::format("the mirror says {}, master {}", story.state, state.value_or("nothing")));
  auto const leases = master->query({"select object from runbook.lease where run_id = $1", {story.id}});
  if (story.state == "done" && !leases.empty())
    story.faults.push_back(fmt::format("it still holds the lease of {}", leases.text(0, "object")));
}

}  // namespace

Story read_story(Workbench const& bench) {
  Story story;
  for (MirrorFile const& mirror : list_mirrors(bench.home() / "runs" / "sandbox")) {
    if (std::filesystem::exists(bench.root() / "kept" / "runs" / "sandbox" / mirror.file.filename()))
      continue;
    auto const events = read_mirror(mirror.file);
    if (events.empty()) continue;
    RunRecord const record = replay(mirror.id, events);
    story.id = mirror.id;
    story.state = record.state;
    for (auto const& [path, step] : record.steps) story.steps[path] = settled_as(step.state);
    check_sequence(events, story.faults);
    check_done_once(events, story.faults);
    if (story.state == "done" || story.state == "stopped") check_master(bench, story, events);
    break;
  }
  return story;
}

std::vector<std::string> differences(Story const& found, Story const& undisturbed) {
  std::vector<std::string> told = found.faults;
  if (found.state != undisturbed.state)
    told.push_back(fmt::format("the run is {}, undisturbed {}", found.state.empty() ? "unknown" : found.state,
                               undisturbed.state));
  for (auto const& [path, state] : undisturbed.steps) {
    auto const ours = found.steps.find(path);
    std::string const now = ours == found.steps.end() ? "lost" : ours->second;
    if (now != state) told.push_back(fmt::format("step {} is {}, undisturbed {}", path, now, state));
  }
  for (auto const& [path, state] : found.steps)
    if (!undisturbed.steps.contains(path))
      told.push_back(fmt::format("step {} is {}, undisturbed it is not met", path, state));
  return told;
}

}  // namespace runbooks
