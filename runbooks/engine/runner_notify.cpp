// Who is not at the terminal is told: a question waits, the run stopped, the run is done.

#include <fmt/format.h>

#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/wording.hpp"

namespace runbooks {

namespace {

constexpr std::size_t longest_text = 2000;
constexpr std::size_t longest_body = 60'000;  // curl takes 100,000 in one line of its configuration

std::string one_line(std::string const& text) {
  std::string line = clean_text(text).substr(0, longest_text);
  for (char& c : line)
    if (c == '\n' || c == '\t') c = ' ';
  return line;
}

std::string stopped_words(fleet::ErrorKind kind, bool undo) {
  std::string const what = undo ? "undo " : "";
  if (kind == fleet::ErrorKind::in_doubt) return what + "is in doubt";
  if (kind == fleet::ErrorKind::interrupted) return what + "was interrupted";
  return what + "failed";
}

}  // namespace

// The questions of a run are watched as long as it goes on.
class Runner::WatchedQuestions {
 public:
  explicit WatchedQuestions(Runner& runner) : notifier_(runner.parts_.notifier) {
    notifier_.watch_questions([&runner](Question const& question) {
      runner.tell_waiting(runner.parts_.console.interactive() || question.flag.empty()
                              ? question.text
                              : fmt::format("{} (answer it with {})", question.text, question.flag));
    });
  }
  ~WatchedQuestions() { notifier_.watch_questions({}); }
  WatchedQuestions(WatchedQuestions const&) = delete;
  WatchedQuestions& operator=(WatchedQuestions const&) = delete;

 private:
  Notifier const& notifier_;
};

RunRecord Runner::told(Way way, std::function<RunRecord()> const& go) {
  if (!parts_.notifier.send) return go();
  WatchedQuestions const watched{*this};
  auto const start = std::chrono::steady_clock::now();
  try {
    RunRecord record = go();
    if (record.state == "done" || record.state == "undone") {
      std::chrono::milliseconds const elapsed{since(start)};
      at_ = nullptr;
      Json more;
      more["elapsed_ms"] = elapsed.count();
      tell(
          "done",
          fmt::format("{} in {}", way == Way::back ? "is undone" : "is done", fleet::human_duration(elapsed)),
          more);
    }
    return record;
  } catch (fleet::Error const& error) {
    tell_stopped(way, error);
    throw;
  } catch (std::exception const& error) {
    tell_stopped(way, {fleet::ErrorKind::failed, error.what()});
    throw;
  }
}

void Runner::tell_waiting(std::string const& question) {
  told_waiting_ = true;
  std::string const where = at_ != nullptr ? fmt::format(" at step \"{}\"", at_->path) : "";
  Json more = Json::object();
  // At a terminal the question itself is what goes on.
  if (!parts_.console.interactive() && acted_) more["next"] = next_command("resume");
  tell("waiting", fmt::format("waits for an answer{}: {}", where, question), more);
}

void Runner::tell_stopped(Way way, fleet::Error const& error) {
  if (error.kind == fleet::ErrorKind::declined) {
    // At a terminal a person said no. Elsewhere somebody has to come.
    if (!parts_.console.interactive() && !told_waiting_) tell_waiting(error.message);
    return;
  }
  std::string message = error.message, hint = error.hint;
  if (way == Way::forward && at_ != nullptr) {  // the error as it was before it said where
    StepRecord const record = journal_->record().step(at_->path);
    if (record.state == StepState::failed && record.error.is_object()) {
      message = record.error.value("message", message);
      hint = record.error.value("hint", "");
    }
  }
  std::string const where = at_ != nullptr ? fmt::format(" at step \"{}\"", at_->path) : "";
  Json more;
  more["error"]["message"] = message;
  more["error"]["kind"] = std::string{to_string(error.kind)};
  if (!hint.empty()) more["error"]["hint"] = hint;
  if (acted_) more["next"] = next_command(way == Way::back ? "undo" : "resume");
  tell("failed", fmt::format("{}{}: {}", stopped_words(error.kind, way == Way::back), where, message), more);
}

std::string Runner::next_command(std::string const& verb) const {
  return fmt::format("tenantsh runs {} {} --env {}", verb, view_.id, parts_.fleet.environment().name);
}

// Never stops a run, whatever goes wrong with it.
void Runner::tell(std::string const& event, std::string const& what, Json const& more) const noexcept {
  if (!parts_.notifier.send) return;
  try {
    std::string const& environment = parts_.fleet.environment().name;
    Json message{{"event", event},
                 {"environment", environment},
                 {"runbook", runbook_.name},
                 {"run", view_.id},
                 {"operator", view_.who}};
    std::string const step = at_ != nullptr ? at_->path : "";
    if (!step.empty()) message["step"] = step;
    message["text"] =
        fmt::format("{}: {} (run {} of {}) {}", environment, runbook_.name, view_.id, view_.who, what);
    message.update(more);
    if (std::string const tenant = only_tenant(); !tenant.empty()) message["tenant"] = tenant;
    message["at"] = fleet::iso_time(parts_.fleet.clock().now());
    message["inputs"] = view_.inputs;
    message = without_secrets(message, parts_.fleet.secrets());
    message["text"] = one_line(message["text"].get<std::string>());  // cut after the secrets are out of it
    if (message.contains("error"))
      for (Json& text : message["error"]) text = one_line(text.get<std::string>());
    auto const text = [&message] { return message.dump(-1, ' ', false, Json::error_handler_t::replace); };
    std::string body = text();
    if (body.size() > longest_body) {
      message.erase("inputs");
      body = text();
    }
    parts_.notifier.send(
        {.event = event, .run = view_.id, .runbook = runbook_.name, .step = step, .body = std::move(body)});
  } catch (std::exception const&) {
    // Nobody is told; the run is what counts.
  }
}

}  // namespace runbooks
