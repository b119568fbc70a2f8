#include "runbooks/engine/report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

bool settles_a_step(std::string const& event) {
  constexpr std::array<std::string_view, 9> results{"done",    "already_done", "not_needed",
                                                    "skipped", "by_hand",      "failed",
                                                    "undone",  "undo_skipped", "released"};
  return std::find(results.begin(), results.end(), event) != results.end();
}

bool begins_a_sitting(Event const& event) {
  return event.event == "run_started" || event.event == "resumed" || event.event == "undo_started";
}

bool begins_a_try(Event const& event) {
  return event.event == "intent" || event.event == "undo_intent" || event.event == "release_intent";
}

Chapter chapter_of(Event const& event, int sitting) {
  Chapter chapter;
  chapter.step = event.step;
  chapter.item = event.item;
  chapter.result = event.event;
  chapter.began = chapter.ended = event.at;
  chapter.kind = event.kind;
  chapter.target = event.target;
  chapter.note = event.note;
  chapter.who = event.who;
  chapter.attempt = event.attempt;
  chapter.sitting = sitting;
  chapter.ms = event.ms;
  chapter.known = settles_a_step(event.event);
  chapter.error = event.error;
  if (!begins_a_sitting(event)) chapter.outputs = event.outputs;  // a head is no output
  return chapter;
}

// The try at this step that this very process began and that has no result yet.
Chapter* open_try(Story& story, Event const& event, int sitting) {
  for (auto chapter = story.chapters.rbegin(); chapter != story.chapters.rend(); ++chapter)
    if (chapter->step == event.step && chapter->item == event.item)
      return chapter->result == "no_result" && chapter->sitting == sitting ? &*chapter : nullptr;
  return nullptr;
}

Json chapter_json(Chapter const& chapter, Story const& story) {
  Json line{{"result", chapter.result}, {"began", chapter.began}};
  if (!chapter.item.empty()) line["item"] = chapter.item;
  if (!chapter.ended.empty()) line["ended"] = chapter.ended;
  if (chapter.attempt > 0) line["attempt"] = chapter.attempt;
  if (!chapter.kind.empty()) line["kind"] = chapter.kind;
  if (!chapter.target.empty()) line["target"] = chapter.target;
  if (!chapter.before.empty()) line["before"] = chapter.before;
  if (chapter.ms > 0) line["ms"] = chapter.ms;
  line["who"] = chapter.who;
  if (auto const i = static_cast<std::size_t>(chapter.sitting); i < story.sittings.size())
    line["process"] = story.sittings[i].process;
  if (!chapter.note.empty()) line["note"] = chapter.note;
  if (!chapter.error.is_null()) line["error"] = chapter.error;
  if (!chapter.outputs.is_null()) line["outputs"] = chapter.outputs;
  return line;
}

Json step_json(std::string const& path, StepRecord const& step, Story const& story) {
  Json line{{"step", path}, {"state", std::string{to_string(step.state)}}, {"at", step.at}};
  if (!step.target.empty()) line["target"] = step.target;
  if (step.ms > 0) line["ms"] = step.ms;
  if (!step.note.empty()) line["note"] = step.note;
  line["outputs"] = step.outputs;
  if (!step.error.is_null()) line["error"] = step.error;
  line["attempts"] = Json::array();
  for (Chapter const& chapter : story.chapters)
    if (chapter.step == path) line["attempts"].push_back(chapter_json(chapter, story));
  return line;
}

}  // namespace

Json plan_of(std::vector<Event> const& events) {
  Json plan;
  for (Event const& event : events)
    if (event.event == "planned" || event.event == "approval_requested")
      plan = event.outputs.value("plan", Json{}).value("lines", Json{});
  return plan;
}

Json approvals_of(std::vector<Event> const& events) {
  Json approvals = Json::array();
  for (Event const& event : events) {
    if (event.event == "approval_requested")
      approvals.push_back({{"what", "asked for"},
                           {"login", event.outputs.value("login", "")},
                           {"operator", event.who},
                           {"at", event.at},
                           {"digest", event.outputs.value("digest", "")}});
    if (event.event == "approved")
      for (Json const& given : event.outputs.value("approvals", Json::array())) {
        Json line{{"what", "given"}};
        line.update(given);
        line["digest"] = event.outputs.value("digest", "");
        approvals.push_back(std::move(line));
      }
  }
  return approvals;
}

Story story_of(std::vector<Event> const& events) {
  Story story;
  for (Event const& event : events) {
    if (begins_a_sitting(event) || story.sittings.empty())
      story.sittings.push_back({event.who, process_words(event.outputs), event.at, event.at});
    int const sitting = static_cast<int>(story.sittings.size()) - 1;
    story.sittings.back().to = event.at;
    if (begins_a_try(event)) {
      story.chapters.push_back(chapter_of(event, sitting));
      story.chapters.back().result = "no_result";
      story.chapters.back().ended.clear();
      story.chapters.back().before = std::exchange(story.chapters.back().note, {});
      story.chapters.back().known = true;
      continue;
    }
    Chapter chapter = chapter_of(event, sitting);
    Chapter* const tried = chapter.known ? open_try(story, event, sitting) : nullptr;
    if (tried == nullptr) {
      story.chapters.push_back(std::move(chapter));
      continue;
    }
    chapter.began = tried->began;
    chapter.attempt = std::max(chapter.attempt, tried->attempt);
    if (chapter.kind.empty()) chapter.kind = tried->kind;
    chapter.target = tried->target;
    chapter.before = tried->before;
    *tried = std::move(chapter);
  }
  return story;
}

Json report_json(FoundRun const& run, std::string const& state) {
  RunRecord const& record = run.record;
  Story const story = story_of(run.events);
  Json report;
  report["run"] = {{"id", record.id},
                   {"runbook", record.runbook},
                   {"environment", record.environment},
                   {"state", state},
                   {"started", record.started},
                   {"ended", record.ended.empty() ? Json{} : Json(record.ended)},
                   {"operator", record.who},
                   {"host", record.host},
                   {"file", record.file},
                   {"sha256", record.sha256},
                   {"epoch", record.epoch}};
  report["inputs"] = record.inputs.is_object() ? record.inputs : Json::object();
  if (Json const plan = plan_of(run.events); !plan.is_null()) report["plan"] = plan;
  if (Json const approvals = approvals_of(run.events); !approvals.empty()) report["approvals"] = approvals;
  for (RunNote const& note : run.notes)
    report["notes"].push_back({{"at", note.at}, {"author", note.author}, {"text", note.text}});
  report["processes"] = Json::array();
  for (Sitting const& sitting : story.sittings)
    report["processes"].push_back(
        {{"who", sitting.who}, {"process", sitting.process}, {"from", sitting.from}, {"to", sitting.to}});
  report["steps"] = Json::array();
  for (std::string const& path : record.order)
    report["steps"].push_back(step_json(path, record.step(path), story));
  report["remarks"] = Json::array();
  for (Chapter const& chapter : story.chapters) {
    bool const told_above =
        chapter.result == "run_started" ||
        std::find(record.order.begin(), record.order.end(), chapter.step) != record.order.end();
    if (told_above) continue;
    Json line = chapter_json(chapter, story);
    if (!chapter.step.empty()) line["step"] = chapter.step;
    report["remarks"].push_back(std::move(line));
  }
  report["events"] = Json::array();
  for (Event const& event : run.events) report["events"].push_back(event.to_json());
  return report;
}

}  // namespace runbooks
