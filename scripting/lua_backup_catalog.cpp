// `backups`: which there are, in master and on the disk; whether they hold; which may go.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <tuple>

#include "fleet/backup_catalog.hpp"
#include "scripting/backup_arguments.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::StoredBackup;
namespace fs = std::filesystem;
namespace oid = fleet::type_oid;

std::string state_text(StoredBackup const& backup) {
  if (backup.good()) return "good";
  if (backup.at_work) return "at work";
  return backup.evidence.leftover ? "unfinished" : "broken";
}

// Of an archive outside of the folders that were looked through.
std::string state_at(fs::path const& archive) {
  std::error_code error;
  if (!fs::exists(archive, error)) return "missing";
  try {
    return fleet::archive_bytes(archive) == fleet::read_manifest(fleet::manifest_beside(archive)).bytes
               ? "good"
               : "broken";
  } catch (Error const&) {
    return "broken";
  }
}

// One line of the list, whoever knows of it.
struct Known {
  std::string tenant, taken_at, state, format, mode, bytes, encrypted, server_version, verified_level,
      verified_at, sha256, run_id, from;
};

std::string joined(std::vector<std::string> const& texts) {
  std::string all;
  for (std::string const& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

Known known_on_disk(StoredBackup const& backup) {
  Known known{.tenant = backup.slug, .taken_at = backup.at, .state = state_text(backup), .from = "disk"};
  if (!backup.manifest) return known;
  fleet::Manifest const& manifest = *backup.manifest;
  known.taken_at = manifest.taken_at;
  known.format = to_string(manifest.format);
  known.mode = to_string(manifest.mode);
  known.bytes = std::to_string(manifest.bytes);
  known.encrypted = manifest.encrypted() ? "t" : "f";
  known.server_version = manifest.server_version;
  known.verified_level = joined(manifest.verified);
  known.sha256 = manifest.sha256;
  known.run_id = manifest.run_id;
  return known;
}

fleet::Result registered(World& world, std::string const& tenant) {
  fleet::Statement statement{
      "select t.slug as tenant, to_char(b.taken_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
      "as taken_at, b.path, b.format, b.mode, b.bytes, b.server_version, b.verified_level, "
      "to_char(b.verified_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as verified_at, b.sha256, "
      "b.run_id from identity.backup b join identity.tenant t on t.id = b.tenant_id where $1 = '' or t.slug "
      "= $1 order by b.taken_at"};
  statement.params = {tenant};
  return world.fleet.read(world.fleet.master(), statement, world.settings.timeout_ms,
                          world.interrupt.get_token());
}

std::vector<StoredBackup> stored(World& world, Arguments const& arguments) {
  std::vector<StoredBackup> found = fleet::stored_backups_below(
      arguments.has("folder") ? fs::absolute(arguments.text("folder")) : backups_folder(world));
  if (std::string const tenant = arguments.text("tenant"); !tenant.empty())
    std::erase_if(found, [&](StoredBackup const& backup) { return backup.slug != tenant; });
  return found;
}

// Master and the disk each know what the other may not: another machine's archives; those of a master that is
// lost.
Answer list(World& world, Arguments const& arguments) {
  std::map<std::string, Known> by_path;
  for (StoredBackup const& backup : stored(world, arguments))
    by_path[backup.path.string()] = known_on_disk(backup);
  std::vector<std::string> notes;
  try {
    if (!keeps_audit(world)) throw Error{ErrorKind::failed, "this environment has no catalog of its own"};
    fleet::Result const rows = registered(world, arguments.text("tenant"));
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      std::string const path = rows.text(row, "path");
      auto [at, made] = by_path.try_emplace(path);
      Known& known = at->second;
      if (made) {
        known.tenant = rows.text(row, "tenant");
        known.state = state_at(path);
        known.taken_at = rows.text(row, "taken_at");
        known.format = rows.text(row, "format");
        known.mode = rows.text(row, "mode");
        known.bytes = rows.text(row, "bytes");
        known.server_version = rows.text(row, "server_version");
        known.sha256 = rows.text(row, "sha256");
        known.run_id = rows.text(row, "run_id");
      }
      known.from = made ? "master" : "both";
      known.verified_level = rows.text(row, "verified_level");
      known.verified_at = rows.text(row, "verified_at");
    }
  } catch (Error const& error) {
    // What lies here can be used without master.
    notes.push_back("only what lies on this machine: " + error.message);
  }
  std::vector<std::pair<std::string, Known>> lines(by_path.begin(), by_path.end());
  std::stable_sort(lines.begin(), lines.end(), [](auto const& a, auto const& b) {
    return std::tie(a.second.tenant, a.second.taken_at) < std::tie(b.second.tenant, b.second.taken_at);
  });
  Rows rows{fleet::Result{{{"tenant"},
                           {"taken_at"},
                           {"path"},
                           {"state"},
                           {"format"},
                           {"mode"},
                           {"bytes", oid::int8},
                           {"encrypted", oid::boolean},
                           {"server_version"},
                           {"verified_level"},
                           {"verified_at"},
                           {"sha256"},
                           {"run_id"},
                           {"known_to"}}},
            {},
            0};
  for (auto const& [path, known] : lines)
    for (std::string const& cell : {known.tenant, known.taken_at, path, known.state, known.format, known.mode,
                                    known.bytes, known.encrypted, known.server_version, known.verified_level,
                                    known.verified_at, known.sha256, known.run_id, known.from})
      rows.result.append(cell.empty() ? std::nullopt : std::optional<std::string_view>{cell});
  return {std::move(rows), std::move(notes), {}};
}

Answer show(World&, Arguments const& arguments) {
  fs::path const path = fs::absolute(arguments.text("path")).lexically_normal();
  fs::path const manifest_path =
      path.string().ends_with(".manifest.json") ? path : fleet::manifest_beside(path);
  fleet::Manifest const manifest = fleet::read_manifest(manifest_path);
  fs::path const archive = manifest_path.parent_path() / manifest.archive;
  Json shown{{"path", archive.string()}, {"state", state_at(archive)}};
  Json const described = Json::parse(fleet::manifest_text(manifest));
  for (auto const& [name, value] : described.items()) shown[name] = value;
  return {std::move(shown), {}, {}};
}

Answer verify(World& world, Arguments const& arguments) {
  std::string const path = arguments.text("path");
  Rows rows{fleet::Result{{{"level"}, {"holds"}}}, {}, 0};
  std::string wrong;
  std::size_t problems = 0, looked_at = 0;
  for (auto const& [level, found] :
       fleet::verify_backup(path, arguments.list("levels"), world.fleet.driver(), world.interrupt.get_token(),
                            arguments.text("identity"))) {
    rows.result.append(level);
    rows.result.append(found.empty() ? "yes" : "no");
    problems += found.size();
    ++looked_at;
    if (!found.empty()) wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "; ", level, found.front());
  }
  std::vector<std::string> notes;
  if (!arguments.has("levels") && looked_at < fleet::verify_levels().size())
    notes.push_back("listing and counts were left out: it is encrypted, and no identity was given");
  if (wrong.empty()) return {std::move(rows), std::move(notes), {}};
  throw Error{ErrorKind::failed, fmt::format("backup {} does not hold: {}", path, wrong)}
      .with_detail(
          fmt::format("{} in all", problems == 1 ? "1 problem" : fmt::format("{} problems", problems)))
      .with_hint("keep it for what can be saved from it, and make another one");
}

// --- Retention
// -----------------------------------------------------------------------------------------------

fleet::Retention retention_of(Arguments const& arguments) {
  fleet::Retention const retention{static_cast<int>(arguments.integer("keep_days", 0)),
                                   static_cast<int>(arguments.integer("keep_count", 0))};
  if (retention.keep_days <= 0 && retention.keep_count <= 0)
    throw Error{ErrorKind::usage, "backups.prune needs keep_days or keep_count, a number from 1"}.with_hint(
        "for example backups:prune{ tenant = \"acme\", keep_days = 30, plan = true }");
  return retention;
}

// By path, as master has noted them.
std::set<fs::path> read_back_by_master(World& world, std::string const& slug) {
  if (!keeps_audit(world)) return {};
  fleet::Statement statement{
      "select b.path from identity.backup b join identity.tenant t on t.id = b.tenant_id where t.slug = $1 "
      "and b.verified_level ~ 'counts|restore|parity'"};
  statement.params = {slug};
  std::set<fs::path> paths;
  fleet::Result const rows = world.fleet.read(world.fleet.master(), statement, world.settings.timeout_ms,
                                              world.interrupt.get_token());
  for (std::size_t row = 0; row < rows.rows(); ++row) paths.insert(rows.text(row, "path"));
  return paths;
}

std::vector<StoredBackup> prunable(World& world, fs::path const& folder, std::string const& slug,
                                   fleet::Retention const& retention) {
  auto const lying = fleet::stored_backups(folder, slug);
  if (lying.empty()) return {};
  return fleet::to_prune(lying, retention, read_back_by_master(world, slug), world.fleet.clock().now());
}

std::string line_of(StoredBackup const& backup) {
  if (backup.good())
    return fmt::format("delete {} ({} bytes, taken {})", backup.path.string(), backup.manifest->bytes,
                       backup.manifest->taken_at);
  return fmt::format("delete {}", backup.evidence.seen);
}

// Which tenants' folders a call is about: one, or all that lie there (also of tenants that are gone).
std::vector<std::pair<std::string, fs::path>> folders_of(World& world, Arguments const& arguments) {
  if (std::string const slug = arguments.text("tenant"); !slug.empty())
    return {{slug, folder_of(world, arguments, slug)}};
  if (arguments.has("folder"))
    throw Error{ErrorKind::usage, "backups.prune with a folder needs the tenant whose archives lie there"};
  std::vector<std::pair<std::string, fs::path>> folders;
  for (StoredBackup const& backup : fleet::stored_backups_below(backups_folder(world)))
    if (folders.empty() || folders.back().first != backup.slug)
      folders.emplace_back(backup.slug, backup.folder);
  return folders;
}

std::vector<std::string> describe_prune(World& world, Arguments const& arguments) {
  auto const retention = retention_of(arguments);
  std::vector<std::string> lines;
  for (auto const& [slug, folder] : folders_of(world, arguments))
    for (StoredBackup const& backup : prunable(world, folder, slug, retention))
      lines.push_back(line_of(backup));
  return lines;
}

Answer prune(World& world, Arguments const& arguments) {
  auto const retention = retention_of(arguments);
  Rows rows{fleet::Result{{{"tenant"}, {"path"}}}, {}, 0};
  for (auto const& [slug, folder] : folders_of(world, arguments))
    for (fs::path const& path : prune_folder(world, folder, slug, retention.keep_days, retention.keep_count,
                                             arguments.text("reason", world.settings.reason))) {
      rows.result.append(slug);
      rows.result.append(path.string());
    }
  return {std::move(rows), {}, {}};
}

Parameter tenant_parameter(std::string brief) {
  return {.name = "tenant", .type = Type::tenant, .default_text = "all of them", .brief = std::move(brief)};
}

}  // namespace

std::vector<fs::path> prune_folder(World& world, fs::path const& folder, std::string const& slug,
                                   int keep_days, int keep_count, std::string const& reason) {
  std::vector<fs::path> gone;
  for (StoredBackup const& backup : prunable(world, folder, slug, {keep_days, keep_count})) {
    fleet::delete_backup(backup);
    gone.push_back(backup.good() ? backup.path : backup.partial);
  }
  if (gone.empty() || !keeps_audit(world)) return gone;
  // The files first: a row of master without an archive is found out, an archive without its row is not
  // missed.
  auto lease =
      world.fleet.pool().acquire(world.fleet.master(), {.application_name = world.fleet.application_name()});
  Json paths = Json::array();
  for (fs::path const& path : gone) paths.push_back(path.string());
  fleet::Transaction transaction{*lease, fleet::Access::read_write};
  lease->query({"delete from identity.backup where path in (select jsonb_array_elements_text($1::jsonb))",
                {paths.dump(-1, ' ', false, Json::error_handler_t::replace)}});
  leave_audit(world, *lease, {{slug, "tenant " + slug, "prune backups", {{"paths", paths}}}}, reason);
  transaction.commit();
  return gone;
}

void add_backup_catalog(Registry& registry) {
  registry.add(Method{
      .object = "backups",
      .name = "list",
      .parameters = {tenant_parameter("whose"),
                     {.name = "folder",
                      .type = Type::path,
                      .default_text = "backups/ENVIRONMENT in TENANTSH_HOME",
                      .brief = "where archives lie, in it or in a subfolder of each tenant"}},
      .returns =
          "result: tenant, taken_at, path, state (good, broken, unfinished, at work, missing), format, "
          "mode, bytes, encrypted, server_version, verified_level, verified_at, sha256, run_id, "
          "known_to (both, master, disk)",
      .errors = "io for a folder that cannot be read; a master that does not answer is a note",
      .brief = "The backups that master knows and those that lie on this machine, by tenant, oldest first.",
      .example = "backups:list()",
      .run = list});
  registry.add(Method{.object = "backups",
                      .name = "show",
                      .parameters = {{.name = "path",
                                      .type = Type::path,
                                      .required = true,
                                      .positional = true,
                                      .brief = "the archive or its manifest"}},
                      .returns = "table: path, state (good, broken, missing), then what its manifest says",
                      .errors = "not_found without a manifest; failed when it is none",
                      .brief = "One backup as its manifest describes it. Asks no server.",
                      .example = "for _, b in ipairs(backups:list()) do show(backups:show(b.path)) end",
                      .run = show});
  registry.add(Method{
      .object = "backups",
      .name = "verify",
      .parameters = {{.name = "path",
                      .type = Type::path,
                      .required = true,
                      .positional = true,
                      .brief = "the archive: a file or a folder"},
                     {.name = "levels",
                      .type = Type::list,
                      .default_text = "all",
                      .brief = "size, listing, counts (unpacks everything), sha256"},
                     {.name = "identity",
                      .type = Type::path,
                      .brief = "of an encrypted one: the file with the secret age or ssh key"}},
      .returns = "result: level, holds",
      .errors = "failed naming each level that does not hold; not_found without archive or manifest; refused "
                "when the identity does not open it; tool",
      .brief =
          "Reads an archive again and compares it with its manifest. Of an encrypted one, size and sha256 "
          "need no identity.",
      .example =
          "for _, b in ipairs(backups:list()) do show(backups:verify(b.path, { levels = { \"size\" } })) end",
      .run = verify});
  std::vector<Parameter> parameters{tenant_parameter("whose"), folder_parameter()};
  for (Parameter& parameter : retention_parameters()) parameters.push_back(std::move(parameter));
  registry.add(Method{
      .object = "backups",
      .name = "prune",
      .effect = Effect::destructive,
      .parameters = std::move(parameters),
      .returns = "result: tenant, path of each that went",
      .errors = "usage without keep_days and keep_count; io; connect when master cannot be told",
      .brief =
          "Deletes the archives on this machine that no rule keeps, and what killed dumps left behind. The "
          "newest good one of a tenant always stays, and the newest whose rows were read back.",
      .example = "backups:prune{ keep_days = 30, keep_count = 3, plan = true }",
      .run = prune,
      .describe = describe_prune});
}

}  // namespace scripting
