// A tenant that is one schema of a shared database: fleet/restore_run.hpp, restore_schema.

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "fleet/backup_source.hpp"
#include "fleet/dsn.hpp"
#include "fleet/error.hpp"
#include "fleet/operator.hpp"
#include "fleet/passfile.hpp"
#include "fleet/private_files.hpp"
#include "fleet/process.hpp"
#include "fleet/restore_mark.hpp"
#include "fleet/restore_run.hpp"
#include "fleet/scratch_database.hpp"

namespace fleet {
namespace {

namespace fs = std::filesystem;

// A folder that only we may open, gone at the end: what lies in it is a tenant's data.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::string name = (fs::temp_directory_path() / "tenantsh-restore-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw io_error("make", name, errno);
    path_ = name;
  }
  ~PrivateFolder() {
    try {
      remove_tree(path_);
    } catch (Error const&) {  // the system clears its temporary folder
    }
  }
  PrivateFolder(PrivateFolder const&) = delete;
  PrivateFolder& operator=(PrivateFolder const&) = delete;

  fs::path const& path() const { return path_; }

 private:
  fs::path path_;
};

class Copier {
 public:
  Copier(RestoreRequest const& request, DumpMeans const& means, RestoreProgress& progress)
      : request_(request),
        means_(means),
        progress_(progress),
        pg_restore_(pg_restore_for(major_version(request.archive.manifest.pg_dump), 0)) {
    if (!request.server.password.empty()) passfile_.emplace(means.secrets.resolve(request.server.password));
  }

  void dump(Endpoint const& from, std::vector<std::string> options, std::string const& name) {
    Command command{
        .argv = {postgres_program("pg_dump").string(), "--dbname=" + dsn_of(from.keywords), "--no-password",
                 "--format=custom", "--compress=1", "--file=" + (folder_.path() / name).string()},
        .environment = {{"PGPASSFILE", passfile_ ? passfile_->path() : "/nonexistent/tenantsh-passfile"},
                        {"PGAPPNAME", this_operator().application_name(request_.run_id)},
                        {"LC_ALL", "C"}},
        .without = {"PG*"}};
    for (std::string& option : options) command.argv.push_back(std::move(option));
    run_checked(command, [&] { return means_.stop.stop_requested(); });
  }
  // `archive`: a path, or the name of what dump() made.
  void load(fs::path const& archive, Endpoint const& into, std::string const& role, int jobs) {
    run_pg_restore({.program = pg_restore_,
                    .archive = folder_.path() / archive,
                    .database = into,
                    .role = role,
                    .jobs = jobs,
                    .run_id = request_.run_id},
                   means_, progress_);
  }

 private:
  RestoreRequest const& request_;
  DumpMeans const& means_;
  RestoreProgress& progress_;
  fs::path pg_restore_;
  std::optional<Passfile> passfile_;
  PrivateFolder folder_;
};

std::vector<std::string> names(Result const& rows) {
  std::vector<std::string> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) found.push_back(rows.text(row, "name"));
  return found;
}

// Tables outside of the schema that its foreign keys lead to, and theirs: their rows must be in the scratch
// database for the keys to hold. Asked of the tenant's own schema, when it is still there.
std::vector<std::string> referred_tables(Session& shared, std::string const& schema) {
  return names(shared.query(
      {"with recursive referred(oid) as (select k.confrelid from pg_catalog.pg_constraint k join "
       "pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
       "where k.contype = 'f' and n.nspname = $1 union select k.confrelid from referred r join "
       "pg_catalog.pg_constraint k on k.conrelid = r.oid and k.contype = 'f') select format('%I.%I', "
       "n.nspname, c.relname) as name from referred join pg_catalog.pg_class c using (oid) join "
       "pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1 order by 1",
       {schema}}));
}

// What follows a rename is known to the catalog. Text is not: it still means the schema that the archive was
// taken from, which serves the live tenant.
std::vector<std::string> references_to(Session& scratch, std::string const& old_schema,
                                       std::string const& schema) {
  return names(scratch.query(
      {"select 'function ' || p.oid::regprocedure::text as name from pg_catalog.pg_proc p join "
       "pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $2 and (p.prosrc ~ ('\\m' || "
       "$1 "
       "|| '\\M') or array_to_string(p.proconfig, ' ') ~ ('\\m' || $1 || '\\M')) union all select 'default "
       "of "
       "' || format('%I.%I', c.relname, a.attname) from pg_catalog.pg_attrdef d join pg_catalog.pg_class c "
       "on "
       "c.oid = d.adrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace join "
       "pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum where n.nspname = $2 and "
       "pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ ('\\m' || $1 || '\\M') union all select 'check ' || "
       "format('%I of %I', k.conname, c.relname) from pg_catalog.pg_constraint k join pg_catalog.pg_class c "
       "on "
       "c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $2 and "
       "k.contype = 'c' and pg_catalog.pg_get_constraintdef(k.oid) ~ ('\\m' || $1 || '\\M') union all select "
       "'view ' || c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = "
       "c.relnamespace where n.nspname = $2 and c.relkind in ('v', 'm') and pg_catalog.pg_get_viewdef(c.oid) "
       "~ ('\\m' || $1 || '\\M') order by 1",
       {old_schema, schema}}));
}

void make_room_for_copy(Session& shared, RestoreRequest const& request) {
  auto const there = find_schema(shared, request.copy());
  if (!there) return;
  std::string const in_it = contents(shared, request.copy());
  if (!in_it.empty() && !there->begun_by(request.run_id))
    throw Error{ErrorKind::refused,
                fmt::format("schema {} is there and is not empty: {}", request.copy(), in_it)}
        .with_hint("an archive is restored into an empty place only: rename or drop what is there");
  shared.query("drop schema " + shared.quote_identifier(request.copy()) + " cascade");
}

}  // namespace

std::vector<std::string> restore_schema(RestoreRequest const& request, DumpMeans const& means,
                                        RestoreProgress& progress) {
  std::string const& old_schema = request.archive.manifest.schema;
  Endpoint const shared_place = request.server.with_database(request.shared);
  auto const shared = means.driver.connect(
      shared_place, means.secrets,
      {.application_name = this_operator().application_name("restore"), .stop = means.stop});
  make_room_for_copy(*shared, request);
  Copier copier{request, means, progress};

  // Extensions, the platform's schemas, functions and types: whatever the tenant's own objects lean on.
  progress.phase("copying what the schema leans on,");
  std::vector<std::string> around{"--schema-only", "--no-publications", "--no-subscriptions",
                                  "--exclude-schema=" + pg_dump_pattern(old_schema)};
  for (std::string const& other : request.other_schemas)
    if (other != old_schema) around.push_back("--exclude-schema=" + pg_dump_pattern(other));
  copier.dump(shared_place, std::move(around), "around");
  auto const referred = referred_tables(*shared, old_schema);

  ScratchDatabase scratch{means.driver, means.secrets, request.server, this_operator(), means.stop};
  copier.load("around", scratch.endpoint(), {}, 1);
  if (!referred.empty()) {
    std::vector<std::string> rows{"--data-only"};
    for (std::string const& table : referred) rows.push_back("--table=" + table);
    copier.dump(shared_place, std::move(rows), "referred");
    copier.load("referred", scratch.endpoint(), {}, 1);
  }
  progress.phase("restoring");
  copier.load(request.archive.readable(), scratch.endpoint(), {}, request.jobs);

  Session& session = scratch.session();
  session.query(fmt::format("alter schema {} rename to {}", session.quote_identifier(old_schema),
                            session.quote_identifier(request.copy())));
  // Travels with the schema, so that a copy which was not finished is known for what it is.
  session.query(fmt::format("comment on schema {} is {}", session.quote_identifier(request.copy()),
                            session.quote_literal(std::string{begun_mark} + request.run_id)));
  std::vector<std::string> notes;
  for (std::string const& reference : references_to(session, old_schema, request.copy()))
    notes.push_back(
        fmt::format("{} names schema {}: there it still means the live tenant", reference, old_schema));
  copier.dump(scratch.endpoint(), {"--schema=" + pg_dump_pattern(request.copy())}, "renamed");
  progress.phase("moving into the shared database,");
  copier.load("renamed", shared_place, request.owner, request.jobs);
  return notes;
}

}  // namespace fleet
