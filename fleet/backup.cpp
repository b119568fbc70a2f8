#include "fleet/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>

#include "fleet/backup_archive.hpp"
#include "fleet/backup_source.hpp"
#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"
#include "fleet/private_files.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// Gzip's fastest: a third of the time of pg_dump's own choice for a tenth more bytes.
constexpr std::string_view compression = "--compress=1";
constexpr std::uint64_t room_beside_data = 16 * 1024 * 1024;

SourceScope scope_of(DumpRequest const& request) {
  bool const in_schema = request.tenant.placement == Placement::schema;
  return {in_schema ? request.tenant.schema_name : std::string{}, request.structure, request.mode};
}

struct PgDump {
  fs::path program;
  std::string version;  // "pg_dump (PostgreSQL) 15.14 (Debian …)"
};

int major_of(std::string const& version) {
  auto const digit = version.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::atoi(version.c_str() + digit);
}

std::string first_line(std::string const& text) { return text.substr(0, text.find('\n')); }

// The one of the server's own major version, else the newest.
PgDump find_pg_dump(int server_version) {
  int const server_major = server_version / 10000;
  fs::path program;
  try {
    program = postgres_program("pg_dump", server_major);
  } catch (Error const& error) {
    if (error.kind != ErrorKind::tool) throw;
    program = postgres_program("pg_dump");
  }
  std::string version = first_line(run_checked({.argv = {program.string(), "--version"}}).output);
  if (major_of(version) < server_major)
    throw Error{ErrorKind::tool, fmt::format("{} cannot dump a server of version {}.{}", version,
                                             server_major, server_version % 10000)}
        .with_detail("it is " + program.string())
        .with_hint(fmt::format("apt install postgresql-client-{}", server_major));
  return {std::move(program), std::move(version)};
}

std::vector<std::string> arguments(DumpRequest const& request, fs::path const& file) {
  std::vector<std::string> all{"--dbname=" + dsn_of(request.endpoint.keywords), "--no-password",
                               "--format=" + std::string{to_string(request.format)}, std::string{compression},
                               "--lock-wait-timeout=60000"};
  if (request.jobs > 1) all.push_back(fmt::format("--jobs={}", request.jobs));
  if (request.mode == DumpMode::schema_only) all.push_back("--schema-only");
  if (request.mode == DumpMode::data_only) all.push_back("--data-only");
  if (request.tenant.placement == Placement::schema)
    all.push_back("--schema=" + pg_dump_pattern(request.tenant.schema_name));
  if (request.mode != DumpMode::schema_only) {
    for (std::string const& glob : request.structure)
      all.push_back("--exclude-table-data=" + pg_dump_pattern(glob) + ".*");
    if (request.tenant.placement == Placement::database)
      all.push_back("--exclude-table-data=tenantsh.step_marker");
  }
  all.push_back("--file=" + file.string());
  return all;
}

void check_request(DumpRequest const& request) {
  if (request.folder.empty()) throw Error{ErrorKind::usage, "a dump needs a folder"};
  if (request.jobs < 1) throw Error{ErrorKind::usage, "jobs must be at least 1"};
  if (request.jobs > 1 && request.format != DumpFormat::directory)
    throw Error{ErrorKind::usage, "several jobs need format = \"directory\""};
}

void check_room(DumpRequest const& request, std::uint64_t needed) {
  std::error_code error;
  fs::path place = fs::absolute(request.folder);
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  auto const space = fs::space(place, error);
  if (error) throw io_error("measure the room in", place, error.value());
  needed += room_beside_data;
  if (space.available < needed)
    throw Error{ErrorKind::io, fmt::format("{} has {} MiB left, the dump may need {} MiB", place.string(),
                                           space.available >> 20U, needed >> 20U)}
        .with_hint("make room, or choose another folder");
}

std::unique_ptr<Session> connect(DumpRequest const& request, DumpMeans const& means) {
  return means.driver.connect(
      request.endpoint, means.secrets,
      {.access = Access::read_only,
       .application_name = this_operator().application_name("dump " + request.tenant.slug),
       .stop = means.stop});
}

PgDump check(Session& session, DumpRequest const& request) {
  PgDump tool = find_pg_dump(session.server_version());
  auto const scope = scope_of(request);
  check_structure(session, scope);
  check_readable(session, scope);
  check_room(request, bytes_to_travel(session, scope));
  return tool;
}

// Where pg_dump will write, closed to others from its first byte on. Gone again unless kept.
class PartialArchive {
 public:
  PartialArchive(fs::path path, DumpFormat format) : path_(std::move(path)) {
    remove_tree(path_);
    if (format == DumpFormat::directory) {
      make_folder(path_, 0700);
    } else {
      FileDescriptor const file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
      if (!file) throw io_error("write", path_, errno);
    }
  }
  ~PartialArchive() {
    if (kept_) return;
    try {
      remove_tree(path_);
    } catch (Error const&) {  // dump_state will find it
    }
  }
  PartialArchive(PartialArchive const&) = delete;
  PartialArchive& operator=(PartialArchive const&) = delete;

  fs::path const& path() const { return path_; }
  void keep_as(fs::path const& name) {
    sync_archive(path_);
    rename_synced(path_, name);
    kept_ = true;
  }

 private:
  fs::path path_;
  bool kept_ = false;
};

// "pg_dump: error: …" is the line that counts; details follow it.
Error pg_dump_error(CommandResult const& result, Secrets const& secrets) {
  std::istringstream lines{result.errors};
  std::string message, rest;
  for (std::string line; std::getline(lines, line);) {
    if (message.empty() && line.find("error:") != std::string::npos)
      message = line;
    else if (!message.empty())
      rest += (rest.empty() ? "" : " ") + line;
  }
  if (message.empty())
    message = fmt::format("pg_dump: exit status {}: {}", result.exit_code, first_line(result.errors));
  return Error{ErrorKind::tool, secrets.redact(std::move(message))}.with_detail(
      secrets.redact(std::move(rest)));
}

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct DumpOutcome {
  std::vector<DumpedTable> tables;
  std::vector<std::string> warnings;
};

// pg_dump on a thread of its own, our counts meanwhile; when one fails, the other ends early and the first
// failure is thrown.
DumpOutcome dump_and_count(Command const& command, SourceSnapshot const& source, Session& session,
                           DumpMeans const& means) {
  std::stop_source ended;
  std::stop_callback const forward(means.stop, [&] { ended.request_stop(); });
  std::exception_ptr first_failure;
  std::mutex mutex;
  auto attempt = [&](auto&& work) {
    try {
      work();
    } catch (std::exception const&) {
      {
        std::lock_guard const lock(mutex);
        if (!first_failure) first_failure = std::current_exception();
      }
      ended.request_stop();
    }
  };
  DumpOutcome outcome;
  {
    std::jthread const pg_dump([&] {
      attempt([&] {
        CommandResult const result = run(command, [&] { return ended.stop_requested(); });
        if (result.exit_code != 0) throw pg_dump_error(result, means.secrets);
        outcome.warnings = lines_of(means.secrets.redact(result.errors));
      });
    });
    std::stop_callback const cancel(ended.get_token(), [&] { session.cancel(); });
    attempt([&] { outcome.tables = source.count(); });
  }
  if (means.stop.stop_requested()) throw Error{ErrorKind::interrupted, "the dump was interrupted"};
  if (first_failure) std::rethrow_exception(first_failure);
  return outcome;
}

void require(std::vector<std::string> const& problems, std::string const& archive) {
  if (problems.empty()) return;
  throw Error{ErrorKind::failed, "the archive " + archive + " is not whole: " + problems.front()}.with_detail(
      problems.size() > 1 ? fmt::format("and {} more", problems.size() - 1) : std::string{});
}

}  // namespace

void can_be_dumped(DumpRequest const& request, DumpMeans const& means) {
  check_request(request);
  auto const session = connect(request, means);
  check(*session, request);
}

std::string dump_command(DumpRequest const& request) {
  check_request(request);
  auto const files = BackupFiles::of(fs::absolute(request.folder), request.tenant.slug, request.at);
  Command command{.argv = {"pg_dump"}};
  try {
    command.argv[0] = postgres_program("pg_dump").string();
  } catch (Error const& error) {
    if (error.kind != ErrorKind::tool) throw;
  }
  for (std::string& argument : arguments(request, files.archive(request.format)))
    command.argv.push_back(std::move(argument));
  return command.text();
}

Backup dump(DumpRequest const& request, DumpMeans const& means) {
  auto const started = SteadyClock::now();
  check_request(request);
  auto const files =
      BackupFiles::of(fs::absolute(request.folder).lexically_normal(), request.tenant.slug, request.at);
  if (fs::exists(files.manifest()))
    throw Error{ErrorKind::refused, "there is a backup of that name: " +
                                        dump_state(files.folder, request.tenant.slug, request.at).seen}
        .with_hint("choose another time, or delete it first");
  auto const session = connect(request, means);
  PgDump const tool = check(*session, request);
  make_folder(files.folder, 0700);
  remove_partial(files.folder, request.tenant.slug, request.at);

  SourceSnapshot const source{*session, scope_of(request)};
  Manifest manifest;
  source.describe(manifest);
  PartialArchive partial{files.partial(request.format), request.format};
  std::optional<Passfile> passfile;
  if (!request.endpoint.password.empty()) passfile.emplace(means.secrets.resolve(request.endpoint.password));
  // What ps and /proc show of it: the command line an operator would type, the path of a file nobody may
  // open.
  Command command{
      .argv = {tool.program.string(), "--snapshot=" + source.id()},
      .environment = {{"PGPASSFILE", passfile ? passfile->path() : "/nonexistent/tenantsh-passfile"},
                      {"PGAPPNAME", this_operator().application_name("pg_dump " + request.tenant.slug)},
                      {"PGCONNECT_TIMEOUT", "10"}},
      .without = {"PG*"}};
  for (std::string& argument : arguments(request, partial.path()))
    command.argv.push_back(std::move(argument));
  DumpOutcome outcome = dump_and_count(command, source, *session, means);

  manifest.tenant = request.tenant.slug;
  manifest.tenant_id = request.tenant.id;
  manifest.server = request.tenant.server;
  manifest.schema = scope_of(request).schema;
  manifest.archive = files.archive(request.format).filename();
  manifest.format = request.format;
  manifest.mode = request.mode;
  manifest.taken_at = source.taken_at();
  manifest.pg_dump = tool.version;
  manifest.structure = request.structure;
  manifest.tables = std::move(outcome.tables);
  manifest.warnings = std::move(outcome.warnings);
  manifest.run_id = request.run_id;
  manifest.bytes = archive_bytes(partial.path());
  if (manifest.bytes == 0) require({"it is empty"}, partial.path());
  fs::path pg_restore = tool.program;
  pg_restore.replace_filename("pg_restore");
  require(listing_problems(partial.path(), manifest, {pg_restore, means.stop}), partial.path());
  manifest.sha256 = archive_sha256(partial.path(), means.driver);

  Backup backup{files.archive(request.format), files.manifest(), std::move(manifest)};
  partial.keep_as(backup.path);
  backup.manifest.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started).count();
  write_private_file(backup.manifest_path, manifest_text(backup.manifest));
  return backup;
}

}  // namespace fleet
