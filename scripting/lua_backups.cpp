// `backups`, and the methods of one tenant that make them.

#include <fmt/format.h>

#include "fleet/backup.hpp"
#include "fleet/backup_catalog.hpp"
#include "scripting/backup_arguments.hpp"
#include "scripting/objects.hpp"
#include "scripting/told.hpp"

namespace scripting {

namespace {

std::string slug_of(Arguments const& arguments) { return std::get<TenantRef>(arguments.self).slug; }

fleet::DumpRequest request_of(World& world, Arguments const& arguments) {
  std::string const slug = slug_of(arguments);
  fleet::DumpRequest request = dump_request(world, dump_options(world, arguments), world.fleet.tenant(slug),
                                            folder_of(world, arguments, slug));
  request.jobs = static_cast<int>(arguments.integer("jobs", 1));
  return request;
}

// What lies there already of a dump, against the newest one before it: "dumping acme: 120 MiB of about 180,
// about 3 s left".
class DumpProgress {
 public:
  explicit DumpProgress(fleet::DumpRequest const& request)
      : slug_(request.tenant.slug), files_(fleet::BackupFiles::of(request.folder, slug_, request.at)) {
    std::error_code none;
    if (!std::filesystem::exists(files_.folder, none)) return;
    for (fleet::StoredBackup const& stored : fleet::stored_backups(files_.folder, slug_))
      if (stored.manifest && stored.manifest->mode == request.mode) expected_ = stored.manifest->bytes;
  }

  std::string line(double seconds) const {
    double const now = static_cast<double>(written()), expected = static_cast<double>(expected_);
    std::string text = fmt::format("dumping {}: {:.0f} MiB", slug_, now / mebibyte);
    if (expected_ == 0) return text;
    text += fmt::format(" of about {:.0f}", expected / mebibyte);
    if (now > 0 && now < expected)
      text += fmt::format(", about {:.0f} s left", seconds * (expected - now) / now);
    return text;
  }

 private:
  static constexpr double mebibyte = 1024 * 1024;

  std::uint64_t written() const {
    std::uint64_t bytes = 0;
    std::error_code none;
    for (std::filesystem::recursive_directory_iterator entry{files_.folder, none}, end; !none && entry != end;
         entry.increment(none))
      if (entry->path().string().find(files_.stem) != std::string::npos && entry->is_regular_file(none))
        bytes += entry->file_size(none);
    return bytes;
  }

  std::string slug_;
  fleet::BackupFiles files_;
  std::uint64_t expected_ = 0;
};

Answer dump(World& world, Arguments const& arguments) {
  fleet::DumpRequest const request = request_of(world, arguments);
  DumpProgress const progress{request};
  fleet::Backup backup;
  told(
      world, [&](double seconds) { return progress.line(seconds); },
      [&] { backup = fleet::dump(request, dump_means(world)); });
  return {archive_json(backup.path, backup.manifest_path, backup.manifest), backup.manifest.warnings, {}};
}

std::vector<std::string> describe_dump(World& world, Arguments const& arguments) {
  return {fleet::dump_command(request_of(world, arguments))};
}

Answer dump_state(World& world, Arguments const& arguments) {
  auto const folder = folder_of(world, arguments, slug_of(arguments));
  auto const [state, seen, leftover] = fleet::dump_state(folder, slug_of(arguments), arguments.text("at"));
  Json found{{"state", to_string(state)}, {"evidence", seen}, {"leftover", leftover}};
  if (state == fleet::DumpState::done) {
    auto const manifest_path =
        fleet::BackupFiles::of(folder, slug_of(arguments), arguments.text("at")).manifest();
    fleet::Manifest const manifest = fleet::read_manifest(manifest_path);
    found["archive"] = archive_json(folder / manifest.archive, manifest_path, manifest);
  }
  return {std::move(found), {}, {}};
}

Answer can_be_dumped(World& world, Arguments const& arguments) {
  fleet::can_be_dumped(request_of(world, arguments), dump_means(world));
  return {Json(true), {}, {}};
}

Method dump_row() {
  std::vector<Parameter> parameters{
      {.name = "at", .default_text = "now", .brief = "the time in its name: 20260427T150000Z"}};
  for (Parameter& parameter : dump_parameters()) parameters.push_back(std::move(parameter));
  parameters.push_back(folder_parameter());
  parameters.push_back({.name = "jobs",
                        .type = Type::integer,
                        .default_text = "1",
                        .brief = "tables dumped at once; more than one needs the directory format"});
  parameters.push_back({.name = "run", .brief = "id of the run, for the manifest"});
  return Method{
      .object = "tenants",
      .name = "dump",
      .effect = Effect::write,
      .parameters = std::move(parameters),
      .returns =
          "table: path, manifest, format, mode, bytes, sha256, encrypted, verified (levels that held), "
          "server_version, taken_at, tables (how many), rows",
      .errors =
          "tool (pg_dump or age missing, too old, failed); usage (structure that no schema fits); refused "
          "(what the login may not read, a backup of that name); io; interrupted",
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
                     folder_parameter()},
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
      .parameters = {structure_parameter(),
                     mode_parameter(),
                     folder_parameter(),
                     {.name = "recipients",
                      .type = Type::list,
                      .brief = "age or ssh public keys, or files of them"}},
      .returns = "true",
      .errors = "tool, usage, refused, io, connect: what a dump would stop at",
      .brief =
          "Whether a dump would get through: pg_dump's version, the schemas that are named, rights, "
          "room on the disk, the recipients of an encrypted one.",
      .example = "tenants.acme:can_be_dumped()",
      .receiver = Receiver::member,
      .run = can_be_dumped};
}

}  // namespace

void add_backups(Registry& registry) {
  registry.add(dump_row());
  registry.add(dump_state_row());
  registry.add(can_be_dumped_row());
  add_fleet_backup(registry);
  registry.add(Object{.name = "backups", .brief = "the archives of tenants and whether they hold"});
  add_backup_catalog(registry);
}

}  // namespace scripting
