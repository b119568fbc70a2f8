#include "scripting/backup_arguments.hpp"

#include "fleet/backup_encryption.hpp"

namespace scripting {

namespace fs = std::filesystem;

fs::path backups_folder(World const& world) {
  return world.home / "backups" / world.fleet.environment().name;
}

fs::path folder_of(World const& world, Arguments const& arguments, std::string const& slug) {
  if (arguments.has("folder")) return fs::absolute(arguments.text("folder"));
  return backups_folder(world) / slug;
}

Parameter structure_parameter() {
  return {.name = "structure",
          .type = Type::list,
          .default_text = "pgboss, where there is one",
          .brief = "schemas, also globs, that travel without their rows"};
}

Parameter mode_parameter() {
  return {.name = "mode", .default_text = "full", .brief = "full, schema_only or data_only"};
}

Parameter folder_parameter() {
  return {.name = "folder",
          .type = Type::path,
          .default_text = "backups/ENVIRONMENT/SLUG in TENANTSH_HOME",
          .brief = "where the archive and its manifest lie"};
}

std::vector<Parameter> retention_parameters() {
  return {{.name = "keep_days",
           .type = Type::integer,
           .default_text = "0",
           .brief = "keep those younger than so many days; 0: no such rule"},
          {.name = "keep_count",
           .type = Type::integer,
           .default_text = "0",
           .brief = "keep the newest so many of each mode; 0: no such rule"}};
}

std::vector<Parameter> dump_parameters() {
  return {
      {.name = "format", .default_text = "custom", .brief = "custom or directory"},
      mode_parameter(),
      structure_parameter(),
      {.name = "compress",
       .type = Type::integer,
       .default_text = "1",
       .brief = "gzip level, 0 (none) to 9; 1 takes a third of the time of pg_dump's own choice"},
      {.name = "digests",
       .type = Type::boolean,
       .default_text = "false",
       .brief = "a content digest of each table at the dump's snapshot, in the manifest"},
      {.name = "recipients",
       .type = Type::list,
       .brief = "age or ssh public keys, or files of them, that open the archive; none: it is not encrypted"},
      {.name = "read_back",
       .type = Type::boolean,
       .default_text = "true",
       .brief = "unpack the archive as it is made and count its rows against the snapshot's"}};
}

fleet::DumpRequest dump_options(World& world, Arguments const& arguments) {
  fleet::DumpRequest options;
  options.at = arguments.text("at", fleet::compact_time(world.fleet.clock().now()));
  options.format = fleet::parse_dump_format(arguments.text("format", "custom"));
  options.mode = fleet::parse_dump_mode(arguments.text("mode", "full"));
  options.structure_given = arguments.has("structure");
  if (options.structure_given) options.structure = arguments.list("structure");
  auto const compress = arguments.integer("compress", 1);
  if (compress < 0 || compress > 9)
    throw fleet::Error{fleet::ErrorKind::usage, "compress is a level of gzip from 0 to 9"};
  options.compress = static_cast<int>(compress);
  options.digests = arguments.boolean("digests");
  options.recipients = fleet::age_recipients(arguments.list("recipients"), world.interrupt.get_token());
  options.read_back = arguments.boolean("read_back", true);
  options.run_id = arguments.text("run", world.gate.run_id());
  return options;
}

fleet::DumpRequest dump_request(World& world, fleet::DumpRequest options, fleet::Tenant const& tenant,
                                fs::path folder) {
  options.tenant = tenant;
  options.endpoint = world.fleet.endpoint(tenant);
  options.folder = std::move(folder);
  return options;
}

fleet::DumpMeans dump_means(World& world) {
  return {world.fleet.driver(), world.fleet.secrets(), world.interrupt.get_token()};
}

Json archive_json(fs::path const& path, fs::path const& manifest_path, fleet::Manifest const& manifest) {
  return Json{{"path", path.string()},
              {"manifest", manifest_path.string()},
              {"format", to_string(manifest.format)},
              {"mode", to_string(manifest.mode)},
              {"bytes", manifest.bytes},
              {"sha256", manifest.sha256},
              {"encrypted", manifest.encrypted()},
              {"verified", manifest.verified},
              {"server_version", manifest.server_version},
              {"taken_at", manifest.taken_at},
              {"tables", manifest.tables.size()},
              {"rows", manifest.rows()}};
}

}  // namespace scripting
