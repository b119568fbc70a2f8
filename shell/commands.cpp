#include "shell/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "fleet/selection.hpp"
#include "shell/method_command.hpp"
#include "shell/repl.hpp"
#include "shell/sandbox_command.hpp"
#include "shell/torture_command.hpp"
#include "shell/usage.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string read_standard_input() {
  std::string text;
  char bytes[65536];
  while (true) {
    ssize_t const count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == 0) return text;
    if (count > 0)
      text.append(bytes, static_cast<std::size_t>(count));
    else if (errno != EINTR)
      throw Error{ErrorKind::io, fmt::format("cannot read standard input: {}", std::strerror(errno))};
  }
}

// Evaluates and prints; a statement that gives nothing prints nothing.
ExitStatus evaluate(Workplace& workplace, std::string const& code, std::string const& chunk_name) {
  ExitStatus status = ExitStatus::done;
  workplace.entry([&] {
    scripting::Answer answer = workplace.interpreter().evaluate(code, chunk_name);
    answer.value = scripting::printable(workplace.world(), std::move(answer.value));
    status = workplace.reporter().answer(answer);
  });
  return status;
}

ExitStatus evaluate_all(Workplace& workplace, std::vector<std::string> const& codes) {
  ExitStatus status = ExitStatus::done;
  for (std::string const& code : codes) {
    ExitStatus const own = evaluate(workplace, code, "-e");
    if (status == ExitStatus::done) status = own;
  }
  return status;
}

// A program from a pipe may start with #! too.
std::string without_shebang(std::string text) {
  if (text.starts_with("#")) text.insert(0, "--");
  return text;
}

ExitStatus run_script(Workplace& workplace, std::vector<std::string> const& words) {
  ExitStatus status = ExitStatus::done;
  workplace.entry([&] {
    std::string const file = words.front() == "-" ? "/dev/stdin" : words.front();
    scripting::Answer answer = workplace.interpreter().run_file(file, {words.begin() + 1, words.end()});
    answer.value = scripting::printable(workplace.world(), std::move(answer.value));
    status = workplace.reporter().answer(answer);
  });
  return status;
}

ExitStatus call_method(Workplace& workplace, NamedMethod const& named) {
  Options& options = workplace.options();
  std::vector<std::string> const rest{options.words.begin() + static_cast<std::ptrdiff_t>(named.words),
                                      options.words.end()};
  scripting::Arguments const arguments = parse_method_arguments(*named.method, rest, options);
  if (options.help) {
    workplace.reporter().page(command_page(*named.method));
    return ExitStatus::done;
  }
  ExitStatus status = ExitStatus::done;
  workplace.entry([&] {
    workplace.interpreter();  // runbooks are Lua
    if (named.method->streams) workplace.world().printing = workplace.reporter().printing();
    scripting::Answer answer = scripting::call(workplace.world(), *named.method, arguments);
    workplace.world().printing.reset();
    answer.value = scripting::printable(workplace.world(), std::move(answer.value));
    status = workplace.reporter().answer(answer);
  });
  return status;
}

// The first word is known, the second is not: say what there is. Else suggest.
Error unknown_command(scripting::Registry const& registry, std::vector<std::string> const& words) {
  std::vector<std::string> following;
  for (auto const& method : registry.all()) {
    if (method.object == words[0] && method.command_line) following.push_back(method.name);
    for (std::string const& alias : method.aliases)
      if (alias.starts_with(words[0] + " ")) following.push_back(alias.substr(words[0].size() + 1));
  }
  if (!following.empty()) {
    std::string list;
    for (std::string const& word : following) list += (list.empty() ? "" : ", ") + word;
    if (words.size() < 2 || words[1].starts_with("-"))
      return Error{ErrorKind::usage, words[0] + " needs a method"}.with_hint("there are " + list);
    std::string const near = fleet::nearest(words[1], following);
    return Error{ErrorKind::usage, fmt::format("{} has no method \"{}\"", words[0], words[1])}.with_hint(
        (near.empty() ? "" : "did you mean " + near + "? ") + "there are " + list);
  }
  std::string const near = fleet::nearest(words[0], command_words(registry));
  return Error{ErrorKind::usage, fmt::format("unknown command \"{}\"", words[0])}.with_hint(
      near.empty() ? "`tenantsh help` lists the commands; a script's name ends in .lua or holds a /"
                   : "did you mean " + near + "? `tenantsh help` lists the commands");
}

ExitStatus show_page(Workplace& workplace, std::string const& page) {
  workplace.reporter().page(page);
  return ExitStatus::done;
}

ExitStatus help_command(Workplace& workplace, std::vector<std::string> const& words) {
  std::string topic;
  for (auto word = words.begin() + 1; word != words.end(); ++word)
    topic += (topic.empty() ? "" : " ") + *word;
  return show_page(workplace, topic_page(workplace.registry(), topic));
}

ExitStatus run_words(Workplace& workplace) {
  Options& options = workplace.options();
  std::vector<std::string> const& words = options.words;
  if (names_script(words[0])) return run_script(workplace, words);
  if (words[0] == "help") return help_command(workplace, words);
  if (words[0] == "version") return show_page(workplace, "tenantsh " TENANTSH_VERSION "\n");
  if (words[0] == "sandbox") return sandbox_command(workplace, {words.begin() + 1, words.end()});
  if (words[0] == "torture") return torture_command(workplace, {words.begin() + 1, words.end()});
  if (auto const named = find_method(workplace.registry(), words)) return call_method(workplace, *named);
  bool const asks_help = options.help || std::find(words.begin(), words.end(), "--help") != words.end();
  if (asks_help) return show_page(workplace, topic_page(workplace.registry(), words[0]));
  throw unknown_command(workplace.registry(), words);
}

}  // namespace

ExitStatus run_command_line(Workplace& workplace) {
  Options& options = workplace.options();
  if (options.version) return show_page(workplace, "tenantsh " TENANTSH_VERSION "\n");
  if (!options.code.empty()) {
    if (!options.words.empty())
      throw Error{ErrorKind::usage, fmt::format("-e and \"{}\" are two programs", options.words[0])}
          .with_hint("give one or the other");
    return options.help ? show_page(workplace, main_page(workplace.registry()))
                        : evaluate_all(workplace, options.code);
  }
  if (!options.words.empty()) return run_words(workplace);
  if (options.help) return show_page(workplace, main_page(workplace.registry()));
  if (::isatty(STDIN_FILENO) == 1) return run_repl(workplace);
  return evaluate(workplace, without_shebang(read_standard_input()), "stdin");
}

}  // namespace shell
