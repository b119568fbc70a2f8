#include "shell/options.hpp"

#include <doctest/doctest.h>

#include "fleet/error.hpp"

namespace {

// Everything the parse understood, on one line; an error as its text.
std::string parsed(std::vector<std::string> arguments) {
  shell::Options options;
  std::string text;
  try {
    shell::parse_options(std::move(arguments), options);
  } catch (fleet::Error const& error) {
    return error.describe();
  }
  if (!options.environment.empty()) text += "env=" + options.environment + " ";
  if (!options.config.empty()) text += "config=" + options.config + " ";
  if (options.reporter.format != shell::Format::table)
    text += std::string{to_string(options.reporter.format)} + " ";
  if (options.reporter.conversation == shell::Conversation::events) text += "events ";
  if (options.settings.yes) text += "yes ";
  if (!options.settings.confirm.empty()) text += "confirm=" + options.settings.confirm + " ";
  if (!options.settings.reason.empty()) text += "reason=" + options.settings.reason + " ";
  if (options.settings.jobs != 0) text += "jobs=" + std::to_string(options.settings.jobs) + " ";
  if (options.settings.timeout_ms != 0) text += "ms=" + std::to_string(options.settings.timeout_ms) + " ";
  if (options.help) text += "help ";
  if (options.version) text += "version ";
  for (std::string const& code : options.code) text += "{" + code + "} ";
  text += "|";
  for (std::string const& word : options.words) text += " " + word;
  return text;
}

}  // namespace

TEST_CASE("options: global ones stand before and between the words of a command") {
  CHECK(parsed({}) == "|");
  CHECK(parsed({"-e", "1", "--format", "json", "-e", "-1"}) == "json {1} {-1} |");
  CHECK(parsed({"-e", "--comment"}) == "{--comment} |");
  CHECK(parsed({"--env=prod", "migrate", "--json", "status", "--yes"}) ==
        "env=prod events yes | migrate status");
  CHECK(parsed({"query", "select 1", "--tenants", "a*", "--jobs", "3"}) ==
        "| query select 1 --tenants a* --jobs 3");
  CHECK(parsed({"--jobs", "3", "--timeout", "2m", "--reason", "a b", "--confirm", "acme", "x"}) ==
        "confirm=acme reason=a b jobs=3 ms=120000 | x");
  CHECK(parsed({"query", "--", "--env", "x"}) == "| query -- --env x");
  CHECK(parsed({"--env", "a", "--env", "b"}) == "env=b |");
  CHECK(parsed({"tenants", "--help"}) == "help | tenants");
  CHECK(parsed({"--version"}) == "version |");
}

TEST_CASE("options: what follows a script belongs to it") {
  CHECK(parsed({"--env", "x", "a.lua", "--env", "y", "-e", "1"}) == "env=x | a.lua --env y -e 1");
  CHECK(parsed({"./tool", "--help"}) == "| ./tool --help");
  CHECK(parsed({"-", "--yes"}) == "| - --yes");
}

TEST_CASE("options: what is wrong is named") {
  CHECK(parsed({"--formt", "json"}) == "unknown option --formt\n  hint: did you mean --format?");
  CHECK(parsed({"--nothing-like-it"}) ==
        "unknown option --nothing-like-it\n  hint: `tenantsh --help` lists the options");
  CHECK(parsed({"--env"}) == "--env needs a value");
  CHECK(parsed({"-e"}) == "-e needs a value");
  CHECK(parsed({"--jobs", "0"}) == "--jobs takes a number from 1 to 1000, not \"0\"");
  CHECK(parsed({"--jobs", "4x"}) == "--jobs takes a number from 1 to 1000, not \"4x\"");
  CHECK(parsed({"--color", "red"}) == "--color takes auto, always or never, not \"red\"");
  CHECK(parsed({"--timeout", "soon"}) ==
        "\"soon\" is no duration\n  hint: write 30s, 500ms, 2m or 1h; a bare number is seconds");
  CHECK(parsed({"--yes=maybe"}) != "yes |");
}

TEST_CASE("options: durations") {
  CHECK(shell::parse_milliseconds("30") == 30000);
  CHECK(shell::parse_milliseconds("1.5s") == 1500);
  CHECK(shell::parse_milliseconds("500ms") == 500);
  CHECK(shell::parse_milliseconds("1h") == 3600000);
  for (auto const* wrong : {"", "0", "-1s", "1x", "nan", "1e300", "s"})
    CHECK_THROWS_AS((void)shell::parse_milliseconds(wrong), fleet::Error);
}
