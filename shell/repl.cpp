#include "shell/repl.hpp"

#include <fmt/format.h>

#include "shell/terminal.hpp"
#include "shell/text_width.hpp"
#include "shell/usage.hpp"

namespace shell {
namespace {

// "sandbox 20 tenants> "; the number as soon as something has read the registry, never by asking for it.
// `place`: where a nested one was opened.
std::string prompt(Workplace& workplace, std::string const& place) {
  fleet::Fleet& fleet = workplace.world().fleet;
  std::string text = fleet.environment().name;
  if (!place.empty()) return text + " · " + place + " · read-only> ";
  if (auto const tenants = fleet.known_tenants())
    text += fmt::format(" {} {}", *tenants, *tenants == 1 ? "tenant" : "tenants");
  return text + "> ";
}

std::string continuation(std::string const& prompt) {
  return std::string(display_width(prompt) - 2, '.') + "> ";
}

enum class Next { go_on, leave };

Next backslash_command(Workplace& workplace, std::string const& line) {
  std::string const word = line.substr(0, line.find(' '));
  if (word == "\\q" || word == "\\quit") return Next::leave;
  if (word != "\\help" && word != "\\?" && word != "\\h")
    throw fleet::Error{fleet::ErrorKind::usage, "unknown command " + word}.with_hint(
        "there are \\help [TOPIC] and \\q; everything else is Lua");
  std::size_t const topic = line.find_first_not_of(' ', word.size());
  workplace.reporter().page(
      topic_page(workplace.registry(), topic == std::string::npos ? std::string{} : line.substr(topic)));
  return Next::go_on;
}

void evaluate(Workplace& workplace, std::string const& code) {
  workplace.entry([&] {
    scripting::Answer answer = workplace.interpreter().evaluate(code, "entry");
    answer.value = scripting::printable(workplace.world(), std::move(answer.value));
    (void)workplace.reporter().answer(answer);
  });
}

bool blank(std::string const& line) { return line.find_first_not_of(" \t") == std::string::npos; }

// One entry, as many lines as it takes; nullopt at Ctrl-D.
std::optional<std::string> read_entry(Workplace& workplace, Terminal& terminal, std::string const& place) {
  std::string const first = prompt(workplace, place);
  std::string entry;
  terminal.write(first);
  while (auto line = terminal.read_line(Echo::on)) {
    entry += *line;
    if (entry.starts_with("\\") || blank(entry) || !workplace.interpreter().incomplete(entry)) return entry;
    entry += "\n";
    terminal.write(continuation(first));
  }
  return std::nullopt;
}

// Until the person leaves.
void read_and_evaluate(Workplace& workplace, std::string const& place) {
  Terminal terminal{workplace.interrupts()};
  while (true) {
    try {
      workplace.interrupts().renew();
      auto const entry = read_entry(workplace, terminal, place);
      if (!entry) break;
      if (blank(*entry)) continue;
      if (entry->starts_with("\\")) {
        if (backslash_command(workplace, *entry) == Next::leave) return;
      } else {
        evaluate(workplace, *entry);
      }
      workplace.reporter().flush();
    } catch (fleet::Error const& error) {
      if (workplace.reader_gone()) throw;
      if (error.kind == fleet::ErrorKind::interrupted)
        terminal.write("\n");
      else
        workplace.reporter().error(error);
    }
  }
  terminal.write("\n");
}

}  // namespace

ExitStatus run_repl(Workplace& workplace) {
  read_and_evaluate(workplace, {});
  return ExitStatus::done;
}

void run_nested_repl(Workplace& workplace, std::string const& place) {
  workplace.interlude([&] { read_and_evaluate(workplace, place); });
}

}  // namespace shell
