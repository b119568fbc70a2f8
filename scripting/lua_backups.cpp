// `backups`, and the methods of one tenant that make them.

#include <fmt/format.h>

#include "fleet/backup.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::string slug_of(Arguments const& arguments) { return std::get<TenantRef>(arguments.self).slug; }

std::filesystem::path folder_of(World& world, Arguments const& arguments) {
  if (arguments.has("folder")) return std::filesystem::absolute(arguments.text("folder"));
  return world.home / "backups" / world.fleet.environment().name / slug_of(arguments);
}

fleet::DumpRequest request_of(World& world, Arguments const& arguments) {
  fleet::DumpRequest request;
  request.tenant = world.fleet.tenant(slug_of(arguments));
  request.endpoint = world.fleet.endpoint(request.tenant);
  request.folder = folder_of(world, arguments);
  request.at = arguments.text("at", fleet::compact_time(world.fleet.clock().now()));
  request.format = fleet::parse_dump_format(arguments.text("format", "custom"));
  request.mode = fleet::parse_dump_mode(arguments.text("mode", "full"));
  if (arguments.has("structure")) request.structure = arguments.list("structure");
  request.run_id = arguments.text("run");
  request.jobs = static_cast<int>(arguments.integer("jobs", 1));
  return request;
}

fleet::DumpMeans means(World& world) {
  return {world.fleet.driver(), world.fleet.secrets(), world.interrupt.get_token()};
}

Json archive_json(std::filesystem::path const& path, std::filesystem::path const& manifest_path,
                  fleet::Manifest const& manifest) {
  return Json{{"path", path.string()},
              {"manifest", manifest_path.string()},
              {"format", to_string(manifest.format)},
              {"mode", to_string(manifest.mode)},
              {"bytes", manifest.bytes},
              {"sha256", manifest.sha256},
              {"server_version", manifest.server_version},
              {"taken_at", manifest.taken_at},
              {"tables", manifest.tables.size()},
              {"rows", manifest.rows()}};
}

Answer dump(World& world, Arguments const& arguments) {
  fleet::Backup const backup = fleet::dump(request_of(world, arguments), means(world));
  return {archive_json(backup.path, backup.manifest_path, backup.manifest), backup.manifest.warnings, {}};
}

std::vector<std::string> describe_dump(World& world, Arguments const& arguments) {
  return {fleet::dump_command(request_of(world, arguments))};
}

Answer dump_state(World& world, Arguments const& arguments) {
  auto const folder = folder_of(world, arguments);
  auto const [state, seen, leftover] = fleet::dump_state(folder, slug_of(arguments), arguments.text("at"));
  Json found{{"state", to_string(state)}, {"evidence", seen}, {"leftover", leftover}};
  if (state == fleet::DumpState::done) {
    auto const files = fleet::BackupFiles::of(folder, slug_of(arguments), arguments.text("at"));
    fleet::Manifest const manifest = fleet::read_manifest(files.manifest());
    found["archive"] = archive_json(files.archive(manifest.format), files.manifest(), manifest);
  }
  return {std::move(found), {}, {}};
}

Answer can_be_dumped(World& world, Arguments const& arguments) {
  fleet::can_be_dumped(request_of(world, arguments), means(world));
  return {Json(true), {}, {}};
}

Answer verify(World& world, Arguments const& arguments) {
  std::string const path = arguments.text("path");
  Rows rows{fleet::Result{{{"level"}, {"holds"}}}, {}, 0};
  std::string wrong;
  std::size_t problems = 0;
  for (auto const& [level, found] : fleet::verify_backup(path, arguments.list("levels"), world.fleet.driver(),
                                                         world.interrupt.get_token())) {
    rows.result.append(level);
    rows.result.append(found.empty() ? "yes" : "no");
    problems += found.size();
    if (!found.empty()) wrong += fmt::format("{}{}: {}", wrong.empty() ? "" : "; ", level, found.front());
  }
  if (wrong.empty()) return {std::move(rows), {}, {}};
  throw Error{ErrorKind::failed, fmt::format("backup {} does not hold: {}", path, wrong)}
      .with_detail(
          fmt::format("{} in all", problems == 1 ? "1 problem" : fmt::format("{} problems", problems)))
      .with_hint("keep it for what can be saved from it, and make another one");
}

Answer list(World& world, Arguments const& arguments) {
  fleet::Statement statement{
      "select t.slug as tenant, b.taken_at, b.path, b.format, b.mode, b.bytes, b.server_version, "
      "b.verified_level, "
      "b.verified_at, b.sha256, b.run_id from identity.backup b join identity.tenant t on t.id = b.tenant_id "
      "where $1 = '' or t.slug = $1 order by t.slug, b.taken_at"};
  statement.params = {arguments.text("tenant")};
  return {Rows{world.fleet.read(world.fleet.master(), statement, world.settings.timeout_ms,
                                world.interrupt.get_token()),
               {},
               0},
          {},
          {}};
}

Parameter const folder_parameter{.name = "folder",
                                 .type = Type::path,
                                 .default_text = "backups/ENVIRONMENT/SLUG in TENANTSH_HOME",
                                 .brief = "where the archive and its manifest lie"};
Parameter const structure_parameter{.name = "structure",
                                    .type = Type::list,
                                    .default_text = "pgboss",
                                    .brief = "schemas, also globs, that travel without their rows"};
Parameter const mode_parameter{
    .name = "mode", .default_text = "full", .brief = "full, schema_only or data_only"};

Method dump_row() {
  return Method{
      .object = "tenants",
      .name = "dump",
      .effect = Effect::write,
      .parameters = {{.name = "at", .default_text = "now", .brief = "the time in its name: 20260427T150000Z"},
                     {.name = "format", .default_text = "custom", .brief = "custom or directory"},
                     mode_parameter,
                     structure_parameter,
                     folder_parameter,
                     {.name = "jobs",
                      .type = Type::integer,
                      .default_text = "1",
                      .brief = "tables dumped at once; more than one needs the directory format"},
                     {.name = "run", .brief = "id of the run, for the manifest"}},
      .returns =
          "table: path, manifest, format, mode, bytes, sha256, server_version, taken_at, tables (how many), "
          "rows",
      .errors =
          "tool (pg_dump missing, too old, failed); usage (structure that no schema fits); refused (what the "
          "login may not read, a backup of that name); io; interrupted",
      .brief =
          "One tenant into one archive by pg_dump, with a manifest of its rows at the dump's own snapshot. "
          "The "
          "tenant goes on working; what an earlier attempt left is removed.",
      .example = "tenants.acme:dump{ at = \"20260427T150000Z\", plan = true }",
      .receiver = Receiver::member,
      .run = dump,
      .describe = describe_dump};
}

Method dump_state_row() {
  return Method{
      .object = "tenants",
      .name = "dump_state",
      .parameters = {{.name = "at", .required = true, .brief = "the time in its name: 20260427T150000Z"},
                     folder_parameter},
      .returns =
          "table: state (done, not_done, broken), evidence, leftover (of a dump that did not end; the "
          "next clears it away), archive (what dump returned, when done)",
      .errors = "usage for a time of another form",
      .brief = "What a dump of that name left on the disk. Asks no server.",
      .example = "tenants.acme:dump_state{ at = \"20260427T150000Z\" }.state",
      .receiver = Receiver::member,
      .run = dump_state};
}

Method can_be_dumped_row() {
  return Method{
      .object = "tenants",
      .name = "can_be_dumped",
      .parameters = {structure_parameter, mode_parameter, folder_parameter},
      .returns = "true",
      .errors = "tool, usage, refused, io, connect: what a dump would stop at",
      .brief =
          "Whether a dump would get through: pg_dump's version, the schemas that are named, rights, "
          "room on the disk.",
      .example = "tenants.acme:can_be_dumped()",
      .receiver = Receiver::member,
      .run = can_be_dumped};
}

}  // namespace

void add_backups(Registry& registry) {
  registry.add(dump_row());
  registry.add(dump_state_row());
  registry.add(can_be_dumped_row());
  registry.add(Object{.name = "backups", .brief = "the archives of tenants and whether they hold"});
  registry.add(Method{
      .object = "backups",
      .name = "list",
      .parameters =
          {{.name = "tenant", .type = Type::tenant, .default_text = "all of them", .brief = "whose"}},
      .returns = "result: tenant, taken_at, path, format, mode, bytes, server_version, verified_level, "
                 "verified_at, sha256, run_id",
      .errors = "connect when master cannot be read; sql 42P01 when it has no registry",
      .brief = "The backups that master knows, by tenant, oldest first.",
      .example = "backups:list()",
      .run = list});
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
                      .brief = "size, listing, counts (unpacks everything), sha256"}},
      .returns = "result: level, holds",
      .errors = "failed naming each level that does not hold; not_found without archive or manifest; tool",
      .brief = "Reads an archive again and compares it with its manifest.",
      .example =
          "for _, b in ipairs(backups:list()) do show(backups:verify(b.path, { levels = { \"size\" } })) end",
      .run = verify});
}

}  // namespace scripting
