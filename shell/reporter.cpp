#include "shell/reporter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "scripting/result_answers.hpp"
#include "shell/render_formats.hpp"
#include "shell/text_width.hpp"

namespace shell {
namespace {

using scripting::Json;

bool utf8_locale() {
  for (char const* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    char const* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string_view const text{value};
    return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos ||
           text.find("UTF8") != text.npos;
  }
  return false;
}

// Lines after the first one stand below it.
std::string indented(std::string_view text, std::string_view margin) {
  std::string out;
  for (char const c : text) {
    out += c;
    if (c == '\n') out += margin;
  }
  return out;
}

// The line of the statement that holds `position` (1-based, in characters), with a caret below it.
std::string caret(std::string_view statement, int position) {
  std::size_t byte = 0;
  for (int character = 1; byte < statement.size(); ++byte) {
    if ((static_cast<unsigned char>(statement[byte]) & 0xc0U) == 0x80U) continue;
    if (character++ == position) break;
  }
  std::string_view const before = statement.substr(0, byte);
  std::size_t const start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  std::size_t const end = std::min(statement.find('\n', byte), statement.size());
  std::string const head = fmt::format("LINE {}: ", std::count(before.begin(), before.end(), '\n') + 1);
  std::string const left = printable(statement.substr(start, byte - start));
  return "\n  " + head + left + printable(statement.substr(byte, end - byte)) + "\n  " +
         std::string(head.size() + display_width(left), ' ') + "^";
}

Json error_json(fleet::Error const& error) {
  Json body = {{"message", error.message}, {"kind", fleet::to_string(error.kind)}};
  auto const add = [&](char const* name, std::string const& text) {
    if (!text.empty()) body[name] = text;
  };
  add("sqlstate", error.sqlstate);
  add("detail", error.detail);
  add("hint", error.hint);
  add("constraint", error.constraint);
  add("server", error.server);
  add("tenant", error.tenant);
  add("statement", error.statement);
  return body;
}

ExitStatus rows_status(scripting::Rows const& rows) {
  if (rows.failures.empty()) return ExitStatus::done;
  return rows.failures.size() < rows.asked ? ExitStatus::partial : ExitStatus::failed;
}

}  // namespace

std::string error_text(fleet::Error const& error) {
  std::string text = printable(error.message, LineBreaks::keep);
  if (!error.sqlstate.empty()) text += " (SQLSTATE " + error.sqlstate + ")";
  if (error.position > 0 && !error.statement.empty()) text += caret(error.statement, error.position);
  if (!error.detail.empty())
    text += "\n  detail: " + indented(printable(error.detail, LineBreaks::keep), "    ");
  if (!error.hint.empty()) text += "\n  hint: " + indented(printable(error.hint, LineBreaks::keep), "    ");
  return text;
}

bool Reporter::coloured(Output const& output) const {
  if (options_.colour != Colour::automatic) return options_.colour == Colour::always;
  char const* no_color = std::getenv("NO_COLOR");
  char const* term = std::getenv("TERM");
  return output.is_terminal() && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view{term} != "dumb");
}

RenderOptions Reporter::render_options() const {
  RenderOptions render;
  render.format = options_.format;
  render.screen = out_.is_terminal() ? Screen::yes : Screen::no;
  render.width = out_.columns();
  render.rows = row_limit_ ? row_limit_() : 0;
  render.null = utf8_locale() ? "∅" : "(null)";
  render.redact = [this](std::string text) { return redact(std::move(text)); };
  return render;
}

// Which tenants gave the same answer, for a person: never in a pipe or a format that a program reads.
std::string Reporter::answers_line(scripting::Rows const& rows) const {
  bool const for_people = options_.format == Format::table || options_.format == Format::vertical;
  return for_people && out_.is_terminal() ? redact(printable(scripting::answers_line(rows))) : std::string{};
}

void Reporter::event(Json body) {
  Json line = {{"v", 1}};
  line.update(body);
  out_.write(redact(json_text(line)) + "\n");
}

void Reporter::line_to_error(std::string const& text) {
  try {
    out_.flush();
  } catch (fleet::Error const&) {
    // Said again by the flush at the end, which decides the exit status.
  }
  try {
    err_.write(redact(text) + "\n");
    err_.flush();
  } catch (fleet::Error const&) {
    // Nobody reads standard error; the exit status still tells.
  }
}

ExitStatus Reporter::rows_event(scripting::Rows const& rows) {
  auto const names = printed_names(rows.result);
  Json columns = Json::array(), failures = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i)
    columns.push_back({{"name", names[i]}, {"type", rows.result.columns()[i].type}});
  for (fleet::Error const& failure : rows.failures) failures.push_back(error_json(failure));
  // The rows' numbers keep PostgreSQL's own digits, so they are not parsed on their way.
  std::string line = "{\"v\": 1, \"event\": \"rows\", \"columns\": " + json_text(columns) + ", \"rows\": [";
  RenderOptions const render = render_options();
  for (std::size_t row = 0; row < rows.result.rows(); ++row)
    line += (row > 0 ? ", " : "") + json_row(rows.result, row, names, render);
  line += "], \"failures\": " + redact(json_text(failures)) + ", \"asked\": " + std::to_string(rows.asked) +
          "}\n";
  out_.write(line);
  return rows_status(rows);
}

ExitStatus Reporter::answer(scripting::Answer const& answer) {
  ExitStatus status = ExitStatus::done;
  auto const* rows = std::get_if<scripting::Rows>(&answer.value);
  if (options_.conversation == Conversation::events) {
    if (rows != nullptr) {
      status = rows_event(*rows);
    } else if (!std::holds_alternative<std::monostate>(answer.value)) {
      event({{"event", "value"}, {"value", json_of(answer.value)}});
    }
  } else {
    render(out_, answer.value, render_options());
    if (rows != nullptr) {
      if (std::string const line = answers_line(*rows); !line.empty()) out_.write(line + "\n");
      for (fleet::Error const& failure : rows->failures)
        line_to_error("tenantsh: " + (failure.tenant.empty() ? "" : failure.tenant + ": ") +
                      error_text(failure));
      if (!rows->failures.empty() && rows->asked > 1)
        line_to_error(fmt::format("tenantsh: {} of {} tenants answered, {} failed",
                                  rows->asked - std::min(rows->asked, rows->failures.size()), rows->asked,
                                  rows->failures.size()));
      status = rows_status(*rows);
    }
  }
  for (std::string const& text : answer.notes) note(text);
  // That nothing of it was kept, that nobody knows, or that it was stopped counts for more than that some
  // failed.
  using fleet::ErrorKind;
  bool const weighs = answer.ended == ErrorKind::in_doubt || answer.ended == ErrorKind::declined ||
                      answer.ended == ErrorKind::failed || answer.ended == ErrorKind::interrupted;
  if (answer.ended && (weighs || status == ExitStatus::done)) status = exit_status(*answer.ended);
  return status;
}

std::optional<scripting::Printing> Reporter::printing() {
  if (options_.conversation == Conversation::events) return std::nullopt;
  auto format = row_format(options_.format, out_.is_terminal() ? Screen::yes : Screen::no);
  if (!format) return std::nullopt;
  return scripting::Printing{&as_they_come_, std::move(format)};
}

void Reporter::page(std::string_view text) { out_.write(text); }

void Reporter::say(std::string_view text) {
  if (options_.conversation == Conversation::events) return event({{"event", "say"}, {"text", text}});
  std::string line = redact(std::string{text});
  if (out_.is_terminal()) line = printable(line, LineBreaks::keep);
  out_.write(line + "\n");
}

void Reporter::note(std::string_view text) {
  if (options_.conversation == Conversation::events) return event({{"event", "note"}, {"text", text}});
  line_to_error(printable(text, LineBreaks::keep));
}

void Reporter::question(runbooks::Question const& question) {
  if (options_.conversation != Conversation::events) return;
  Json choices = Json::array();
  for (runbooks::Choice const& choice : question.choices)
    choices.push_back({{"word", choice.word}, {"brief", choice.brief}});
  event({{"event", "question"}, {"text", question.text}, {"choices", choices}, {"flag", question.flag}});
}

ExitStatus Reporter::error(fleet::Error const& error) {
  if (options_.conversation == Conversation::events) {
    Json body = {{"event", "error"}};
    body.update(error_json(error));
    event(std::move(body));
  } else {
    std::string const name = coloured(err_) ? "\x1b[1;31mtenantsh:\x1b[0m " : "tenantsh: ";
    line_to_error(name + error_text(error));
  }
  return exit_status(error.kind);
}

}  // namespace shell
