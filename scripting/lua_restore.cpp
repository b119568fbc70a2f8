// Restoring an archive beside its tenant: rows of `tenants`.

#include <fmt/format.h>

#include "fleet/dsn.hpp"
#include "fleet/restore.hpp"
#include "scripting/objects.hpp"
#include "scripting/restore_requests.hpp"
#include "scripting/told.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

// Of what is packed: indexes, and what gzip saved.
constexpr std::uint64_t unpacked = 8;

Answer restored_as(World& world, Arguments const& arguments) {
  fleet::RestoreRequest const request = request_beside(world, arguments);
  fleet::Manifest const& manifest = request.archive.manifest;
  fleet::Endpoint place =
      request.server.with_database(request.in_schema() ? request.shared : request.sibling.database);
  std::map<std::string, std::string> opened;
  for (char const* keyword : {"host", "port", "user", "dbname"}) opened[keyword] = place.get(keyword);
  if (request.in_schema()) opened["options"] = "-csearch_path=" + request.sibling.schema;
  return {Json{{"slug", request.sibling.slug},
               {"display_name", request.sibling.display_name},
               {"server", request.server.server},
               {"placement", request.in_schema() ? "schema" : "database"},
               {"database", place.get("dbname")},
               {"schema", request.in_schema() ? Json(request.sibling.schema) : Json()},
               {"taken_at", manifest.taken_at},
               {"path", request.archive.path.string()},
               {"bytes", manifest.bytes},
               {"rows", manifest.rows()},
               {"tables", manifest.tables.size()},
               {"psql", fmt::format("psql \"{}\"", fleet::dsn_of(opened))},
               {"labels", Json{{"sibling_of", restored_slug(arguments)},
                               {"restored_from", request.archive.path.string()},
                               {"taken_at", manifest.taken_at}}}},
          {},
          {}};
}

Answer can_be_restored(World& world, Arguments const& arguments) {
  fleet::Tenant const source = world.fleet.tenant(restored_slug(arguments));
  fleet::RestoreRequest request = request_beside(world, arguments);
  fleet::check_archive(request.archive, restore_means(world));
  if (request.owner.empty() && request.in_schema()) request.owner = schema_owner(world, source);
  std::uint64_t needed = bytes_of(world, source);
  if (needed == 0) needed = request.archive.manifest.bytes * unpacked;
  fleet::TargetFacts const facts = fleet::can_be_restored(request, needed, restore_means(world));
  Json found{{"slug", request.sibling.slug},
             {"owner", facts.owner},
             {"grantees", facts.grantees},
             {"missing_roles", facts.missing_roles},
             {"grant_owner", facts.owner_to_be_granted},
             {"tables", request.archive.manifest.tables.size()},
             {"rows", request.archive.manifest.rows()},
             {"bytes", request.archive.manifest.bytes},
             {"notes", facts.notes}};
  return {std::move(found), facts.notes, {}};
}

Answer restore_archive(World& world, Arguments const& arguments) {
  fleet::Tenant const sibling = sibling_row(world, arguments);
  fleet::Tenant const source = world.fleet.tenant(label_of(sibling, "sibling_of"));
  fleet::RestoreRequest request = request_into(world, sibling, arguments);
  request.archive = fleet::open_archive(archive_choice(arguments), source, restore_means(world));
  if (std::string const made_for = label_of(sibling, "restored_from");
      made_for != request.archive.path.string())
    throw Error{ErrorKind::refused, fmt::format("sibling {} is made for archive {}, not for {}", sibling.slug,
                                                made_for, request.archive.path.string())};
  fleet::check_digest(request.archive, restore_means(world));
  fleet::unseal(request.archive, restore_means(world));
  if (request.owner.empty()) request.owner = request.archive.manifest.owner;
  request.bytes_expected = bytes_of(world, source);
  fleet::RestoreProgress progress;
  fleet::Restored restored;
  told(
      world, [&](double seconds) { return progress.line(sibling.slug, seconds); },
      [&] { restored = fleet::restore_archive(request, restore_means(world), progress); });
  return {Json{{"name", restored.name}, {"notes", restored.notes}}, restored.notes, {}};
}

std::vector<std::string> describe_restore_archive(World&, Arguments const& arguments) {
  // In a plan the sibling's row is not there yet: its slug says all but the server.
  fleet::RestoreRequest request;
  request.archive.path = arguments.text("path");
  std::string name = "tenant_" + restored_slug(arguments);
  std::replace(name.begin(), name.end(), '-', '_');
  request.sibling.database = name;
  request.owner = arguments.text("owner", "OWNER");
  request.run_id = arguments.text("run");
  request.jobs = static_cast<int>(arguments.integer("jobs", 1));
  return {
      fmt::format("create database {} owner {} template template0, as the archive's was encoded and sorted",
                  request.copy(), request.owner),
      fleet::restore_command(request), "analyze"};
}

Answer restore_state(World& world, Arguments const& arguments) {
  fleet::Tenant const sibling = world.fleet.tenant(restored_slug(arguments));
  if (label_of(sibling, "sibling_of").empty())
    throw Error{ErrorKind::refused, "tenant " + sibling.slug + " is no restored sibling"};
  auto const [state, seen] =
      fleet::restore_state(request_into(world, sibling, arguments), restore_means(world));
  using State = fleet::RestoreEvidence::State;
  char const* const word = state == State::done ? "done" : state == State::broken ? "broken" : "not_done";
  return {Json{{"state", word}, {"evidence", seen}}, {}, {}};
}

Answer drop_restored(World& world, Arguments const& arguments) {
  fleet::Tenant const sibling = sibling_row(world, arguments);
  fleet::drop_restored(request_into(world, sibling, arguments), restore_means(world));
  return {};
}

std::vector<std::string> describe_drop_restored(World&, Arguments const& arguments) {
  return {fmt::format("drop what was restored for {} in run {}", restored_slug(arguments),
                      arguments.text("run"))};
}

void append(fleet::Result& rows, std::optional<std::int64_t> number) {
  rows.append(number ? std::optional<std::string>{std::to_string(*number)} : std::nullopt);
}

Answer compare_restored(World& world, Arguments const& arguments) {
  fleet::Tenant const sibling = world.fleet.tenant(restored_slug(arguments));
  if (label_of(sibling, "sibling_of").empty())
    throw Error{ErrorKind::refused, "tenant " + sibling.slug + " is no restored sibling"};
  fleet::Tenant const source = world.fleet.tenant(label_of(sibling, "sibling_of"));
  fleet::ArchiveChoice choice = archive_choice(arguments);
  if (choice.path.empty()) choice.path = label_of(sibling, "restored_from");
  fleet::ComparisonRequest request{.archive = fleet::open_archive(choice, source, restore_means(world)),
                                   .restored = world.fleet.endpoint(sibling),
                                   .restored_schema = sibling.schema_name,
                                   .source = {},
                                   .source_schema = source.schema_name,
                                   .source_tables = arguments.list("tables")};
  if (request.archive.foreign) fleet::count_foreign(request.archive, restore_means(world));
  if (!request.source_tables.empty()) request.source = world.fleet.endpoint(source);
  fleet::Comparison comparison = fleet::compare_restored(request, restore_means(world));
  if (!comparison.problems.empty()) {
    auto const more = comparison.problems.size() - 1;
    throw Error{ErrorKind::failed, fmt::format("sibling {} is not what its archive holds: {}", sibling.slug,
                                               comparison.problems.front())}
        .with_detail(more == 0 ? std::string{} : fmt::format("and {} more", more))
        .with_hint("take it back (tenantsh runs undo) and restore again; the tenant itself was not touched");
  }
  using namespace fleet::type_oid;
  Rows rows{
      fleet::Result{{{"table"}, {"manifest", int8}, {"restored", int8}, {"source", int8}, {"state"}}}, {}, 0};
  for (fleet::ComparedTable const& table : comparison.tables) {
    rows.result.append(table.table);
    append(rows.result, table.in_manifest);
    append(rows.result, table.restored);
    append(rows.result, table.source);
    rows.result.append(table.state);
  }
  return {std::move(rows), std::move(comparison.notes), {}};
}

Parameter const path_parameter{
    .name = "path", .type = Type::path, .required = true, .brief = "the archive: a file or a folder"};
Parameter const foreign_parameter{
    .name = "foreign", .type = Type::boolean, .brief = "also an archive without a manifest"};
Parameter const identity_parameter{
    .name = "identity", .type = Type::path, .brief = "the age identity that opens an encrypted archive"};
Parameter const owner_parameter{.name = "owner",
                                .default_text = "as the archive's database was owned",
                                .brief = "the role that owns what is restored"};
Parameter const server_parameter{
    .name = "server", .type = Type::server, .default_text = "the tenant's own", .brief = "where"};
Parameter const run_parameter{.name = "run", .brief = "id of the run: the name of the copy ends with it"};

}  // namespace

void add_restore(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "restored_as",
      .parameters = {path_parameter, foreign_parameter, identity_parameter, server_parameter},
      .returns = "table: slug, display_name, server, placement, database, schema, labels, taken_at, path, "
                 "bytes, rows, tables, psql (the line that opens it)",
      .errors =
          "not_found without archive or manifest; refused (encrypted, of another tenant, empty); failed "
          "for a manifest that is none",
      .brief =
          "What an archive of this tenant becomes when it is restored: a sibling named after the time of "
          "its dump. Reads the manifest only.",
      .example = "for _, b in ipairs(backups:list{ tenant = \"acme\" }) do "
                 "show(tenants.acme:restored_as{ path = b.path }.slug) end",
      .receiver = Receiver::member,
      .run = restored_as});
  registry.add(Method{
      .object = "tenants",
      .name = "can_be_restored",
      .parameters = {path_parameter, foreign_parameter, identity_parameter, owner_parameter, server_parameter,
                     run_parameter},
      .returns = "table: slug, owner, grantees, missing_roles, grant_owner, tables, rows, bytes, notes",
      .errors =
          "refused with the first reason not to restore it: an archive that does not hold, a server that "
          "is too old, lacks an extension, a collation, room or rights, a place that is taken; tool",
      .brief = "Whether an archive of this tenant would get through: reads all of the archive, then looks at "
               "the server it would be restored on. Creates nothing.",
      .example = "for _, b in ipairs(backups:list{ tenant = \"acme\" }) do "
                 "show(tenants.acme:can_be_restored{ path = b.path }.rows) end",
      .receiver = Receiver::member,
      .run = can_be_restored});
  registry.add(Method{
      .object = "tenants",
      .name = "restore_archive",
      .effect = Effect::write,
      .parameters = {path_parameter,
                     run_parameter,
                     foreign_parameter,
                     identity_parameter,
                     owner_parameter,
                     {.name = "jobs", .type = Type::integer, .default_text = "1", .brief = "tables at once"}},
      .returns = "table: name (of the copy), notes (what still names the old schema, what an archive lacks)",
      .errors = "refused for a tenant that is no sibling being made, and for a place that is not empty, with "
                "what is in it; tool naming the object that pg_restore stopped at; interrupted",
      .brief = "Fills the copy of a restored sibling, which the runbook tenant_restore then gives its name. "
               "What an earlier attempt of the run left is dropped first. Never writes into a tenant that is "
               "there.",
      .example = "tenants[\"acme-restore-20260427t1500z\"]:restore_archive{ path = \"acme.dump\", run = "
                 "\"k7m2qa9x\", plan = true }",
      .receiver = Receiver::member,
      .run = restore_archive,
      .describe = describe_restore_archive});
  registry.add(
      Method{.object = "tenants",
             .name = "restore_state",
             .parameters = {run_parameter},
             .returns = "table: state (done, not_done, broken), evidence",
             .errors = "refused for a tenant that is no restored sibling; connect",
             .brief = "What a restore left on the server, by the comment that it gives to what it makes.",
             .example = "for t in tenants:where{ [\"label.sibling_of\"] = \"*?\", status = \"*\" } do "
                        "show(t:restore_state().state) end",
             .receiver = Receiver::member,
             .run = restore_state});
  registry.add(Method{
      .object = "tenants",
      .name = "drop_restored",
      .effect = Effect::destructive,
      .parameters = {run_parameter},
      .returns = "nothing",
      .errors = "refused for anything that is no sibling being made, or that no restore made; sql",
      .brief = "Takes back what restore_archive made, as long as the sibling is being provisioned.",
      .example = "tenants[\"acme-restore-20260427t1500z\"]:drop_restored{ run = \"k7m2qa9x\", plan = true }",
      .receiver = Receiver::member,
      .run = drop_restored,
      .describe = describe_drop_restored});
  registry.add(Method{
      .object = "tenants",
      .name = "compare_restored",
      .parameters = {{.name = "path",
                      .type = Type::path,
                      .default_text = "the archive it was restored from",
                      .brief = "the archive: a file or a folder"},
                     foreign_parameter,
                     identity_parameter,
                     {.name = "tables",
                      .type = Type::list,
                      .default_text = "none",
                      .brief = "tables, also globs, that are counted in the live tenant too"}},
      .returns = "result: table, manifest, restored, source (rows in each), state; notes tell the drift",
      .errors = "failed naming the first table that is not as the manifest says; refused for no sibling",
      .brief = "Counts every table of a restored sibling against its archive's manifest, and the named ones "
               "against the live tenant, whose drift since the dump is told.",
      .example = "for t in tenants:where{ [\"label.sibling_of\"] = \"*?\", status = \"read_only\" } do "
                 "show(t:compare_restored{ tables = { \"members.*\" } }) end",
      .receiver = Receiver::member,
      .run = compare_restored});
}

}  // namespace scripting
