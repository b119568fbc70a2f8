#include "fleet/environment_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fleet/clock.hpp"
#include "fleet/error.hpp"
#include "fleet/process.hpp"
#include "fleet/toml_file.hpp"
#include "fleet/toml_table.hpp"

namespace fleet {
namespace {

using Path = std::filesystem::path;
using Words = std::vector<std::string>;

bool is_environment_name(std::string_view name) {
  auto const plain = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '-';
  };
  return !name.empty() && name.size() <= 60 && name[0] != '-' && std::all_of(name.begin(), name.end(), plain);
}

void read_list(TomlTable const& parent, std::string const& key, std::string const& name, Path const& path,
               ListSource& target) {
  auto const* const below = parent.below(key);
  if (below == nullptr) return;
  TomlTable const table(path, name + "." + key, *below, {"sql", "file"});
  std::string sql, file;
  auto const has_sql = table.take("sql", sql), has_file = table.take("file", file);
  if (has_sql == has_file)
    throw table.wrong(has_sql ? "file" : "sql",
                      has_sql ? "stands beside sql; one of the two" : "or file is missing");
  if (sql.empty() && file.empty()) throw table.wrong(has_sql ? "sql" : "file", "is empty");
  if (has_sql) {
    target = {ListSource::Kind::sql, sql};
  } else {
    target = {ListSource::Kind::file, resolved_path(file, path.parent_path()).string()};
  }
}

void read_first_server(TomlTable const& parent, std::string const& name, Path const& path,
                       Environment& environment) {
  auto const* const below = parent.below("first_server");
  if (below == nullptr) return;
  TomlTable const table(
      path, name + ".first_server", *below,
      {"name", "region", "host", "port", "admin_user", "admin_secret_ref", "capacity_tenants"});
  auto server = environment.first_server.value_or(FirstServer{});
  table.take("name", server.name);
  table.take("region", server.region);
  table.take("host", server.host);
  table.take("port", server.port, 1, 65535);
  table.take("admin_user", server.admin_user);
  table.take_secret("admin_secret_ref", server.admin_secret_ref);
  table.take("capacity_tenants", server.capacity_tenants, 1, 1'000'000);
  environment.first_server = std::move(server);
}

// A program and its arguments, run directly, never by a shell: found when the file is read, not when it is
// needed.
bool take_command(TomlTable const& table, std::string const& key, Path const& path, char const* example,
                  std::vector<std::string>& command) {
  if (!table.take(key, command)) return false;
  if (command.empty() || command[0].empty()) throw table.wrong(key, "is empty").with_hint(example);
  auto& program = command[0];
  if (program.find('/') != program.npos)
    program = resolved_path(program, path.parent_path()).string();
  else if (!find_program(program))
    throw table.wrong(key, fmt::format("names {}, which is not on PATH", in_quotes(program)))
        .with_hint("give its full path");
  return true;
}

// "30s"; `example` when it is none.
void take_interval(TomlTable const& table, std::string const& key, char const* example,
                   std::chrono::milliseconds& interval) {
  std::string text;
  if (!table.take(key, text)) return;
  auto const parsed = parse_interval(text);
  if (!parsed) throw table.wrong(key, fmt::format("is {}, no interval", in_quotes(text))).with_hint(example);
  interval = *parsed;
}

void read_application(TomlTable const& parent, std::string const& name, Path const& path,
                      Application& application) {
  auto const* const below = parent.below("application");
  if (below == nullptr) return;
  TomlTable const table(path, name + ".application", *below, {"cache_lifetime", "restart"});
  take_interval(table, "cache_lifetime", "cache_lifetime = \"30s\"; \"0s\": it keeps nothing",
                application.cache_lifetime);
  take_command(table, "restart", path,
               "restart = [\"/usr/local/bin/restart-app\"]: run directly, never by a shell",
               application.restart);
}

void read_notify(TomlTable const& parent, std::string const& name, Path const& path, Notify& notify) {
  auto const* const below = parent.below("notify");
  if (below == nullptr) return;
  TomlTable const table(path, name + ".notify", *below, {"command", "webhook", "on", "after"});
  constexpr auto example =
      "command = [\"/usr/local/bin/page\", \"--team\", \"db\"]: run directly, never by a shell";
  take_command(table, "command", path, example, notify.command);
  if (std::string webhook; table.take("webhook", webhook)) {
    if (webhook.starts_with("http://"))
      throw table.wrong("webhook", "is not https://")
          .with_hint("a receiver without TLS: name it by a reference");
    if (webhook.starts_with("prompt:"))
      throw table.wrong("webhook", "cannot be prompt:; it is needed when nobody is there");
    notify.webhook = webhook;
    if (!webhook.starts_with("https://")) {
      try {
        table.take_secret("webhook", notify.webhook);
      } catch (Error& error) {
        error.hint = "an https:// URL, or env:NAME, file:PATH, exec:COMMAND ARG…, azure:VAULT/NAME";
        throw;
      }
    }
  }
  table.take_words("on", notify.on, {"waiting", "failed", "done"});
  take_interval(table, "after", "after = \"30s\", \"5m\", \"2h\"; \"0s\": at once", notify.after);
  if (!notify.anybody()) throw table.wrong("command", "or webhook is missing").with_hint(example);
}

// The sandbox makes itself, but for who is told of its runs and what its application does.
void read_sandbox(toml::table const& below, toml::key const& key, Path const& path,
                  Configuration& configuration) {
  bool const known = std::all_of(below.begin(), below.end(), [](auto const& entry) {
    return entry.first.str() == "notify" || entry.first.str() == "application";
  });
  if (below.empty() || !known)
    throw toml_fault(path, key.source(), "the environment name \"sandbox\" is reserved")
        .with_hint("tenantsh makes the sandbox itself: tenantsh sandbox up");
  configuration.names_sandbox = true;
  std::string const title = "environment.sandbox";
  TomlTable const table(path, title, below, {});
  read_notify(table, title, path, configuration.sandbox_notify);
  read_application(table, title, path, configuration.sandbox_application);
}

void read_environment(std::string const& name, toml::table const& below, Path const& path,
                      Environment& environment) {
  auto const title = "environment." + name;
  TomlTable const table(path, title, below,
                        {"master", "master_secret", "direct_master", "journal", "guard", "colour",
                         "secrets_folder", "servers", "tenants", "first_server", "notify", "application"});
  environment.name = name;
  environment.declared_in = path;
  table.take_dsn("master", environment.master_dsn);
  table.take_dsn("direct_master", environment.direct_master_dsn);
  table.take_dsn("journal", environment.journal_dsn);
  auto secret = environment.master_secret.reference();
  table.take_secret("master_secret", secret);
  environment.master_secret = secret.empty() ? Secret() : Secret::parse(secret);
  std::string guard;
  if (table.take_word("guard", guard, {"open", "confirm", "protected"}))
    environment.guard = guard == "open"      ? Guard::open
                        : guard == "confirm" ? Guard::confirm
                                             : Guard::protected_;
  table.take_word("colour", environment.colour, known_colours());
  if (std::string folder; table.take("secrets_folder", folder))
    environment.secrets_folder = folder.empty() ? Path() : resolved_path(folder, path.parent_path());
  read_list(table, "servers", title, path, environment.servers);
  read_list(table, "tenants", title, path, environment.tenants);
  read_first_server(table, title, path, environment);
  read_notify(table, title, path, environment.notify);
  read_application(table, title, path, environment.application);
}

}  // namespace

void read_configuration_file(Path const& path, Configuration& configuration) {
  TomlFile const file = read_toml(path);
  configuration.files.push_back(path);
  configuration.exec_allowed = configuration.exec_allowed && file.trusted;
  TomlTable const top(path, "", file.root, {"default_environment", "environment"});
  if (auto const* const environments = top.below("environment"); environments != nullptr) {
    TomlTable const table(path, "environment", *environments, {});
    for (auto const& [key, node] : *environments) {
      std::string const name(key.str());
      if (name == "sandbox") {
        read_sandbox(*table.below(name), key, path, configuration);
        continue;
      }
      if (!is_environment_name(name))
        throw toml_fault(
            path, key.source(),
            in_quotes(name) + " cannot name an environment: letters, digits, _ and -, at most 60");
      read_environment(name, *table.below(name), path, configuration.environments[name]);
    }
  }
  if (std::string name; top.take("default_environment", name)) {
    if (name != "sandbox" && configuration.environments.count(name) == 0) {
      Words known{"sandbox"};
      for (auto const& [other, environment] : configuration.environments) known.push_back(other);
      throw top.wrong("default_environment", fmt::format("is {}; known: {}{}", in_quotes(name),
                                                         fmt::join(known, ", "), suggestion(name, known)));
    }
    configuration.default_environment = name;
  }
}

}  // namespace fleet
