#include "shell/options.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>

#include "fleet/error.hpp"
#include "fleet/selection.hpp"

namespace shell {
namespace {

using fleet::Error;
using fleet::ErrorKind;

Colour parse_colour(std::string const& text) {
  if (text == "auto") return Colour::automatic;
  if (text == "always") return Colour::always;
  if (text == "never") return Colour::never;
  throw Error{ErrorKind::usage, fmt::format("--color takes auto, always or never, not \"{}\"", text)};
}

Editor parse_editor(std::string const& text) {
  if (text == "full") return Editor::full;
  if (text == "plain") return Editor::plain;
  throw Error{ErrorKind::usage, fmt::format("--editor takes full or plain, not \"{}\"", text)};
}

int parse_jobs(std::string const& text) {
  int jobs = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (failure != std::errc{} || end != text.data() + text.size() || jobs < 1 || jobs > 1000)
    throw Error{ErrorKind::usage, fmt::format("--jobs takes a number from 1 to 1000, not \"{}\"", text)};
  return jobs;
}

// Every name an option of `app` may be given by.
std::vector<std::string> option_names(CLI::App const& app) {
  std::vector<std::string> names;
  for (CLI::Option const* option : app.get_options()) {
    for (std::string const& name : option->get_lnames()) names.push_back("--" + name);
    for (std::string const& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

Error unknown_option(std::string const& word, CLI::App const& app) {
  std::string const name = word.substr(0, word.find('='));
  bool const single_letter = name.size() < 3;  // everything is near to that
  std::string const near = single_letter ? std::string{} : fleet::nearest(name, option_names(app));
  return Error{ErrorKind::usage, fmt::format("unknown option {}", name)}.with_hint(
      near.empty() ? "`tenantsh --help` lists the options" : "did you mean " + near + "?");
}

bool is_option(std::string const& word) { return word.size() > 1 && word[0] == '-'; }

}  // namespace

int parse_milliseconds(std::string const& text) {
  double number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string const unit{end, text.data() + text.size()};
  double const factor = unit.empty() || unit == "s"    ? 1000
                        : unit == "ms"                 ? 1
                        : unit == "m" || unit == "min" ? 60000
                        : unit == "h"                  ? 3600000
                                                       : 0;
  if (failure != std::errc{} || factor == 0 || !(number > 0) || number * factor > 2e9)
    throw Error{ErrorKind::usage, fmt::format("\"{}\" is no duration", text)}.with_hint(
        "write 30s, 500ms, 2m or 1h; a bare number is seconds");
  return std::max(1, static_cast<int>(number * factor));
}

bool names_script(std::string const& word) {
  constexpr std::string_view ending = ".lua";
  return word == "-" || word.find('/') != std::string::npos ||
         (word.size() > ending.size() &&
          word.compare(word.size() - ending.size(), ending.size(), ending) == 0);
}

void add_global_options(CLI::App& app, Options& options, std::vector<std::string> const& taken) {
  app.set_help_flag();
  auto const free = [&](std::string const& name) {
    return std::find(taken.begin(), taken.end(), name) == taken.end();
  };
  auto const text = [&](std::string const& name, auto set) {
    if (!free(name)) return;
    app.add_option_function<std::string>("--" + name, set)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  };
  text("env", [&options](std::string const& value) { options.environment = value; });
  text("config", [&options](std::string const& value) { options.config = value; });
  text("format", [&options](std::string const& value) { options.reporter.format = parse_format(value); });
  text("confirm", [&options](std::string const& value) { options.settings.confirm = value; });
  text("reason", [&options](std::string const& value) { options.settings.reason = value; });
  text("jobs", [&options](std::string const& value) { options.settings.jobs = parse_jobs(value); });
  text("timeout",
       [&options](std::string const& value) { options.settings.timeout_ms = parse_milliseconds(value); });
  text("color", [&options](std::string const& value) { options.reporter.colour = parse_colour(value); });
  text("editor", [&options](std::string const& value) { options.editor = parse_editor(value); });
  if (free("yes")) app.add_flag_callback("--yes,-y", [&options] { options.settings.yes = true; });
  if (free("json"))
    app.add_flag_callback("--json", [&options] { options.reporter.conversation = Conversation::events; });
  if (free("help")) app.add_flag_callback("--help,-h", [&options] { options.help = true; });
}

std::vector<std::string> parse_with(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (CLI::ArgumentMismatch const& mismatch) {
    std::string const message = mismatch.what();
    throw Error{ErrorKind::usage, message.substr(0, message.find(':')) + " needs a value"};
  } catch (CLI::ConversionError const& conversion) {
    // "Could not convert: --yes = perhaps": only flags are converted.
    std::string_view const message = conversion.what();
    auto const name = message.find("--");
    auto const end = message.find(" = ");
    if (name == message.npos || end == message.npos || end < name)
      throw Error{ErrorKind::usage, std::string{message}};
    throw Error{ErrorKind::usage, fmt::format("{} takes no value", message.substr(name, end - name))};
  } catch (CLI::ExtrasError const&) {
    // Told below, by name.
  } catch (CLI::ParseError const& other) {
    throw Error{ErrorKind::usage, other.what()};
  }
  return app.remaining();
}

void parse_options(std::vector<std::string> arguments, Options& options) {
  constexpr std::size_t longest_command = 3;  // words: "migrate up", an object and its method
  while (!arguments.empty()) {
    CLI::App app;
    add_global_options(app, options);
    app.prefix_command();
    std::vector<std::string> code;
    app.add_option("-e", code)->allow_extra_args(false);
    app.add_flag_callback("--version", [&options] { options.version = true; });
    if (arguments.front() == "--") break;
    arguments = parse_with(app, std::move(arguments));
    options.code.insert(options.code.end(), code.begin(), code.end());
    if (arguments.empty()) break;
    if (is_option(arguments.front())) {
      // After a command's first word it may be the command's own option.
      if (options.words.empty()) throw unknown_option(arguments.front(), app);
      break;
    }
    bool const script = options.words.empty() && names_script(arguments.front());
    if (script || options.words.size() == longest_command) break;
    options.words.push_back(arguments.front());
    arguments.erase(arguments.begin());
  }
  options.words.insert(options.words.end(), arguments.begin(), arguments.end());
}

}  // namespace shell
