#include <fmt/format.h>

#include <algorithm>

#include "fleet/clock.hpp"
#include "runbooks/engine/html.hpp"
#include "runbooks/engine/report.hpp"
#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

struct Page {
  FoundRun const& run;
  std::string const& state;
  Story story;
};

std::string duration(long ms) { return fleet::human_duration(std::chrono::milliseconds{ms}); }

// The class of a result or a state: how it is coloured. The word stands beside the colour everywhere.
std::string tone(std::string const& word) {
  if (word == "done" || word == "already_done" || word == "by_hand") return "good";
  if (word == "failed") return "bad";
  if (word == "not_needed" || word == "pending" || word == "abandoned") return "idle";
  return "mind";
}

std::string state_span(std::string const& word) {
  std::string const said = word == "no_result" || word == "intent" ? "no result" : event_words(word);
  return fmt::format("<span class=\"state {}\">{}</span>", tone(word), html_text(said));
}

std::string fact(std::string const& name, std::string const& html) {
  return html.empty() ? "" : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, html);
}

std::string step_counts(RunRecord const& record) {
  std::vector<std::pair<std::string, int>> counts;
  for (std::string const& path : record.order) {
    std::string const word = event_words(std::string{to_string(record.step(path).state)});
    auto const found =
        std::find_if(counts.begin(), counts.end(), [&](auto const& count) { return count.first == word; });
    if (found == counts.end())
      counts.emplace_back(word, 1);
    else
      ++found->second;
  }
  std::string text;
  for (auto const& [word, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word == "begun" ? "no result" : word);
  return text.empty() ? "none begun" : text;
}

std::string head(Page const& page) {
  RunRecord const& record = page.run.record;
  std::string operators;
  for (Sitting const& sitting : page.story.sittings)
    if (operators.find(sitting.who) == std::string::npos)
      operators += (operators.empty() ? "" : ", ") + sitting.who;
  std::string const last = page.run.events.empty() ? "" : page.run.events.back().at;
  long work = 0;
  for (Chapter const& chapter : page.story.chapters)
    if (chapter.known) work += chapter.ms;
  std::string text = fmt::format(
      "<header class=\"head\">\n<div class=\"title\"><h1>{}</h1>{}</div>\n"
      "<p class=\"soft\">run <code>{}</code> on <b>{}</b></p>\n<dl class=\"facts sheet\">\n",
      html_text(record.runbook), state_span(page.state), html_text(record.id), html_text(record.environment));
  text += fact("Operator", html_text(operators));
  text += fact("Started", html_text(readable_time(record.started)));
  text += fact(record.ended.empty() ? "Last event" : "Ended", html_text(readable_time(last)));
  text += fact("From start to end", duration(elapsed_ms(record.started, last)));
  text += fact("At work in steps", duration(work)) + fact("Steps", html_text(step_counts(record)));
  text += fact("Processes", std::to_string(page.story.sittings.size()));
  if (!record.file.empty())
    text += fmt::format("<div class=\"wide\"><dt>Script</dt><dd><code>{}</code></dd></div>\n",
                        html_text(record.file));
  return text +
         "</dl>\n<nav aria-label=\"Parts of this report\"><a href=\"#timeline\">Timeline</a> "
         "<a href=\"#inputs\">Inputs</a> " +
         (plan_of(page.run.events).is_null() ? "" : "<a href=\"#plan\">Plan</a> ") +
         "<a href=\"#steps\">Steps</a> <a href=\"#processes\">Processes</a> "
         "<a href=\"#journal\">Journal</a> <a href=\"#script\">Script</a></nav>\n</header>\n";
}

std::string error_block(Json const& error, std::string const& title) {
  if (!error.is_object()) return {};
  std::string text = fmt::format("<div class=\"error\"><p class=\"soft\">{}</p><div>{}</div>",
                                 html_text(title), html_value(error.value("message", Json{})));
  for (auto const& [name, value] : error_fields(error))
    text += fmt::format("<div><span class=\"soft\">{}:</span> {}</div>", html_text(name), html_value(value));
  return text + "</div>\n";
}

// Where an unfinished run stands and how to go on.
std::string callout(Page const& page) {
  RunRecord const& record = page.run.record;
  if (page.state == "done" || page.state == "undone") return {};
  StepRecord const step = record.step(record.last_step);
  std::string text = fmt::format("<section class=\"sheet callout{}\" aria-label=\"Where it stands\">\n",
                                 page.state == "failed" ? "" : " mind");
  text += fmt::format("<p>{}{}</p>\n", state_span(page.state),
                      record.last_step.empty() ? "" : " at step <b>" + html_text(record.last_step) + "</b>");
  if (step.state == StepState::failed) text += error_block(step.error, "what stopped it");
  if (!page.run.events.empty() && page.run.events.back().step.empty() && !page.run.events.back().note.empty())
    text += fmt::format("<p>{}</p>\n", html_text(page.run.events.back().note));
  if (page.state != "abandoned" && page.state != "running")
    text += fmt::format("<p class=\"soft\">Go on with <code>tenantsh runs resume {}</code></p>\n",
                        html_text(record.id));
  return text + "</section>\n";
}

std::string remark_line(Chapter const& chapter, Page const& page) {
  std::string text = html_text(event_words(chapter.result)) + " · " +
                     html_text(readable_time(chapter.began)) + " · " + html_text(chapter.who);
  if (chapter.result == "resumed" || chapter.result == "undo_started")
    text += " · " + html_text(page.story.sittings[static_cast<std::size_t>(chapter.sitting)].process);
  if (!chapter.note.empty()) text += " · " + html_text(chapter.note);
  return "<li class=\"remark\"><span>" + text + "</span></li>\n";
}

// Bars stand one behind the other, as the steps did; the time between them, in which nobody worked, is left
// out.
std::string timeline(Page const& page) {
  double total = 0, before = 0;
  for (Chapter const& chapter : page.story.chapters)
    if (chapter.known && !chapter.step.empty()) total += static_cast<double>(chapter.ms);
  total = std::max(total, 1.0);
  std::string text =
      "<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">Timeline</h2>\n<ol class=\"timeline "
      "sheet\">\n";
  for (Chapter const& chapter : page.story.chapters) {
    if (chapter.step.empty()) {
      text += remark_line(chapter, page);
      continue;
    }
    std::string bar;
    if (chapter.known) {
      double const share = static_cast<double>(chapter.ms) / total;
      bar = fmt::format("<span class=\"bar {}\" style=\"--from:{:.2f}%;--width:{:.2f}%\"></span>",
                        tone(chapter.result), std::min(before, 0.995) * 100, share * 100);
      before += share;
    }
    std::string says =
        chapter.error.is_object() ? plain_text(chapter.error.value("message", Json{})) : chapter.note;
    if (chapter.result == "no_result") says = "the process ended before it could tell";
    text += fmt::format(
        "<li><span class=\"name\">{}{}</span><span class=\"track\" aria-hidden=\"true\">{}</span>"
        "<span class=\"told\">{}{}</span>",
        html_text(chapter.item.empty() ? chapter.step : chapter.step + " › " + chapter.item),
        chapter.attempt > 1 ? fmt::format(" <span class=\"soft\">attempt {}</span>", chapter.attempt) : "",
        bar, state_span(chapter.result), chapter.ms > 0 ? " " + duration(chapter.ms) : "");
    if (!says.empty()) text += fmt::format("<div class=\"says\">{}</div>", html_value(says));
    text += "</li>\n";
  }
  return text +
         "</ol>\n<p class=\"soft\">A bar is as long as the step was at work; time spent waiting for answers "
         "or "
         "between two processes is not drawn.</p>\n</section>\n";
}

std::string inputs(Page const& page) {
  std::string const table = html_pairs(page.run.record.inputs, "input", "value");
  return "<section aria-labelledby=\"inputs\">\n<h2 id=\"inputs\">Inputs</h2>\n<div class=\"sheet\">" +
         (table.empty() ? "<p class=\"soft\">None.</p>" : table) + "</div>\n</section>\n";
}

// What was to be done, as it was told before, and who agreed to it.
std::string plan(Page const& page) {
  Json const lines = plan_of(page.run.events), approvals = approvals_of(page.run.events);
  std::string text;
  if (!lines.is_null()) {
    Json rows = Json::array();
    for (Json const& line : lines) {
      std::string effects;
      for (Json const& effect : line.value("effects", Json::array())) effects += plain_text(effect) + "\n";
      rows.push_back({{"step", line.value("step", "")},
                      {"on", line.value("target", "")},
                      {"planned", line.value("state", "")},
                      {"would do", effects}});
    }
    text += "<section aria-labelledby=\"plan\">\n<h2 id=\"plan\">Plan</h2>\n<div class=\"sheet\">" +
            html_table(rows, {}) + "</div>\n</section>\n";
  }
  if (!approvals.empty()) {
    Json rows = approvals;
    for (Json& row : rows) {
      row["digest"] = row.value("digest", "").substr(0, 16);
      for (char const* time : {"at", "expires"})
        if (row.contains(time)) row[time] = readable_time(row.value(time, ""));
    }
    text +=
        "<section aria-labelledby=\"approvals\">\n<h2 id=\"approvals\">Approvals</h2>\n<div "
        "class=\"sheet\">" +
        html_table(rows, {}) + "</div>\n</section>\n";
  }
  return text;
}

std::string step_article(Page const& page, std::string const& path, std::size_t number) {
  StepRecord const step = page.run.record.step(path);
  std::string kind, before, found, outputs = html_outputs(step.outputs);
  for (Chapter const& chapter : page.story.chapters) {
    if (chapter.step != path) continue;
    if (!chapter.kind.empty()) kind = chapter.kind + " · ";
    if (!chapter.before.empty()) found = chapter.before;
    std::string const at = readable_time(chapter.ended.empty() ? chapter.began : chapter.ended);
    std::string const who = chapter.who.empty() ? "" : " by " + chapter.who;
    if (chapter.error.is_object())
      before +=
          error_block(chapter.error,
                      fmt::format("{}{} {}{}{}", chapter.item.empty() ? "" : chapter.item + ": ",
                                  event_words(chapter.result), at, who,
                                  chapter.attempt > 0 ? fmt::format(", attempt {}", chapter.attempt) : ""));
    else if (!chapter.known)
      before += fmt::format("<p>{} <span class=\"soft\">{}{}</span> {}</p>\n", state_span(chapter.result),
                            html_text(at), html_text(who), html_text(chapter.note)) +
                html_outputs(chapter.outputs);
  }
  std::string text = fmt::format(
      "<article class=\"sheet step\"><header><h3><span "
      "class=\"number\">{}</span>{}</h3><span>{}{}</span></header>\n"
      "<p class=\"when\">{}{}{}</p>\n",
      number, html_text(path), state_span(std::string{to_string(step.state)}),
      step.ms > 0 ? " " + duration(step.ms) : "",
      html_text(kind + (step.target.empty() ? "" : "on " + step.target + " · ")),
      html_text(readable_time(step.at)),
      step.attempts > 1 ? fmt::format(" · {} attempts", step.attempts) : "");
  if (!step.note.empty()) text += fmt::format("<div>{}</div>\n", html_value(step.note));
  if (!found.empty()) text += fmt::format("<p class=\"soft\">before: {}</p>\n", html_text(found));
  if (!before.empty() || !found.empty()) before += outputs.empty() ? "" : "<p class=\"soft\">after:</p>\n";
  return text + before + outputs + "</article>\n";
}

std::string steps(Page const& page) {
  std::string text = "<section aria-labelledby=\"steps\">\n<h2 id=\"steps\">Steps</h2>\n";
  std::size_t number = 0;
  for (std::string const& path : page.run.record.order) text += step_article(page, path, ++number);
  if (number == 0) text += "<p class=\"soft\">No step was begun.</p>\n";
  return text + "</section>\n";
}

std::string processes(Page const& page) {
  Json rows = Json::array();
  for (Sitting const& sitting : page.story.sittings)
    rows.push_back({{"operator", sitting.who},
                    {"process", sitting.process},
                    {"from", readable_time(sitting.from)},
                    {"to", readable_time(sitting.to)}});
  return "<section aria-labelledby=\"processes\">\n<h2 id=\"processes\">Operators and processes</h2>\n"
         "<div class=\"sheet\">" +
         html_table(rows, {}) + "</div>\n</section>\n";
}

std::string notes(Page const& page) {
  if (page.run.notes.empty()) return {};
  Json rows = Json::array();
  for (RunNote const& note : page.run.notes)
    rows.push_back({{"at", readable_time(note.at)}, {"author", note.author}, {"note", note.text}});
  return "<section aria-labelledby=\"notes\">\n<h2 id=\"notes\">Notes</h2>\n<div class=\"sheet\">" +
         html_table(rows, {}) + "</div>\n</section>\n";
}

std::string journal(Page const& page) {
  Json rows = Json::array();
  for (Event const& event : page.run.events) {
    std::string says = event.note;
    if (says.empty() && event.error.is_object()) says = plain_text(event.error.value("message", Json{}));
    rows.push_back({{"seq", event.seq},
                    {"at", event.at},
                    {"event", event.event},
                    {"step", event.step},
                    {"ms", event.ms > 0 ? Json(event.ms) : Json{}},
                    {"operator", event.who},
                    {"says", says}});
  }
  return "<section aria-labelledby=\"journal\">\n<h2 id=\"journal\">Journal</h2>\n<details "
         "class=\"sheet journal\"><summary>" +
         fmt::format("{} events", rows.size()) + "</summary>\n" + html_table(rows, {}) +
         "</details>\n</section>\n";
}

// The script as it was at the start, and again wherever a process went on with another.
std::string scripts(Page const& page) {
  std::string text = "<section aria-labelledby=\"script\">\n<h2 id=\"script\">Script</h2>\n", before;
  for (Event const& event : page.run.events) {
    if (!event.outputs.is_object() || !event.outputs.contains("script")) continue;
    std::string const sha256 = plain_text(event.outputs.value("sha256", Json{}));
    if (sha256 == before) continue;
    before = sha256;
    text += fmt::format(
        "<details class=\"sheet\"><summary>As it was {} <span class=\"soft mono\">sha256 "
        "{}</span></summary>\n"
        "<pre tabindex=\"0\">\n{}</pre></details>\n",
        html_text(readable_time(event.at)), html_text(sha256.substr(0, 16)),
        html_text(plain_text(event.outputs["script"])));
  }
  return text + (before.empty() ? "<p class=\"soft\">Not journalled.</p>\n" : "") + "</section>\n";
}

}  // namespace

std::string report_html(FoundRun const& run, std::string const& state) {
  Page const page{run, state, story_of(run.events)};
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{} · run {} · "
      "{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n",
      html_text(run.record.runbook), html_text(run.record.id), html_text(event_words(state)), report_style);
  text += head(page) + "<main>\n" + callout(page) + timeline(page) + inputs(page) + plan(page) + steps(page) +
          notes(page) + processes(page) + journal(page) + scripts(page) + "</main>\n";
  return text +
         "<footer>Made by tenantsh from the run's journal. This file needs nothing else and refers to "
         "nothing "
         "outside of it.</footer>\n</body>\n</html>\n";
}

}  // namespace runbooks
