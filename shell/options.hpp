#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scripting/world.hpp"
#include "shell/reporter.hpp"

namespace CLI {
class App;
}

namespace shell {

enum class Editor { full, plain };

// What the command line says for the whole program, wherever on it that stood.
struct Options {
  std::string environment;  // --env; empty: the configuration's default
  std::string config;       // --config
  ReporterOptions reporter;
  scripting::Settings settings;
  std::vector<std::string> code;  // -e, in order
  Editor editor = Editor::full;
  bool help = false;
  bool version = false;

  // What remains: a script with its arguments, or a command with everything after it that is no global
  // option.
  std::vector<std::string> words;
};

// Reads global options up to the first word that is none, and the ones between the leading words of a command
// ("migrate --env x status"). A script's arguments are its own. Error{usage} names what is wrong and suggests
// the nearest option; what `options` holds by then says how the error is to be told.
void parse_options(std::vector<std::string> arguments, Options& options);

// Adds the global options to `app`, but for those in `taken`, which the command declares itself; values go to
// `options`, which must outlive the parse.
void add_global_options(CLI::App& app, Options& options, std::vector<std::string> const& taken = {});

// Parses with CLI11 and says what it thinks in our words. `arguments` in order; returns what was not
// consumed.
std::vector<std::string> parse_with(CLI::App& app, std::vector<std::string> arguments);

// Is this word a script to run rather than a command? A path, a name that ends in .lua, or "-".
bool names_script(std::string const& word);

// "2m" → 120000; a bare number is seconds. Error{usage}.
int parse_milliseconds(std::string const& text);

}  // namespace shell
