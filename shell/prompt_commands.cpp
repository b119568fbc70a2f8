#include "shell/prompt_commands.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <sstream>
#include <utility>

#include "shell/describe_tables.hpp"
#include "shell/edit_file.hpp"
#include "shell/options.hpp"
#include "shell/text_width.hpp"
#include "shell/usage.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;

std::vector<std::string> words_of(std::string const& text) {
  std::istringstream in{text};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

void nothing_behind(std::string const& name, std::string const& argument) {
  if (!argument.empty())
    throw Error{ErrorKind::usage, fmt::format("\\{} takes nothing, not \"{}\"", name, argument)};
}

// Gives a setting back the value it had.
template <class T>
class Restored {
 public:
  Restored(T& setting, T meanwhile)
      : setting_(setting), before_(std::exchange(setting, std::move(meanwhile))) {}
  ~Restored() { setting_ = std::move(before_); }
  Restored(Restored const&) = delete;
  Restored& operator=(Restored const&) = delete;

 private:
  T& setting_;
  T before_;
};

std::string const& last_entry(PromptSession& session, char const* command) {
  if (session.last_entry().empty())
    throw Error{ErrorKind::usage, fmt::format("\\{}: nothing was run yet", command)}.with_hint(
        "run an entry first");
  return session.last_entry();
}

scripting::Answer const& last_answer(PromptSession& session, char const* command) {
  if (!session.last())
    throw Error{ErrorKind::usage, fmt::format("\\{}: there is no answer yet", command)}.with_hint(
        "run an entry first");
  return *session.last();
}

void sql(PromptSession& session, std::string const& argument) { session.run_sql(argument); }

void use(PromptSession& session, std::string const& argument) {
  if (!argument.empty()) session.use(argument);
  Scope const& scope = session.scope();
  std::string where = "SQL at the prompt goes to ";
  if (scope.master) {
    where += "master";
  } else {
    fleet::Chosen const chosen = fleet::choose(session.workplace().world().fleet.tenants(), scope.tenants);
    where += fmt::format("{} {} ({})", chosen.tenants.size(),
                         chosen.tenants.size() == 1 ? "tenant" : "tenants", scope.text());
    for (auto const& [status, count] : chosen.left_out)
      where += fmt::format(", {} {} left out", count, status);
  }
  session.workplace().reporter().note(where);
}

void describe(PromptSession& session, std::string const& argument) {
  session.print(describe_tables(session, argument));
}

void expanded(PromptSession& session, std::string const& argument) {
  Format& format = session.workplace().options().reporter.format;
  if (argument == "on" || (argument.empty() && format != Format::vertical))
    format = Format::vertical;
  else if (argument == "off" || argument.empty())
    format = Format::table;
  else
    throw Error{ErrorKind::usage, fmt::format("\\x takes on or off, not \"{}\"", argument)};
  session.workplace().reporter().note(format == Format::vertical ? "rows stand vertically"
                                                                 : "rows stand in tables");
}

void format(PromptSession& session, std::string const& argument) {
  if (argument.empty())
    throw Error{ErrorKind::usage, "\\format needs one"}.with_hint(
        "table, vertical, csv, tsv, json, jsonl, markdown, html");
  session.workplace().options().reporter.format = parse_format(argument);
}

void timing(PromptSession& session, std::string const& argument) {
  if (!argument.empty() && argument != "on" && argument != "off")
    throw Error{ErrorKind::usage, fmt::format("\\timing takes on or off, not \"{}\"", argument)};
  session.timing = argument.empty() ? !session.timing : argument == "on";
  session.workplace().reporter().note(session.timing ? "timing is on" : "timing is off");
}

// Until the time is over; Error{interrupted} for Ctrl-C.
void wait(PromptSession& session, int milliseconds) {
  Interrupts& interrupts = session.workplace().interrupts();
  pollfd waiting{interrupts.descriptor(), POLLIN, 0};
  ::poll(&waiting, 1, milliseconds);
  if (interrupts.pressed()) throw Error{ErrorKind::interrupted, "interrupted"};
}

void watch(PromptSession& session, std::string const& argument) {
  std::vector<std::string> const words = words_of(argument);
  if (words.size() > 2)
    throw Error{ErrorKind::usage, "\\watch takes the seconds between and how often, no more"};
  int const pause = words.empty() ? 2000 : parse_milliseconds(words[0]);
  int times = 0;  // 0: until Ctrl-C
  if (words.size() > 1) {
    auto const [end, failure] = std::from_chars(words[1].data(), words[1].data() + words[1].size(), times);
    if (failure != std::errc{} || end != words[1].data() + words[1].size() || times < 1)
      throw Error{ErrorKind::usage,
                  fmt::format("\\watch: how often is a number from 1, not \"{}\"", words[1])};
  }
  std::string const entry = last_entry(session, "watch");
  Restored const no_pages{session.paging, false};
  for (int turn = 1;; ++turn) {
    std::time_t const now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    char clock[16];
    std::strftime(clock, sizeof clock, "%H:%M:%S", &local);
    session.workplace().reporter().note(
        fmt::format("{}, every {} s: {}", clock, pause / 1000.0, cut_to_width(printable(entry), 60)));
    session.run(entry);
    session.workplace().reporter().flush();
    if (turn == times) return;
    wait(session, pause);
  }
}

void last(PromptSession& session, std::string const& argument) {
  scripting::Answer const& answer = last_answer(session, "last");
  if (argument.empty()) return session.print(answer);
  Restored const form{session.workplace().options().reporter.format, parse_format(argument)};
  session.print(answer);
}

void export_rows(PromptSession& session, std::string const& argument) {
  auto const* rows = std::get_if<scripting::Rows>(&last_answer(session, "export").value);
  if (rows == nullptr) throw Error{ErrorKind::usage, "\\export: the last answer has no rows"};
  if (argument.empty())
    throw Error{ErrorKind::usage, "\\export needs a file"}.with_hint(
        "its ending says the format: .csv .tsv .json .jsonl .md .html");
  scripting::Arguments arguments;
  arguments.rows = std::make_shared<scripting::Rows const>(*rows);
  arguments.set("path", argument);
  (void)session.call("result", "save", std::move(arguments));
  session.workplace().reporter().note(fmt::format("{} rows in {}", rows->result.rows(), argument));
}

void edit(PromptSession& session, std::string const& argument) {
  std::string text = session.last_entry();
  if (!argument.empty()) {
    std::size_t number = 0;
    auto const [end, failure] = std::from_chars(argument.data(), argument.data() + argument.size(), number);
    History* const history = session.history();
    if (failure != std::errc{} || end != argument.data() + argument.size() || history == nullptr ||
        number < 1 || number > history->entries().size())
      throw Error{ErrorKind::usage, fmt::format("\\edit: there is no entry {}", argument)}.with_hint(
          "\\history shows their numbers");
    text = history->entries()[number - 1].entry;
  }
  session.next_entry = edit_text(text);
}

void history(PromptSession& session, std::string const& argument) {
  History* const history = session.history();
  if (history == nullptr) return;
  std::size_t shown = 20;
  auto const [end, failure] = std::from_chars(argument.data(), argument.data() + argument.size(), shown);
  bool const number = !argument.empty() && failure == std::errc{} && end == argument.data() + argument.size();
  scripting::Rows rows{fleet::Result{{{"number", fleet::type_oid::int8},
                                      {"at"},
                                      {"scope"},
                                      {"milliseconds", fleet::type_oid::int8},
                                      {"ended"},
                                      {"entry"}}},
                       {},
                       0};
  auto const& entries = history->entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    HistoryEntry const& entry = entries[i];
    bool const wanted = argument.empty() || number ? i + shown >= entries.size()
                                                   : entry.entry.find(argument) != std::string::npos;
    if (!wanted) continue;
    rows.result.append(std::to_string(i + 1));
    rows.result.append(entry.at);
    rows.result.append(entry.scope);
    rows.result.append(std::to_string(entry.took_ms));
    rows.result.append(entry.failed ? "failed" : "done");
    rows.result.append(entry.entry);
  }
  session.print({std::move(rows), {}, {}});
}

// \arm "reason" 15m
void arm(PromptSession& session, std::string const& argument) {
  std::string reason = argument, duration;
  if (argument.starts_with('"')) {
    std::size_t const end = argument.find('"', 1);
    if (end == argument.npos) throw Error{ErrorKind::usage, "\\arm: the reason has no closing quote"};
    reason = argument.substr(1, end - 1);
    duration = trimmed(std::string_view{argument}.substr(end + 1));
  }
  if (reason.empty())
    throw Error{ErrorKind::usage, "\\arm needs a reason"}.with_hint(
        "\\arm \"ticket 4711: repair claims\" 15m");
  scripting::Arguments arguments;
  arguments.set("reason", reason);
  if (!duration.empty()) arguments.set("lasting", duration);
  session.print(session.call("shell", "arm", std::move(arguments)));
}

void disarm(PromptSession& session, std::string const& argument) {
  nothing_behind("disarm", argument);
  session.print(session.call("shell", "disarm", {}));
}

void conn(PromptSession& session, std::string const& argument) {
  nothing_behind("conn", argument);
  scripting::World& world = session.workplace().world();
  fleet::Environment const& environment = world.fleet.located();
  scripting::Card card{"<environment " + environment.name + ">", {}};
  card.lines.emplace_back("guard", std::string{to_string(environment.guard)});
  card.lines.emplace_back("master", world.fleet.master().describe());
  card.lines.emplace_back("database", world.fleet.master().get("dbname"));
  card.lines.emplace_back("as", world.fleet.master().get("user"));
  card.lines.emplace_back("scope", session.scope().text());
  if (world.settings.armed) card.lines.emplace_back("armed", world.settings.armed->reason);
  session.print({std::move(card), {}, {}});
}

void quit(PromptSession& session, std::string const& argument) {
  nothing_behind("q", argument);
  session.leaving = true;
}

void help(PromptSession& session, std::string const& argument) {
  Workplace& workplace = session.workplace();
  std::string const topic = argument.starts_with('\\') ? argument.substr(1) : argument;
  if (PromptCommand const* command = argument.starts_with('\\') ? find_prompt_command(topic) : nullptr)
    return workplace.reporter().page(
        fmt::format("\\{} {}\n  {}\n", command->name, command->usage, command->brief));
  std::string const page = argument.empty() ? prompt_page() + "\n" + topic_page(workplace.registry(), {})
                                            : topic_page(workplace.registry(), argument);
  session.show([&] { workplace.reporter().page(page); });
}

}  // namespace

std::vector<PromptCommand> const& prompt_commands() {
  using Takes = CommandTakes;
  static std::vector<PromptCommand> const commands{
      {"arm", "\"REASON\" [15m]", "allow writing in a protected environment for a while", Takes::nothing,
       arm},
      {"conn", "", "where this session is connected, and as whom", Takes::nothing, conn},
      {"d", "[TABLE | GLOB]", "tables of the scope, or one table's columns, and where they differ",
       Takes::table, describe},
      {"disarm", "", "end what \\arm began", Takes::nothing, disarm},
      {"edit", "[NUMBER]", "the last entry, or one of \\history, in $EDITOR", Takes::nothing, edit},
      {"export", "FILE", "the last answer's rows into a file; its ending says the format", Takes::file,
       export_rows},
      {"format", "FORMAT", "how rows are shown: table, vertical, csv, tsv, json, jsonl, markdown, html",
       Takes::nothing, format},
      {"help", "[TOPIC]", "this list, or help on a topic", Takes::topic, help},
      {"history", "[NUMBER | TEXT]", "the last entries, or those that hold a text", Takes::nothing, history},
      {"last", "[FORMAT]", "the last answer once more, without running it again", Takes::nothing, last},
      {"q", "", "leave (Ctrl-D)", Takes::nothing, quit},
      {"sql", "STATEMENT", "run SQL on the scope", Takes::sql, sql},
      {"timing", "[on | off]", "say how long each entry took", Takes::nothing, timing},
      {"use", "[SELECTION | master]", "where SQL goes: acme, region=eastus2, all, master", Takes::selection,
       use},
      {"watch", "[SECONDS] [TIMES]", "run the last entry again and again until Ctrl-C", Takes::nothing,
       watch},
      {"x", "[on | off]", "rows vertically, one column a line", Takes::nothing, expanded},
  };
  return commands;
}

PromptCommand const* find_prompt_command(std::string_view name) {
  if (name == "?" || name == "h") name = "help";
  if (name == "quit") name = "q";
  if (name == "e") name = "edit";
  auto const& all = prompt_commands();
  auto const found = std::find_if(all.begin(), all.end(),
                                  [&](PromptCommand const& command) { return command.name == name; });
  return found == all.end() ? nullptr : &*found;
}

void run_prompt_command(PromptSession& session, std::string const& entry) {
  std::string const line{trimmed(entry)};
  std::size_t const end = std::min(line.find_first_of(" \t\n"), line.size());
  std::string const name = line.substr(1, end - 1);
  PromptCommand const* command = find_prompt_command(name);
  if (command != nullptr)
    return command->run(session, std::string{trimmed(std::string_view{line}.substr(end))});
  std::vector<std::string> known;
  for (PromptCommand const& other : prompt_commands()) known.emplace_back(other.name);
  std::string const near = name.empty() ? "" : fleet::nearest(name, known);
  throw Error{ErrorKind::usage, "unknown command \\" + printable(name)}.with_hint(
      near.empty() ? "\\help lists them; everything without a backslash is Lua or SQL"
                   : "did you mean \\" + near + "?");
}

std::string prompt_page() {
  std::string page =
      "Commands at the prompt; all else is Lua, or SQL when it begins like SQL (end it with a semicolon)\n";
  for (PromptCommand const& command : prompt_commands())
    page += fmt::format("  \\{:<36} {}\n", std::string{command.name} + " " + command.usage, command.brief);
  page += R"(
Keys: Enter runs what is complete, Alt-Enter opens a line, Tab completes, Ctrl-R searches, Ctrl-C drops the entry or
stops what runs (twice: ends the program), Ctrl-D leaves. Others as in ~/.inputrc.
)";
  return page;
}

}  // namespace shell
