#include "migrations/engine/program.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "fleet/error.hpp"
#include "fleet/passfile.hpp"
#include "migrations/engine/history_match.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
      continue;
    }
    encoded += '%';
    encoded += "0123456789ABCDEF"[byte >> 4U];
    encoded += "0123456789ABCDEF"[byte & 15U];
  }
  return encoded;
}

using Words = std::map<std::string, std::string, std::less<>>;

// `text` with every {word} replaced.
std::string filled(std::string const& text, Words const& words) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = text[at] == '{' ? text.find('}', at) : text.npos;
    std::string_view const word =
        end == text.npos ? std::string_view{} : std::string_view{text}.substr(at + 1, end - at - 1);
    bool const named = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
    if (!named) {
      result += text[at++];
      continue;
    }
    auto const found = words.find(word);
    if (found == words.end()) {
      std::string known;
      for (auto const& [name, value] : words) known += (known.empty() ? "{" : ", {") + name + "}";
      throw Error{ErrorKind::config,
                  fleet::in_quotes(text) + ": {" + std::string{word} + "} means nothing here"}
          .with_hint("known are " + known);
    }
    result += found->second;
    at = end + 1;
  }
  return result;
}

// A value in libpq's `options`: blanks and backslashes escaped.
std::string option_value(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == ' ' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string last_lines(std::string text, std::size_t count) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  std::size_t at = text.size();
  for (std::size_t lines = 0; lines < count && at != text.npos && at > 0; ++lines)
    at = text.rfind('\n', at - 1);
  return at == text.npos || at == 0 ? text : text.substr(at + 1);
}

std::vector<HistoryFile> state_of(fleet::Session& session, ProgramTarget const& target,
                                  MigrationSet const& set, fleet::Driver const& driver,
                                  HistorySettings const& settings) {
  std::optional<HistoryPlace> const place = choose_history(session, settings, target.schema_name);
  return match(place ? read_history(session, *place) : History{}, set, driver);
}

std::set<std::string> applied_in(std::vector<HistoryFile> const& files) {
  std::set<std::string> names;
  for (HistoryFile const& file : files)
    if (file.file != nullptr &&
        (file.state == HistoryFile::State::applied || file.state == HistoryFile::State::edited))
      names.insert(file.name);
  return names;
}

}  // namespace

std::string url_of(fleet::Endpoint const& endpoint) {
  std::string const host = endpoint.get("host"), port = endpoint.get("port");
  bool const socket = host.starts_with("/");
  std::string url = "postgres://" + percent_encoded(endpoint.get("user")) + "@";
  if (!socket) url += percent_encoded(host) + (port.empty() ? "" : ":" + port);
  url += "/" + percent_encoded(endpoint.get("dbname"));
  char separator = '?';
  auto add = [&](std::string const& name, std::string const& value) {
    if (value.empty()) return;
    url += separator + name + "=" + value;
    separator = '&';
  };
  if (socket) {
    add("host", percent_encoded(host));
    add("port", port);
  }
  // A socket has no TLS, and Go's driver wants to be told.
  std::string const mode = endpoint.get("sslmode");
  add("sslmode", mode.empty() && socket ? "disable" : mode);
  return url;
}

fleet::Command program_command(ProgramRunner const& runner, ProgramTarget const& target,
                               Migration const& file, std::string const& password_file,
                               fleet::Driver const& driver) {
  Words words{{"name", file.name},
              {"file", file.name},
              {"path", file.path.string()},
              {"url", url_of(target.endpoint)},
              {"host", target.endpoint.get("host")},
              {"port", target.endpoint.get("port")},
              {"user", target.endpoint.get("user")},
              {"database", target.endpoint.get("dbname")},
              {"schema", target.schema_name},
              {"password_file", password_file}};
  fleet::Command command;
  for (std::string const& word : runner.command) command.argv.push_back(filled(word, words));
  command.directory = runner.directory;
  command.without = {"PG*"};
  for (auto const& [variable, keyword] : driver.environment_keywords())
    if (std::string const value = target.endpoint.get(keyword); !value.empty())
      command.environment[variable] = value;
  if (!password_file.empty()) command.environment["PGPASSFILE"] = password_file;
  std::string options = target.endpoint.get("options");
  auto option = [&](std::string const& name, std::string const& value) {
    if (!value.empty()) options += (options.empty() ? "-c " : " -c ") + name + "=" + option_value(value);
  };
  option("role", target.owner);
  option("search_path", target.schema_name);
  if (!options.empty()) command.environment["PGOPTIONS"] = options;
  words["password"] = target.password;
  for (auto const& [name, value] : runner.environment) command.environment[name] = filled(value, words);
  return command;
}

ProgramResult run_program(fleet::Session& session, ProgramRunner const& runner, ProgramTarget const& target,
                          Migration const& file, MigrationSet const& set, fleet::Driver const& driver,
                          ProgramOptions const& options) {
  bool const up = options.direction == Direction::up;
  ProgramResult result;
  std::set<std::string> const before = applied_in(state_of(session, target, set, driver, options.history));
  if (before.contains(file.name) == up) {
    result.already = true;
    return result;
  }
  std::optional<fleet::Passfile> passfile;
  if (!target.password.empty()) passfile.emplace(target.password);
  fleet::Command const command =
      program_command(runner, target, file, passfile ? passfile->path() : "", driver);
  auto clean = [&](std::string text) { return options.redact ? options.redact(std::move(text)) : text; };
  fleet::CommandResult const ended =
      fleet::run(command, [&options] { return options.stop.stop_requested(); });
  result.elapsed = ended.elapsed;
  std::string const said = clean(last_lines(ended.output + ended.errors, 20)), name = clean(command.text());
  if (ended.exit_code != 0)
    throw Error{ErrorKind::tool,
                file.name + ": " + name + " ended with exit code " + std::to_string(ended.exit_code)}
        .with_detail(said)
        .with_hint("what it printed is above; mend it and run again");
  std::string const tool{to_string(*options.history.tool)};
  std::set<std::string> const now = applied_in(state_of(session, target, set, driver, options.history));
  auto wrong = [&](std::string const& what) {
    return Error{ErrorKind::failed, file.name + ": " + name + " ended well, but " + tool + " " + what}
        .with_detail(said)
        .with_hint(
            "its command must do this one file in this database: runner in set.toml, with {name} in it");
  };
  if (now.contains(file.name) != up) throw wrong(up ? "has not recorded the file" : "still has the file");
  // A command that does more than it was asked to would run files that nobody has looked at.
  std::set<std::string> changed;
  std::set_symmetric_difference(before.begin(), before.end(), now.begin(), now.end(),
                                std::inserter(changed, changed.end()));
  changed.erase(file.name);
  if (!changed.empty()) throw wrong((up ? "has recorded " : "has lost ") + *changed.begin() + " as well");
  return result;
}

}  // namespace migrations
