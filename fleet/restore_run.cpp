#include "fleet/restore_run.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>

#include "fleet/child.hpp"
#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"

namespace fleet {
namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto look_at_stop = 100ms;
constexpr auto look_at_size = 5s;
constexpr auto patience_after_sigterm = 5s;
constexpr std::size_t kept_of_errors = 16 * 1024;

// What pg_restore --verbose says of its progress, not of what went wrong.
bool is_progress(std::string_view line) {
  static constexpr std::string_view beginnings[] = {
      "connecting to", "implied ",   "executing ",     "creating ",     "processing ",
      "launching ",    "finished ",  "entering main ", "skipping ",     "disabling ",
      "enabling ",     "worker ",    "restoring ",     "setting owner", "dropping ",
      "read TOC",      "allocating", "transferring",   "identified "};
  constexpr std::string_view prefix = "pg_restore: ";
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](std::string_view each) { return line.starts_with(each); });
}

// Lines of its standard error as they come.
class Lines {
 public:
  explicit Lines(RestoreProgress& progress) : progress_(progress) {}

  void read(std::string_view piece) {
    for (char c : piece) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      take();
    }
  }
  std::string const& errors() {
    if (!line_.empty()) take();
    return errors_;
  }

 private:
  void take() {
    if (is_progress(line_))
      progress_.read(line_);
    else if (errors_.size() < kept_of_errors)
      errors_ += line_ + "\n";
    line_.clear();
  }

  RestoreProgress& progress_;
  std::string line_, errors_;
};

void drain(FileDescriptor& end, Lines& lines) {
  std::array<char, 65536> buffer;
  while (end) {
    ssize_t const got = ::read(end.get(), buffer.data(), buffer.size());
    if (got > 0)
      lines.read({buffer.data(), static_cast<std::size_t>(got)});
    else if (got < 0 && errno == EAGAIN)
      return;
    else if (got == 0 || errno != EINTR)
      end.reset();
  }
}

std::string value_after(std::string const& text, std::string_view label) {
  auto const at = text.find(label);
  if (at == std::string::npos) return {};
  auto const begin = at + label.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

// "pg_restore: from TOC entry 3350; 0 16402 TABLE organization acme_owner", then "pg_restore: error: could
// not execute query: ERROR:  relation … already exists", then "Command was: …".
Error pg_restore_error(std::string const& errors, int exit_code, PgRestoreRun const& run,
                       Secrets const& secrets) {
  std::string reason = value_after(errors, "ERROR:  ");
  if (reason.empty()) reason = value_after(errors, "error: ");
  if (reason.empty()) reason = errors.substr(0, errors.find('\n'));
  if (reason.empty()) reason = fmt::format("exit status {}", exit_code);
  std::string object = value_after(errors, "from TOC entry ");
  if (auto const semicolon = object.find("; "); semicolon != std::string::npos)
    object.erase(0, semicolon + 2);
  // The two numbers before its kind say nothing to a person.
  if (auto const kind = object.find_first_not_of("0123456789 "); kind != std::string::npos)
    object.erase(0, kind);
  Error error{ErrorKind::tool, secrets.redact(fmt::format("pg_restore stopped{}: {}",
                                                          object.empty() ? "" : " at " + object, reason))};
  error.detail = secrets.redact(value_after(errors, "DETAIL:  "));
  error.hint = restore_hint(reason, run);
  error.server = run.database.server;
  return error;
}

}  // namespace

std::string restore_hint(std::string const& reason, PgRestoreRun const& run) {
  auto const says = [&](std::string_view text) { return reason.find(text) != std::string::npos; };
  std::string const secret =
      run.database.password.empty() ? "its admin_user" : run.database.password.reference();
  if (says("already exists"))
    return "the target was not empty; an archive is restored into a new sibling only: tenantsh run "
           "tenant_restore";
  if (says("permission denied") || says("must be owner") || says("must be superuser"))
    return fmt::format(
        "it works as {} (admin of server {}, from {}), for role {}; the application's role is "
        "refused schemas",
        run.database.get("user"), run.database.server, secret,
        run.role.empty() ? run.database.get("user") : run.role);
  if (says("No space left") || says("could not extend file"))
    return fmt::format("make room on server {}, or restore on another: --input server=NAME",
                       run.database.server);
  if (says("password authentication failed") || says("no password supplied"))
    return "the admin's password comes from " + secret;
  if (says("violates foreign key constraint"))
    return "the tenant holds rows that point at nothing: repair them there "
           "(examples/queries/orphaned_rows.lua), "
           "then dump again";
  return {};
}

std::vector<std::string> pg_restore_arguments(PgRestoreRun const& run) {
  std::vector<std::string> arguments{"--dbname=" + dsn_of(run.database.keywords), "--no-password",
                                     "--no-owner"};
  if (!run.role.empty()) arguments.push_back("--role=" + run.role);
  // Publications and subscriptions belong to the place that they were made for.
  for (char const* option : {"--exit-on-error", "--no-publications", "--no-subscriptions"})
    arguments.emplace_back(option);
  arguments.push_back(fmt::format("--jobs={}", run.jobs));
  return arguments;
}

void run_pg_restore(PgRestoreRun const& run, DumpMeans const& means, RestoreProgress& progress) {
  std::optional<Passfile> passfile;
  if (!run.database.password.empty()) passfile.emplace(means.secrets.resolve(run.database.password));
  Command command{
      .argv = {run.program.string()},
      .environment = {{"PGPASSFILE", passfile ? passfile->path() : "/nonexistent/tenantsh-passfile"},
                      {"PGAPPNAME",
                       this_operator().application_name(run.run_id.empty() ? "pg_restore" : run.run_id)},
                      {"PGCONNECT_TIMEOUT", "10"},
                      // Whoever is killed half-way begins again; what says that all is there is written
                      // durably, after it.
                      {"PGOPTIONS", "-c synchronous_commit=off"},
                      {"LC_ALL", "C"}},
      .without = {"PG*"}};
  for (std::string& argument : pg_restore_arguments(run)) command.argv.push_back(std::move(argument));
  command.argv.emplace_back("--verbose");
  command.argv.push_back(run.archive.string());

  std::unique_ptr<Session> const watcher =
      means.driver.connect(run.database, means.secrets,
                           {.access = Access::read_only,
                            .application_name = this_operator().application_name("restore progress")});
  Lines lines{progress};
  Child child = Child::start(command);
  std::optional<SteadyClock::time_point> told_to_end;
  auto next_look = SteadyClock::now() + look_at_size;
  std::optional<int> exit_code;
  while (!exit_code) {
    std::array<pollfd, 2> events{{{child.errors.get(), POLLIN, 0}, {child.ended.get(), POLLIN, 0}}};
    ::poll(events.data(), events.size(), static_cast<int>(look_at_stop.count()));
    drain(child.errors, lines);
    if (means.stop.stop_requested() && !told_to_end) {
      told_to_end = SteadyClock::now();
      child.signal(SIGTERM);
    } else if (told_to_end && SteadyClock::now() - *told_to_end > patience_after_sigterm) {
      child.signal(SIGKILL);
    }
    if (SteadyClock::now() > next_look && !told_to_end) {
      next_look = SteadyClock::now() + look_at_size;
      try {
        progress.bytes(std::stoull(
            watcher->query("select pg_catalog.pg_database_size(current_database())").value().value_or("0")));
      } catch (Error const&) {  // how far it is can wait
      }
    }
    exit_code = child.reap();
  }
  drain(child.errors, lines);
  if (told_to_end) throw Error{ErrorKind::interrupted, "the restore was interrupted"};
  if (*exit_code != 0) throw pg_restore_error(lines.errors(), *exit_code, run, means.secrets);
}

}  // namespace fleet
