#include "runbooks/engine/transcript.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "fleet/clock.hpp"
#include "fleet/error.hpp"
#include "fleet/private_files.hpp"
#include "runbooks/engine/markdown.hpp"
#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

std::string after(long ms) {
  return ms > 0 ? " after " + fleet::human_duration(std::chrono::milliseconds{ms}) : "";
}

std::string item(std::string const& name, std::string const& value) {
  return value.empty() ? "" : fmt::format("- {}: {}\n", name, markdown_text(value));
}

std::string error_text(Json const& error) {
  if (!error.is_object()) return {};
  std::string text = item("error", plain_text(error.value("message", Json{})));
  for (auto const& [name, value] : error_fields(error)) text += item(markdown_text(name), value);
  return text;
}

std::vector<std::pair<std::string, std::string>> pairs_of(Json const& object) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto const& field : object.items()) pairs.emplace_back(field.key(), plain_text(field.value()));
  return pairs;
}

}  // namespace

std::string Narrator::who_else(Event const& event) const {
  return event.who.empty() || event.who == who_ ? "" : " by " + markdown_text(event.who);
}

std::string Narrator::tell_start(Event const& event) {
  Json const head = event.outputs.is_object() ? event.outputs : Json::object();
  auto const said = [&](char const* key) { return plain_text(head.value(key, Json{})); };
  who_ = event.who;
  std::string text = fmt::format("# {} · run {}\n\n", markdown_text(said("runbook")), markdown_text(run_id_));
  text += item("environment", said("environment"));
  text += item("operator", event.who) + item("process", process_words(head));
  text += item("started", readable_time(event.at));
  text += item("script", said("file")) + item("sha256", said("sha256"));
  Json const inputs = head.value("inputs", Json{});
  if (!inputs.is_object() || inputs.empty()) return text + "\nNo inputs.\n";
  return text + "\n## Inputs\n\n" + markdown_table({"input", "value"}, pairs_of(inputs));
}

std::string Narrator::tell_step(Event const& event) {
  std::string text;
  if (event.step != step_) text = fmt::format("\n## {}\n\n", markdown_text(event.step));
  step_ = event.step;
  std::string const about = event.item.empty() ? "" : "item " + markdown_text(event.item) + " ";
  text += fmt::format("- {}{}: {}{}{}", about, markdown_text(event_words(event.event)),
                      readable_time(event.at), after(event.ms), who_else(event));
  if (!event.kind.empty() && event.event == "intent") text += ", " + markdown_text(event.kind);
  if (event.attempt > 0) text += fmt::format(", attempt {}", event.attempt);
  text += "\n";
  char const* const saying = event.event == "intent"         ? "before"
                             : event.event == "skipped"      ? "reason"
                             : event.event == "already_done" ? "evidence"
                                                             : "note";
  return text + item(saying, event.note) + error_text(event.error) + markdown_outputs(event.outputs);
}

// A line of its own about the run as a whole. What follows it has a heading again.
std::string Narrator::tell_run(Event const& event) {
  step_.clear();
  if (event.event == "resumed" || event.event == "undo_started") {
    who_ = event.who;
    std::string const process = process_words(event.outputs);
    return fmt::format("\n---\n\n**{}** {} by {}{}\n", event.event == "resumed" ? "Resumed" : "Undo begun",
                       readable_time(event.at), markdown_text(event.who),
                       process.empty() ? "" : ", " + markdown_text(process));
  }
  std::string words = event_words(event.event);
  if (!words.empty()) words.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(words[0])));
  std::string text = fmt::format("\n**{}** {}{}{}", markdown_text(words), readable_time(event.at),
                                 after(event.ms), who_else(event));
  if (!event.note.empty()) text += ": " + markdown_text(event.note);
  std::string const more = error_text(event.error) + markdown_outputs(told_outputs(event));
  return text + "\n" + (more.empty() ? "" : "\n" + more);
}

std::string Narrator::tell(Event const& event) {
  std::string text = event.event == "run_started" ? tell_start(event)
                     : event.step.empty()         ? tell_run(event)
                                                  : tell_step(event);
  if (blank_ && text.starts_with('\n')) text.erase(0, 1);
  blank_ = text.ends_with("\n\n");
  return text;
}

std::string transcript_text(std::string const& run_id, std::vector<Event> const& events) {
  Narrator narrator{run_id};
  std::string text;
  for (Event const& event : events) text += narrator.tell(event);
  return text;
}

void Transcript::begin(std::vector<Event> const& events, std::size_t durable) {
  std::string text;
  for (; told_ < durable; ++told_) text += narrator_.tell(events[told_]);
  fleet::write_private_file(path_, text);
  file_ = fleet::FileDescriptor{::open(path_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)};
  if (!file_) throw fleet::io_error("write", path_, errno);
}

void Transcript::append(std::string_view piece) {
  while (!piece.empty()) {
    ssize_t const count = ::write(file_.get(), piece.data(), piece.size());
    if (count >= 0)
      piece.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      throw fleet::io_error("write", path_, errno);
  }
}

void Transcript::bring_up(std::filesystem::path const& mirror, std::vector<Event> const& events,
                          std::size_t durable) {
  if (given_up_) return;
  try {
    if (!file_) {
      path_ = std::filesystem::path{mirror}.replace_extension(".md");
      begin(events, durable);
    }
    for (; told_ < durable; ++told_) append(narrator_.tell(events[told_]));
  } catch (std::exception const& problem) {
    given_up_ = true;
    if (note_)
      note_(
          fmt::format("the transcript goes no further ({}); the journal has everything: "
                      "tenantsh runs report {} --as markdown",
                      problem.what(), run_id_));
  }
}

}  // namespace runbooks
