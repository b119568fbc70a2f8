// `seeds:verify`: the proof that seeds may run again, in a scratch database.

#include <fmt/format.h>

#include <algorithm>

#include "fleet/scratch_database.hpp"
#include "migrations/engine/seed_proof.hpp"
#include "migrations/engine/seeds.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;
using migrations::MigrationSet;
using migrations::Scope;
namespace oid = fleet::type_oid;

constexpr char const* scratch_schema = "tenant_scratch";

// Where the scratch database is made: the server that is named; for tenants the one of the first that is
// chosen, so that the proof runs on the version that serves them; else master's own.
struct Place {
  Scope scope;
  fleet::Endpoint server;
};
Place place_of(World& world, Arguments const& arguments) {
  bool const tenants = arguments.has("tenants");
  std::string const scope = arguments.text("scope", tenants ? "tenant" : "master");
  if (scope != "master" && scope != "platform" && scope != "tenant")
    throw fleet::Error{ErrorKind::usage, "scope is master or tenant, not " + fleet::in_quotes(scope)};
  Place place{scope == "tenant" ? Scope::tenant : Scope::master, {}};
  if (arguments.has("server")) {
    place.server = world.fleet.endpoint(world.fleet.server(arguments.text("server")));
    return place;
  }
  if (tenants) {
    MigrationTargets const targets = targets_of(world, arguments, place.scope);
    if (!targets.tenants.empty()) {
      place.server = world.fleet.endpoint(world.fleet.server(targets.tenants.front().server));
      return place;
    }
  }
  if (place.scope == Scope::tenant)
    for (fleet::Server const& server : world.fleet.servers())
      if (server.status == "active") {
        place.server = world.fleet.endpoint(server);
        return place;
      }
  place.server = world.fleet.master_maintenance();
  return place;
}

bool declared(std::vector<std::string> const& globs, migrations::Migration const& file) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](std::string const& glob) { return fleet::matches_glob(glob, file.name); });
}

fleet::Result rows_of(migrations::SeedProof const& proof) {
  fleet::Result rows{{{"seed"},
                      {"finds"},
                      {"table"},
                      {"key"},
                      {"column"},
                      {"before"},
                      {"after"},
                      {"rows", oid::int8},
                      {"says"}}};
  auto text_or_null = [&rows](std::string const& text) {
    rows.append(text.empty() ? std::nullopt : std::optional<std::string_view>{text});
  };
  for (std::string const& seed : proof.seeds) {
    if (std::find(proof.proved.begin(), proof.proved.end(), seed) != proof.proved.end()) {
      rows.append(seed);
      rows.append("nothing");
      for (int column = 2; column < 9; ++column) rows.append(std::nullopt);
    }
    for (migrations::SeedFinding const& finding : proof.findings) {
      if (finding.seed != seed) continue;
      rows.append(seed);
      rows.append(to_string(finding.fault));
      for (std::string const* text : {&finding.table, &finding.key, &finding.column}) text_or_null(*text);
      bool const values =
          finding.fault != migrations::SeedFault::fails && !finding.column.empty() && finding.rows > 0;
      for (std::string const* text : {&finding.before, &finding.after})
        rows.append(values ? std::optional<std::string_view>{*text} : std::nullopt);
      rows.append(finding.rows == 0 ? std::nullopt
                                    : std::optional<std::string_view>{std::to_string(finding.rows)});
      rows.append(finding.says);
    }
  }
  return rows;
}

Answer verify(World& world, Arguments const& arguments) {
  Place const place = place_of(world, arguments);
  MigrationSet const set = load_set(world, arguments, place.scope);
  std::vector<std::string> const names = arguments.list("names"), overwrite = arguments.list("overwrite");
  if (matching_seeds(set, names).empty())
    return {Rows{rows_of({}), {}, 1}, {"the set has no seed; one says `-- tenantsh: seed` at its top"}, {}};
  fleet::ScratchDatabase scratch{world.fleet.driver(), world.fleet.secrets(), place.server, world.who,
                                 world.interrupt.get_token()};
  migrations::ProofOptions options;
  options.apply.applied_by = world.who.name();
  options.apply.stop = world.interrupt.get_token();
  if (set.uses_schema_name()) {
    options.apply.schema_name = scratch_schema;
    scratch.session().query(std::string{"create schema "} + scratch_schema);
  }
  // What a seed asks for is made up: no secret goes into a scratch database.
  options.apply.prepare = [](fleet::Session& session, migrations::Migration const& seed) {
    for (std::string const& name : seed.secrets)
      session.query({"select pg_catalog.set_config('tenantsh.secret.' || $1, 'scratch', true)", {name}});
  };
  options.overwrites = [&](migrations::Migration const& file) {
    return file.overwrite || declared(overwrite, file) || declared(set.settings().overwrite_seeds, file);
  };
  migrations::SeedProof const proof = prove_seeds(scratch.session(), set, names, options);
  Answer answer{Rows{rows_of(proof), {}, 1}, {}, {}};
  answer.notes.push_back(fmt::format("{} of {} seeds proved", proof.proved.size(), proof.seeds.size()));
  if (!proof.findings.empty()) answer.ended = ErrorKind::pending;
  return answer;
}

std::vector<std::string> describe_verify(World& world, Arguments const& arguments) {
  Place const place = place_of(world, arguments);
  MigrationSet const set = load_set(world, arguments, place.scope);
  return {fmt::format("prove {} seeds in a scratch database on {}, which is dropped again",
                      matching_seeds(set, arguments.list("names")).size(), place.server.server)};
}

}  // namespace

void add_seed_proof(Registry& registry) {
  registry.add(Method{
      .object = "seeds",
      .name = "verify",
      .effect = Effect::write,
      .parameters = {{.name = "names",
                      .type = Type::list,
                      .positional = true,
                      .default_text = "all seeds of the set",
                      .brief = "seed files by name, number or glob"},
                     {.name = "scope",
                      .default_text = "master, or tenant when tenants are given",
                      .brief = "master or tenant"},
                     {.name = "tenants",
                      .type = Type::selection,
                      .default_text = "all",
                      .brief = "whose server is used: all, a slug, a glob, key=value[,key=value] or @file; "
                               "none of them is touched"},
                     {.name = "set",
                      .type = Type::path,
                      .default_text = "the shipped set",
                      .brief = "folder of the files"},
                     {.name = "overwrite",
                      .type = Type::list,
                      .default_text = "what set.toml says",
                      .brief = "globs of seeds that own what they set: an operator's edit may be taken back"},
                     {.name = "server",
                      .type = Type::server,
                      .default_text = "an active one, or master's",
                      .brief = "where the scratch database is made"}},
      .returns = "result: seed, finds (nothing, or fails, doubles, changes, removes, volatile, overwrites, "
                 "unproved), "
                 "table, key, column, before, after, rows, says; ended pending unless all are proved",
      .errors = "sql with file and line when the set cannot be applied; sql 42501 without the right to "
                "create databases",
      .brief =
          "Proves in a scratch database that seeds may run again: twice at different times, then over an "
          "operator's edits. Names table, row and column of what a run doubles, changes or takes back.",
      .example = "seeds:verify(\"*payer*\", { scope = \"master\", plan = true })",
      .aliases = {"seed verify"},
      .asks = false,
      .run = verify,
      .describe = describe_verify});
}

}  // namespace scripting
