#include "fleet/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>

#include "fleet/backup_archive.hpp"
#include "fleet/backup_catalog.hpp"
#include "fleet/backup_encryption.hpp"
#include "fleet/backup_pg_dump.hpp"
#include "fleet/backup_source.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"
#include "fleet/private_files.hpp"
#include "fleet/process.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t room_beside_data = 16 * 1024 * 1024;

SourceScope scope_of(DumpRequest const& request) {
  bool const in_schema = request.tenant.placement == Placement::schema;
  return {in_schema ? request.tenant.schema_name : std::string{}, request.structure, request.mode};
}

void check_request(DumpRequest const& request) {
  if (request.folder.empty()) throw Error{ErrorKind::usage, "a dump needs a folder"};
  if (request.jobs < 1) throw Error{ErrorKind::usage, "jobs must be at least 1"};
  if (request.jobs > 1 && request.format != DumpFormat::directory)
    throw Error{ErrorKind::usage, "several jobs need format = \"directory\""};
  if (request.compress < 0 || request.compress > 9)
    throw Error{ErrorKind::usage, "compress is a level of gzip from 0 to 9"};
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

// What nobody asked for by name need not be there.
DumpRequest settled(DumpRequest request, Session& session) {
  if (request.structure_given) return request;
  for (std::string const& glob : unfitting_structure(session, scope_of(request)))
    std::erase(request.structure, glob);
  return request;
}

PgDump check(Session& session, DumpRequest const& request) {
  PgDump tool = find_pg_dump(session.server_version());
  auto const scope = scope_of(request);
  check_structure(session, scope);
  try {
    check_readable(session, scope);
  } catch (Error& error) {
    // Whoever reads it must find the login that is to be corrected.
    if (error.kind == ErrorKind::refused && !request.endpoint.password.empty())
      error.hint += fmt::format("; this login of server {} comes from {}", request.tenant.server,
                                request.endpoint.password.reference());
    throw;
  }
  check_room(request, bytes_to_travel(session, scope));
  return tool;
}

enum class Place { file, folder };

// Where an archive grows, closed to others from its first byte on. Gone again unless kept.
class PartialArchive {
 public:
  PartialArchive(fs::path path, Place place) : path_(std::move(path)) {
    if (place == Place::folder) {
      make_folder(path_, 0700);
    } else {
      FileDescriptor const file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
      if (!file) throw io_error("write", path_, errno);
    }
    in_use_.emplace(path_);
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
  std::optional<ArchiveInUse> in_use_;
  bool kept_ = false;
};

void require(std::vector<std::string> const& problems, std::string const& archive) {
  if (problems.empty()) return;
  throw Error{ErrorKind::failed, "the archive " + archive + " is not whole: " + problems.front()}.with_detail(
      problems.size() > 1 ? fmt::format("and {} more", problems.size() - 1) : std::string{});
}

}  // namespace

void can_be_dumped(DumpRequest const& request, DumpMeans const& means) {
  check_request(request);
  auto const session = connect(request, means);
  check(*session, settled(request, *session));
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
  fs::path const archive = files.archive(request.format, sealing_of(request));
  bool const streamed = is_streamed(request), sealed = sealing_of(request) == Sealing::age;
  for (std::string& argument :
       pg_dump_arguments(request, streamed ? fs::path{} : files.archive(request.format)))
    command.argv.push_back(std::move(argument));
  std::string text = command.text();
  if (!sealed) return text;
  Command age{.argv = {"age", "--encrypt"}};
  for (std::string const& key : request.recipients) {
    age.argv.push_back("--recipient");
    age.argv.push_back(key);
  }
  if (!streamed) text += " && tar --create " + files.stem;
  return text + " | " + age.text() + " > " + archive.string();
}

Backup dump(DumpRequest const& given, DumpMeans const& means) {
  auto const started = SteadyClock::now();
  check_request(given);
  auto const files =
      BackupFiles::of(fs::absolute(given.folder).lexically_normal(), given.tenant.slug, given.at);
  if (fs::exists(files.manifest()))
    throw Error{ErrorKind::refused, "there is a backup of that name: " +
                                        dump_state(files.folder, given.tenant.slug, given.at).seen}
        .with_hint("choose another time, or delete it first");
  auto const session = connect(given, means);
  DumpRequest const request = settled(given, *session);
  PgDump const tool = check(*session, request);
  fs::path pg_restore = tool.program;
  pg_restore.replace_filename("pg_restore");
  make_folder(files.folder, 0700);
  remove_partial(files.folder, request.tenant.slug, request.at);

  SourceSnapshot const source{*session, scope_of(request)};
  Backup backup{files.archive(request.format, sealing_of(request)), files.manifest(), {}};
  Manifest& manifest = backup.manifest;
  source.describe(manifest);
  manifest.tenant = request.tenant.slug;
  manifest.tenant_id = request.tenant.id;
  manifest.server = request.tenant.server;
  manifest.schema = scope_of(request).schema;
  manifest.archive = backup.path.filename();
  manifest.format = request.format;
  manifest.mode = request.mode;
  manifest.compress = request.compress;
  manifest.age_recipients = request.recipients;
  manifest.taken_at = source.taken_at();
  manifest.pg_dump = tool.version;
  manifest.structure = request.structure;
  manifest.run_id = request.run_id;

  std::optional<Passfile> passfile;
  if (!request.endpoint.password.empty()) passfile.emplace(means.secrets.resolve(request.endpoint.password));
  bool const folder = request.format == DumpFormat::directory, streamed = is_streamed(request);
  PartialArchive partial{files.partial(request.format, streamed ? Sealing::age : Sealing::none),
                         folder ? Place::folder : Place::file};
  // What ps and /proc show of it: the command line an operator would type, the path of a file nobody may
  // open.
  Command command{
      .argv = {tool.program.string(), "--snapshot=" + source.id()},
      .environment = {{"PGPASSFILE", passfile ? passfile->path() : "/nonexistent/tenantsh-passfile"},
                      {"PGAPPNAME", this_operator().application_name("pg_dump " + request.tenant.slug)},
                      {"PGCONNECT_TIMEOUT", "10"}},
      .without = {"PG*"}};
  for (std::string& argument : pg_dump_arguments(request, streamed ? fs::path{} : partial.path()))
    command.argv.push_back(std::move(argument));
  ArchiveTools const tools{pg_restore, means.stop};
  Together together{means.stop};
  std::optional<PassingArchive> passing;
  if (!folder && (streamed || request.read_back))
    passing.emplace(ArchiveTools{pg_restore, together.token()},
                    streamed ? PassingArchive::Listing::yes : PassingArchive::Listing::no,
                    request.read_back ? PassingArchive::Counts::yes : PassingArchive::Counts::no);
  DumpOutcome outcome = dump_and_count({.command = std::move(command),
                                        .request = request,
                                        .to = partial.path(),
                                        .source = source,
                                        .session = *session,
                                        .passing = passing ? &*passing : nullptr},
                                       means, together);
  manifest.tables = std::move(outcome.tables);
  manifest.warnings = std::move(outcome.warnings);

  if (archive_bytes(partial.path()) == 0) require({"it is empty"}, partial.path());
  if (passing) require(passing->problems(manifest), partial.path());
  if (!streamed) require(listing_problems(partial.path(), manifest, tools), partial.path());
  if (folder && request.read_back) require(count_problems(partial.path(), manifest, tools), partial.path());
  manifest.verified = {"size", "listing"};
  if (request.read_back) manifest.verified.push_back("counts");
  manifest.verified.push_back("sha256");

  // The folder goes when its tar file is there: with `partial`.
  std::optional<PartialArchive> sealed;
  if (folder && sealing_of(request) == Sealing::age) {
    sealed.emplace(files.partial(request.format, Sealing::age), Place::file);
    seal_folder(partial.path(), files.stem, request, sealed->path(), means.stop);
  }
  PartialArchive& made = sealed ? *sealed : partial;
  manifest.bytes = archive_bytes(made.path());
  manifest.sha256 = archive_sha256(made.path(), means.driver);
  if (std::string remark = size_remark(manifest, stored_backups(files.folder, request.tenant.slug));
      !remark.empty())
    manifest.warnings.push_back(std::move(remark));
  if (sealed) remove_tree(partial.path());  // plain: an error here is one of the dump
  made.keep_as(backup.path);
  manifest.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started).count();
  write_private_file(backup.manifest_path, manifest_text(manifest));
  return backup;
}

}  // namespace fleet
