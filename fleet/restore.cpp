#include "fleet/restore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/process.hpp"
#include "fleet/restore_mark.hpp"
#include "fleet/restore_run.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t slug_kept = 15;  // with "-restore-20260427t1500z" behind it: 38

std::string with_underscores(std::string text) {
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

std::unique_ptr<Session> connect(Endpoint const& place, DumpMeans const& means, std::string const& what,
                                 Access access = Access::read_write) {
  return means.driver.connect(
      place, means.secrets,
      {.access = access, .application_name = this_operator().application_name(what), .stop = means.stop});
}

std::optional<Place> found(Result const& rows) {
  if (rows.empty()) return std::nullopt;
  return Place{rows.text(0, "comment")};
}

// As the archive's database was: a sort order that changes with a restore would break what was sorted.
std::string create_database_sql(Session const& session, RestoreRequest const& request,
                                std::string const& name, std::string const& owner) {
  Manifest const& manifest = request.archive.manifest;
  std::string sql = fmt::format("create database {} owner {} template template0",
                                session.quote_identifier(name), session.quote_identifier(owner));
  if (!manifest.encoding.empty()) sql += " encoding " + session.quote_literal(manifest.encoding);
  if (!manifest.collate.empty()) sql += " lc_collate " + session.quote_literal(manifest.collate);
  if (!manifest.ctype.empty()) sql += " lc_ctype " + session.quote_literal(manifest.ctype);
  return sql;
}

Error filled(RestoreRequest const& request, std::string const& name, std::string const& in_it) {
  return Error{ErrorKind::refused, fmt::format("{} {} is there and is not empty: {}",
                                               request.in_schema() ? "schema" : "database", name, in_it)}
      .with_hint("an archive is restored into an empty place only: rename or drop what is there");
}

// An empty database of that name: what an earlier attempt of this run left is dropped, anything else is
// refused.
void prepare_database(Session& server, RestoreRequest const& request, DumpMeans const& means) {
  std::string const name = request.copy();
  if (auto const there = find_database(server, name)) {
    std::string const in_it = contents(*connect(request.server.with_database(name), means, "restore"), "");
    if (in_it.empty()) return;
    if (!there->begun_by(request.run_id)) throw filled(request, name, in_it);
    server.query("drop database " + server.quote_identifier(name) + " with (force)");
  }
  server.query(create_database_sql(server, request, name, request.owner));
}

void mark_database(Session& server, std::string const& name, std::string const& mark) {
  server.query(
      fmt::format("comment on database {} is {}", server.quote_identifier(name), server.quote_literal(mark)));
}

std::string done_text(RestoreRequest const& request) {
  return fmt::format("{}{}, run {}", done_mark, request.archive.path.filename().string(), request.run_id);
}

void analyze(Session& session, RestoreRequest const& request, RestoreProgress& progress) {
  progress.phase("analyzing");
  session.query("set role " + session.quote_identifier(request.owner));
  if (!request.in_schema()) {
    session.query("analyze");
  } else {
    Result const tables = session.query(
        {"select format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c join "
         "pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', "
         "'p', 'm') order by 1",
         {request.copy()}});
    for (std::size_t row = 0; row < tables.rows(); ++row)
      session.query("analyze " + tables.text(row, "name"));
  }
  session.query("reset role");
}

// Settings of the database and of roles in it are no part of an archive.
void note_settings(Session& session, RestoreRequest const& request, std::vector<std::string>& notes) {
  Result const rows = session.query(
      {"select coalesce(array_to_string(array_agg(setting), ', '), '') as settings from (select "
       "unnest(s.setconfig) as setting from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on "
       "d.oid = s.setdatabase where d.datname = $1 and s.setrole = 0) t where setting not like "
       "'default_transaction_read_only=%'",
       {request.archive.manifest.database}});
  if (std::string const settings = rows.text(0, "settings"); !settings.empty())
    notes.push_back(
        fmt::format("settings of database {} are no part of an archive: {}; if the sibling is to "
                    "have them: alter database … set …",
                    request.archive.manifest.database, settings));
}

// What a write fence wrote down of a schema (fleet/write_fence.hpp) lies outside of it.
void forget_fence(Session& session, std::string const& schema) {
  for (char const* table : {"fence_privilege", "fence_setting", "fence"})
    if (session.query({"select pg_catalog.to_regclass('tenantsh.' || $1) is not null", {table}}).value() ==
        "t")
      session.query({fmt::format("delete from tenantsh.{} where schema_name = $1", table), {schema}});
}

}  // namespace

std::optional<Place> find_database(Session& session, std::string const& name) {
  return found(
      session.query({"select coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') as comment from "
                     "pg_catalog.pg_database where datname = $1",
                     {name}}));
}

std::optional<Place> find_schema(Session& session, std::string const& name) {
  return found(
      session.query({"select coalesce(pg_catalog.obj_description(oid, 'pg_namespace'), '') as comment from "
                     "pg_catalog.pg_namespace where nspname = $1",
                     {name}}));
}

Sibling sibling_of(Tenant const& source, std::string const& taken_at) {
  // 2026-04-27T15:00:00.123Z
  constexpr std::string_view shape = "####-##-##T##:##";
  bool fits = taken_at.size() > shape.size();
  std::string digits;
  for (std::size_t i = 0; fits && i < shape.size(); ++i) {
    bool const digit = std::isdigit(static_cast<unsigned char>(taken_at[i])) != 0;
    fits = shape[i] == '#' ? digit : taken_at[i] == shape[i];
    if (digit) digits += taken_at[i];
  }
  if (!fits)
    throw Error{ErrorKind::failed, fmt::format("{} is no time of a dump: the sibling would be named after it",
                                               in_quotes(taken_at))};
  Sibling sibling;
  sibling.slug = fmt::format("{}-restore-{}t{}z", source.slug.substr(0, slug_kept), digits.substr(0, 8),
                             digits.substr(8));
  sibling.display_name = fmt::format("{} (restored, as of {} {} UTC)", source.display_name,
                                     taken_at.substr(0, 10), taken_at.substr(11, 5));
  sibling.taken_at = taken_at;
  bool const in_schema = source.placement == Placement::schema;
  sibling.schema = in_schema ? with_underscores(sibling.slug) : "";
  sibling.database = in_schema ? source.database_name : "tenant_" + with_underscores(sibling.slug);
  return sibling;
}

std::string copy_name(std::string const& name, std::string const& run_id) {
  if (run_id.empty() || run_id.size() > 12 || !std::all_of(run_id.begin(), run_id.end(), [](unsigned char c) {
        return std::islower(c) || std::isdigit(c);
      }))
    throw Error{ErrorKind::usage, in_quotes(run_id) + " is no id of a run"}.with_hint("in a runbook: run.id");
  return name + "__" + run_id;
}

RestoreEvidence restore_state(RestoreRequest const& request, DumpMeans const& means) {
  using State = RestoreEvidence::State;
  std::string const what = request.in_schema() ? "schema" : "database";
  Endpoint const home = request.in_schema() ? request.server.with_database(request.shared) : request.server;
  auto const session = connect(home, means, "restore state", Access::read_only);
  auto const find = [&](std::string const& name) {
    return request.in_schema() ? find_schema(*session, name) : find_database(*session, name);
  };
  if (auto const place = find(request.place())) {
    if (place->done()) return {State::done, fmt::format("{} {}: {}", what, request.place(), place->comment)};
    std::string in_it;
    try {
      in_it = request.in_schema() ? contents(*session, request.place())
                                  : contents(*connect(request.server.with_database(request.place()), means,
                                                      "restore state", Access::read_only),
                                             "");
    } catch (Error const& error) {  // a database that lets nobody in
      in_it = error.message;
    }
    return {State::broken, fmt::format("{} {} is there and no restore made it; in it: {}", what,
                                       request.place(), in_it.empty() ? "nothing" : in_it)};
  }
  if (request.run_id.empty()) return {State::not_done, "no " + what + " " + request.place()};
  auto const copy = find(request.copy());
  if (!copy) return {State::not_done, "no " + what + " " + request.copy()};
  if (copy->done()) return {State::done, fmt::format("{} {}: {}", what, request.copy(), copy->comment)};
  return {State::not_done, fmt::format("{} {} is there, not filled to its end", what, request.copy())};
}

Restored restore_archive(RestoreRequest const& request, DumpMeans const& means, RestoreProgress& progress) {
  Restored restored{request.copy(), {}};
  auto const server = connect(request.server, means, "restore");
  int const server_major = server->server_version() / 10000;
  PgRestoreRun run{.program = pg_restore_for(major_version(request.archive.manifest.pg_dump), server_major),
                   .archive = request.archive.readable(),
                   .database = request.server.with_database(request.copy()),
                   .role = request.owner,
                   .jobs = request.jobs,
                   .run_id = request.run_id};
  progress.begin(entries_by_kind(request.archive, run.program, means.stop), request.bytes_expected);
  if (request.in_schema()) {
    restored.notes = restore_schema(request, means, progress);
    auto const shared = connect(request.server.with_database(request.shared), means, "restore");
    analyze(*shared, request, progress);
    shared->query(fmt::format("comment on schema {} is {}", shared->quote_identifier(request.copy()),
                              shared->quote_literal(done_text(request))));
    return restored;
  }
  prepare_database(*server, request, means);
  mark_database(*server, request.copy(), std::string{begun_mark} + request.run_id);
  progress.phase("restoring");
  run_pg_restore(run, means, progress);
  analyze(*connect(run.database, means, "restore"), request, progress);
  note_settings(*server, request, restored.notes);
  mark_database(*server, request.copy(), done_text(request));
  return restored;
}

void drop_restored(RestoreRequest const& request, DumpMeans const& means) {
  Endpoint const home = request.in_schema() ? request.server.with_database(request.shared) : request.server;
  auto const session = connect(home, means, "undo restore");
  for (std::string const& name : {request.copy(), request.place()}) {
    auto const place = request.in_schema() ? find_schema(*session, name) : find_database(*session, name);
    if (!place) continue;
    bool const empty_copy =
        name == request.copy() && place->comment.empty() &&
        (request.in_schema()
             ? contents(*session, name)
             : contents(*connect(request.server.with_database(name), means, "undo restore"), ""))
            .empty();
    if (!empty_copy && !place->done() && !place->begun_by(request.run_id))
      throw Error{ErrorKind::refused, fmt::format("{} {} is no restore's: it is not dropped",
                                                  request.in_schema() ? "schema" : "database", name)};
    if (request.in_schema()) {
      session->query("drop schema " + session->quote_identifier(name) + " cascade");
      forget_fence(*session, name);
    } else
      session->query("drop database " + session->quote_identifier(name) + " with (force)");
  }
}

std::string restore_command(RestoreRequest const& request) {
  PgRestoreRun run{
      .program = "pg_restore",
      .archive = request.archive.path,
      .database = request.server.with_database(request.in_schema() ? request.shared : request.copy()),
      .role = request.owner,
      .jobs = request.jobs};
  Command command{.argv = {run.program.string()}};
  for (std::string& argument : pg_restore_arguments(run)) command.argv.push_back(std::move(argument));
  command.argv.push_back(run.archive.string());
  return command.text();
}

// --- Progress
// ------------------------------------------------------------------------------------------------

void RestoreProgress::begin(std::map<std::string, int> const& entries, std::uint64_t bytes_expected) {
  std::lock_guard const lock{mutex_};
  for (auto const& [kind, count] : entries) {
    if (kind == "TABLE DATA") all_tables_ += count;
    if (kind == "INDEX" || kind == "CONSTRAINT") all_indexes_ += count;
  }
  bytes_expected_ = bytes_expected;
}

void RestoreProgress::phase(std::string name) {
  std::lock_guard const lock{mutex_};
  phase_ = std::move(name);
}

// In parallel "finished item 3402 TABLE DATA organization"; alone "processing data for table …" and "creating
// INDEX …", both said when the work on it begins.
void RestoreProgress::read(std::string_view line) {
  auto const says = [&](std::string_view text) { return line.find(text) != line.npos; };
  std::lock_guard const lock{mutex_};
  bool const finished = says(": finished item ");
  if (finished ? says(" TABLE DATA ") : alone_ && says(": processing data for table ")) ++tables_;
  if (finished ? says(" INDEX ") || (says(" CONSTRAINT ") && !says(" FK CONSTRAINT "))
               : alone_ && (says(": creating INDEX ") || says(": creating CONSTRAINT ")))
    ++indexes_;
  if (says(": entering main parallel loop")) alone_ = false;
}

void RestoreProgress::bytes(std::uint64_t now) {
  std::lock_guard const lock{mutex_};
  bytes_ = now;
}

std::string RestoreProgress::line(std::string const& what, double seconds) const {
  std::lock_guard const lock{mutex_};
  std::string text = phase_ + " " + what;
  if (all_tables_ > 0) text += fmt::format(": tables {}/{}", std::min(tables_, all_tables_), all_tables_);
  if (all_indexes_ > 0)
    text += fmt::format(", indexes {}/{}", std::min(indexes_, all_indexes_), all_indexes_);
  if (bytes_ == 0) return text;
  text += fmt::format(", {} MiB", bytes_ >> 20U);
  if (bytes_expected_ == 0) return text;
  text += fmt::format(" of about {} MiB", bytes_expected_ >> 20U);
  double const share = static_cast<double>(bytes_) / static_cast<double>(bytes_expected_);
  // Near its end the guess says nothing.
  if (share > 0.02 && share < 0.98) text += fmt::format(", about {:.0f} s left", seconds / share - seconds);
  return text;
}

}  // namespace fleet
