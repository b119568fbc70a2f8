#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fleet/error.hpp"
#include "runbooks/engine/console.hpp"
#include "scripting/value.hpp"
#include "shell/exit_status.hpp"
#include "shell/output.hpp"
#include "shell/render.hpp"

namespace shell {

enum class Colour { automatic, always, never };
enum class Conversation { plain, events };  // events: everything as JSON lines on standard output (--json)

struct ReporterOptions {
  Format format = Format::table;
  Conversation conversation = Conversation::plain;
  Colour colour = Colour::automatic;
};

// The only writer to standard output and standard error: results on one, everything else on the other,
// secrets replaced by their references in every line.
//
// Events, one JSON object a line: {"v":1,"event":E,…} with E =
//   rows      columns [{name, type}], rows [{…}], failures [error], asked
//   value     value
//   say note  text
//   question  text, choices, flag
//   error     message, kind, sqlstate, detail, hint, server, tenant
class Reporter {
 public:
  using Redact = std::function<std::string(std::string)>;

  // `options` may still change while the command line is being read.
  Reporter(Output& out, Output& err, Redact redact, ReporterOptions const& options)
      : out_(out), err_(err), redact_(std::move(redact)), options_(options) {}

  // A page of text for standard output: help, a version.
  void page(std::string_view text);
  // Prints value, failures and notes; says what the exit status is after it.
  ExitStatus answer(scripting::Answer const& answer);
  // For rows that are printed as they come, in the formats that can; nullopt for the others and for events.
  std::optional<scripting::Printing> printing();
  void say(std::string_view text);
  void note(std::string_view text);
  void question(runbooks::Question const& question);
  ExitStatus error(fleet::Error const& error);
  void flush() { out_.flush(); }

  // Asked at each result: how many rows of a table a terminal is shown; 0: all.
  void limit_rows(std::function<std::size_t()> limit) { row_limit_ = std::move(limit); }

  ReporterOptions const& options() const { return options_; }
  bool coloured(Output const& output) const;
  std::string redact(std::string text) const { return redact_(std::move(text)); }

 private:
  RenderOptions render_options() const;
  std::string answers_line(scripting::Rows const& rows) const;
  ExitStatus rows_event(scripting::Rows const& rows);
  void event(scripting::Json body);
  void line_to_error(std::string const& text);

  // Rows that come one tenant at a time are seen at once, also through a pipe.
  class Unbuffered final : public fleet::CopySink {
   public:
    explicit Unbuffered(Output& out) : out_(out) {}
    void write(std::string_view bytes) override {
      out_.write(bytes);
      out_.flush();
    }

   private:
    Output& out_;
  };

  Output& out_;
  Unbuffered as_they_come_{out_};
  Output& err_;
  Redact redact_;
  std::function<std::size_t()> row_limit_;
  ReporterOptions const& options_;
};

// What an operator reads below "tenantsh: ": message, place, SQL with a caret, detail, hint.
std::string error_text(fleet::Error const& error);

}  // namespace shell
