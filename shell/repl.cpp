#include "shell/repl.hpp"

#include <fmt/format.h>

#include "fleet/clock.hpp"
#include "shell/completion.hpp"
#include "shell/line_editor.hpp"
#include "shell/prompt_commands.hpp"
#include "shell/prompt_session.hpp"
#include "shell/terminal.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;
using Steady = std::chrono::steady_clock;

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

bool is_complete(PromptSession& session, std::string const& text) {
  if (blank(text)) return true;
  switch (session.language(text)) {
    case Language::command: return true;
    // A blank line ends a statement as well.
    case Language::sql: return sql_is_complete(text) || (text.ends_with('\n') && sql_is_complete(text + ";"));
    case Language::lua: break;
  }
  return !session.workplace().interpreter().incomplete(text);
}

// Where entries come from.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // nullopt: the person leaves. Error{interrupted} for Ctrl-C.
  virtual std::optional<std::string> next(std::string const& prompt, std::string const& initial) = 0;
  virtual void remember(std::string const& /*entry*/) {}
};

class EditedEntries final : public EntrySource {
 public:
  EditedEntries(PromptSession& session, bool coloured)
      : editor_(
            session.workplace().interrupts(),
            {.is_complete = [&session](std::string const& text) { return is_complete(session, text); },
             .highlight =
                 [&session](std::string_view text) {
                   return highlight(text, session.language(text), session.globals());
                 },
             .candidates = [&session](std::string_view text,
                                      std::size_t cursor) { return candidates_for(session, text, cursor); }},
            coloured) {
    if (History* const history = session.history())
      for (HistoryEntry const& entry : history->entries()) editor_.remember(entry.entry);
  }
  std::optional<std::string> next(std::string const& prompt, std::string const& initial) override {
    return editor_.read(prompt, initial);
  }
  void remember(std::string const& entry) override { editor_.remember(entry); }

 private:
  LineEditor editor_;
};

// --editor plain, and terminals that know no cursor: the terminal's own line editing.
class PlainEntries final : public EntrySource {
 public:
  explicit PlainEntries(PromptSession& session)
      : session_(session), terminal_(session.workplace().interrupts()) {}
  std::optional<std::string> next(std::string const& prompt, std::string const& initial) override {
    std::string entry;
    if (!initial.empty()) terminal_.write(initial + "\n");
    terminal_.write(prompt);
    while (auto line = terminal_.read_line(Echo::on)) {
      entry += *line;
      if (blank(entry) && !initial.empty()) return initial;
      if (is_complete(session_, entry)) return entry;
      entry += "\n";
      terminal_.write(std::string(display_width(prompt) - 2, '.') + "> ");
    }
    terminal_.write("\n");
    return std::nullopt;
  }

 private:
  PromptSession& session_;
  Terminal terminal_;
};

bool can_edit(Workplace& workplace) {
  if (workplace.options().editor == Editor::plain) return false;
  char const* term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view{term} != "dumb";
}

// One entry from the key that ended it to the next prompt.
class Loop {
 public:
  Loop(Workplace& workplace, std::string place)
      : workplace_(workplace), place_(std::move(place)), session_(workplace) {
    bool const edited = can_edit(workplace);
    coloured_ = edited && workplace.reporter().coloured(workplace.output());
    if (edited)
      source_ = std::make_unique<EditedEntries>(session_, coloured_);
    else
      source_ = std::make_unique<PlainEntries>(session_);
    if (edited && place_.empty()) set_title();
  }

  void run() {
    while (!session_.leaving) {
      workplace_.interrupts().renew();
      if (workplace_.interrupts().told_to_end()) return;
      std::optional<std::string> entry;
      try {
        entry = source_->next(session_.prompt(place_, coloured_), std::exchange(session_.next_entry, {}));
      } catch (Error const& error) {
        if (error.kind != ErrorKind::interrupted) throw;
        if (workplace_.interrupts().told_to_end()) return;
        continue;
      }
      if (!entry) return;
      session_.settle();
      if (!blank(*entry)) take(*entry);
    }
  }

 private:
  void take(std::string const& entry) {
    source_->remember(entry);
    HistoryEntry done{fleet::iso_time(workplace_.world().fleet.clock().now()), entry, session_.scope().text(),
                      0, false};
    auto const start = Steady::now();
    done.failed = !carry_out(entry);
    done.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
    if (session_.timing) workplace_.reporter().note(fmt::format("time: {} ms", done.took_ms));
    // What was read from a secret must not end in the history either.
    if (workplace_.reporter().redact(entry) != entry) return;
    if (History* const history = session_.history())
      if (std::string const failure = history->add(std::move(done)); !failure.empty())
        workplace_.reporter().note(failure);
  }

  // False when it failed; that was told then.
  bool carry_out(std::string const& entry) {
    try {
      workplace_.entry([&] {
        if (session_.language(entry) == Language::command)
          run_prompt_command(session_, entry);
        else
          session_.run(entry);
      });
      workplace_.reporter().flush();
      return true;
    } catch (Error const& error) {
      if (workplace_.reader_gone()) throw;
      if (error.kind == ErrorKind::interrupted)
        workplace_.reporter().note("stopped");
      else
        workplace_.reporter().error(error);
      return false;
    }
  }

  void set_title() {
    std::string const title =
        "\x1b]0;tenantsh " + printable(workplace_.world().fleet.environment().name) + "\x07";
    Terminal{workplace_.interrupts()}.write(title);
  }

  Workplace& workplace_;
  std::string place_;
  PromptSession session_;
  std::unique_ptr<EntrySource> source_;
  bool coloured_ = false;
};

}  // namespace

ExitStatus run_repl(Workplace& workplace) {
  Loop{workplace, {}}.run();
  return ExitStatus::done;
}

void run_nested_repl(Workplace& workplace, std::string const& place) {
  workplace.interlude([&] { Loop{workplace, place}.run(); });
}

}  // namespace shell
