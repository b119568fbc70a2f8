#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fleet/session.hpp"

namespace fleet {

enum class Guard { open, confirm, protected_ };
std::string_view to_string(Guard guard);

// Where a list of servers or tenants comes from: our registry in master, one SQL query on master, or a file.
struct ListSource {
  enum class Kind { registry, sql, file } kind = Kind::registry;
  std::string text;  // the query, or the file's full path (written relative to the configuration file)
};

// The server that master_init registers first, when the environment says which; inputs override it.
struct FirstServer {
  std::string name, region, host, admin_user, admin_secret_ref;
  int port = 5432;
  int capacity_tenants = 100;
};

// Who is told what becomes of a run, and what of it (fleet/notification.hpp sends it).
struct Notify {
  std::vector<std::string> command;  // program and arguments, run directly; empty: none
  std::string webhook;               // a secret's reference, or the https:// URL itself; empty: none
  std::vector<std::string> on{"waiting", "failed", "done"};
  std::chrono::milliseconds after{60'000};  // how long a question waits at a terminal before it is told
  bool anybody() const { return !command.empty() || !webhook.empty(); }
};

// How the tenants' application learns that a db_config_ref was changed.
struct Application {
  std::chrono::milliseconds cache_lifetime{30'000};  // after that it has read the reference again
  std::vector<std::string> restart;  // program and arguments that make it read at once; empty: it is waited
  bool restart_allowed = true;       // false when a file belongs to somebody else
};

struct Environment {
  std::string name;
  std::string master_dsn;         // libpq DSN or URI without a password
  Secret master_secret;           // its password; empty: passfile or peer
  std::string direct_master_dsn;  // past a pooler; empty: master_dsn
  std::string journal_dsn;        // for fleets that are not ours; empty: master
  Guard guard = Guard::confirm;
  std::string colour;  // one of known_colours(), empty: none
  ListSource servers, tenants;
  std::optional<FirstServer> first_server;
  std::vector<FirstServer> known_servers;  // that a runbook may register by name: the sandbox's own
  std::filesystem::path
      secrets_folder;  // where a provisioned tenant's connection string is written; empty: asked
  Notify notify;
  Application application;
  bool sandbox = false;
  std::filesystem::path declared_in;  // file, for messages; empty for the sandbox
};

std::vector<std::string> const& known_colours();

struct Configuration {
  std::string default_environment = "sandbox";
  std::map<std::string, Environment> environments;  // without the sandbox, whose name is reserved
  Notify sandbox_notify;                            // all that a file can say about the sandbox: this,
  Application sandbox_application;                  // and this
  bool names_sandbox = false;                       // a file says something about it
  std::vector<std::filesystem::path> files;         // read, in order of rising precedence
  // False when a file belongs to somebody else: neither exec: secrets nor commands to notify are run then.
  bool exec_allowed = true;
};

struct ConfigurationPlaces {
  std::filesystem::path explicit_file;  // --config; then nothing else is read
  std::filesystem::path user_file;      // $XDG_CONFIG_HOME/tenantsh/tenantsh.toml
  std::filesystem::path project_start;  // working directory: tenantsh.toml here or above
};

// Reads and checks tenantsh.toml: unknown keys, wrong types, a reserved name, a password inside a DSN are
// Error{config} with file, line, what is wrong and what would be right. No connection, no libpq.
//
//   default_environment = "NAME"
//   [environment.NAME]      master, master_secret, direct_master, journal, guard, colour, secrets_folder
//   [environment.NAME.servers], [environment.NAME.tenants]      sql or file
//   [environment.NAME.first_server]   name, region, host, port, admin_user, admin_secret_ref,
//   capacity_tenants
//   [environment.NAME.notify]         command, webhook, on, after; also [environment.sandbox.notify]
//   [environment.NAME.application]    cache_lifetime, restart; also [environment.sandbox.application]
//
// A later file replaces an earlier one's environments key by key. Relative paths, also those of file:
// secrets, start at the folder of the file that holds them; ~/ is the home folder.
Configuration load_configuration(ConfigurationPlaces const& places);

// The environment of that name. Error{usage} lists the known ones.
// `sandbox` is answered by the caller (fleet/cluster.hpp knows where it lives).
Environment const& find_environment(Configuration const& configuration, std::string const& name);

// The PG* variables as they were when the program started; then they are removed from our environment, so
// that no library call and no child process sees them. PGSERVICEFILE and PGSYSCONFDIR stay: they only say
// where `service=` is looked up. Call it before there is a second thread.
using StrayVariables = std::map<std::string, std::string>;
StrayVariables take_postgres_variables();

// Endpoint of an environment's own DSN, completed from `variables` the way libpq would have done: keywords
// that neither the DSN nor its service names. Three differences: PGHOSTADDR does not redirect a DSN that
// names its host, PGAPPNAME and PGCLIENTENCODING are ours, and PGPASSWORD becomes the reference
// env:PGPASSWORD (give `variables` to Secrets). The default passfile is named when it exists and there is no
// other password.
Endpoint endpoint_of(std::string const& dsn, Secret const& password, std::string const& server_name,
                     StrayVariables const& variables, Driver& driver);

// Whether a DSN or URI holds a password (or the passphrase of a key). No libpq.
bool holds_password(std::string_view dsn);

}  // namespace fleet
