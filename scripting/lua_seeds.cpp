// `seeds`: reference data that is run again by name, and made-up data for tenants.

#include <fmt/format.h>

#include <fstream>
#include <set>
#include <sstream>

#include "migrations/engine/sample.hpp"
#include "migrations/engine/seeds.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/migration_work.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::MigrationSet;
using migrations::Scope;
namespace oid = fleet::type_oid;

Answer status(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::master);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<fleet::Column> const columns{{"name"}, {"state"}, {"applied_at"}, {"profile"}, {"fills"}};
  auto outcomes =
      for_each_target(world, targets, Touch::reads, world.settings.jobs, [&](TargetSession const& place) {
        fleet::Result result{columns};
        for (auto const& seed : migrations::seed_status(place.session, set, place.target.schema_name)) {
          result.append(seed.name);
          result.append(!seed.applied ? "pending" : seed.changed ? "changed" : "applied");
          result.append(seed.applied ? std::optional<std::string_view>{seed.applied->applied_at}
                                     : std::nullopt);
          result.append(seed.profile.empty() ? "baseline" : seed.profile);
          result.append(fmt::format("{}", fmt::join(seed.fills, " ")));
        }
        return result;
      });
  Answer answer = answer_from(std::move(outcomes), columns, std::move(targets.notes));
  fleet::Result const& rows = std::get<Rows>(answer.value).result;
  // A seed for development is nothing that a target has to have.
  for (std::size_t row = 0; row < rows.rows() && !answer.ended; ++row)
    if (rows.text(row, "state") != "applied" && rows.text(row, "profile") == "baseline")
      answer.ended = ErrorKind::pending;
  return answer;
}

std::string profile_of(World& world, Arguments const& arguments) {
  std::string const profile = arguments.text("profile", "baseline");
  if (profile == "baseline" || profile == "production") return {};
  if (world.fleet.environment().guard == fleet::Guard::protected_)
    throw Error{ErrorKind::refused, "profile " + fleet::in_quotes(profile) + " is not for environment " +
                                        world.fleet.environment().name + ", which is protected"}
        .with_hint("made-up rows stay out of it; seeds without a profile run everywhere");
  return profile;
}

// The values that the chosen seeds ask for, from `--secret name=reference`. All are there before anything
// runs.
std::map<std::string, std::string> secret_values(World& world, Arguments const& arguments,
                                                 std::vector<migrations::Migration const*> const& seeds) {
  std::map<std::string, fleet::Secret> given;
  for (std::string const& text : arguments.list("secret")) {
    std::size_t const equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw Error{ErrorKind::usage, "a secret is given as NAME=REFERENCE"}.with_hint(
          "--secret admin_password=env:ADMIN_PASSWORD");
    given[text.substr(0, equals)] = fleet::Secret::parse(text.substr(equals + 1));
  }
  std::map<std::string, std::string> values;
  for (migrations::Migration const* seed : seeds)
    for (std::string const& name : seed->secrets) {
      auto const found = given.find(name);
      if (found == given.end())
        throw Error{ErrorKind::usage, seed->name + " needs the secret " + name}.with_hint(
            "--secret " + name +
            "=env:NAME, or another reference: file:PATH, exec:COMMAND, azure:VAULT/NAME, prompt:TEXT");
      auto const stop = world.interrupt.get_token();
      values[name] = world.fleet.secrets().resolve(found->second, [stop] { return stop.stop_requested(); });
    }
  return values;
}

Answer run(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::master);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<std::string> const names = arguments.list("names");
  std::string const profile = profile_of(world, arguments);
  auto const secrets = secret_values(world, arguments, migrations::chosen_seeds(set, names, profile));
  std::vector<fleet::Column> const columns{
      {"name"}, {"inserted", oid::int8}, {"updated", oid::int8}, {"milliseconds", oid::int8}};
  AuditTrail trail{world, targets.scope, "seed", arguments.text("reason", world.settings.reason)};
  auto outcomes =
      for_each_target(world, targets, Touch::writes, world.settings.jobs, [&](TargetSession const& place) {
        fleet::Result result{columns};
        migrations::ApplyOptions options = apply_options(world, arguments, set, place);
        std::string const target = targets.scope == Scope::master ? "master" : place.tenant.slug;
        options.on_start = [&, begun = false](migrations::Migration const& seed) mutable {
          if (begun) return;
          begun = true;
          TargetWork here{target, {}, std::nullopt};
          for (std::string const& name : names) here.files.push_back({name});
          if (names.empty()) here.files.push_back({seed.name});
          trail.begin_from_worker(here);
        };
        options.on_done = [&](migrations::Migration const& seed, migrations::Direction,
                              std::chrono::milliseconds) { trail.did(target, {seed.name}); };
        options.prepare = [&secrets](fleet::Session& session, migrations::Migration const& seed) {
          for (std::string const& name : seed.secrets)
            session.query({"select pg_catalog.set_config('tenantsh.secret.' || $1, $2, true)",
                           {name, secrets.at(name)}});
        };
        for (auto const& seed : migrations::run_seeds(place.session, set, names, options, profile)) {
          result.append(seed.name);
          result.append(std::to_string(seed.rows.inserted));
          result.append(std::to_string(seed.rows.updated));
          result.append(std::to_string(seed.elapsed.count()));
        }
        return result;
      });
  trail.end(outcomes);
  return whole_in_a_step(world, answer_from(std::move(outcomes), columns, std::move(targets.notes)));
}

std::vector<std::string> target_names(MigrationTargets const& targets) {
  if (targets.scope == Scope::master) return {"master"};
  std::vector<std::string> names;
  for (fleet::Tenant const& tenant : targets.tenants) names.push_back(tenant.slug);
  return names;
}

std::vector<std::string> describe_run(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::master);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<std::string> lines;
  std::vector<std::string> const names = arguments.list("names");
  std::vector<migrations::Migration const*> const seeds =
      migrations::chosen_seeds(set, names, profile_of(world, arguments));
  for (migrations::Migration const* file : seeds) {
    std::string secrets;
    for (std::string const& name : file->secrets)
      secrets += (secrets.empty() ? " with the secret " : ", ") + name;
    lines.push_back(fmt::format("run seed {} {} {}{}", file->name,
                                names.empty() ? "where it is pending or changed, in" : "again in",
                                names_text(target_names(targets)), secrets));
  }
  return lines;
}

Answer filling(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::master);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::set<std::string> wanted;
  for (std::string const& table : arguments.list("tables"))
    for (std::string const& name : migrations::seeds_filling(set, table)) wanted.insert(name);
  Json names = Json::array();
  for (migrations::Migration const& file : set.files())
    if (wanted.count(file.name) > 0) names.push_back(file.name);
  return {std::move(names), {}, {}};
}

std::string read_generator(World& world) {
  auto file = world.shipped / "migrations" / "seeds" / "tenant_sample.sql";
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  if (!(in && text << in.rdbuf())) throw Error{ErrorKind::not_found, "cannot read " + file.string()};
  return text.str();
}

MigrationTargets generate_targets(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  for (fleet::Tenant const& tenant : targets.tenants)
    if (tenant.placement == fleet::Placement::schema)
      throw Error{ErrorKind::refused,
                  "the sample rows fit the shipped tenant set, which is not placed as a schema"}
          .at_tenant(tenant.slug);
  return targets;
}

Answer generate(World& world, Arguments const& arguments) {
  MigrationTargets targets = generate_targets(world, arguments);
  std::string const generator = read_generator(world);
  std::vector<fleet::Column> const columns{{"rows", oid::int8}, {"milliseconds", oid::int8}};
  auto outcomes =
      for_each_target(world, targets, Touch::writes, world.settings.jobs, [&](TargetSession const& place) {
        auto report = migrations::generate(place.session, generator,
                                           {.members = arguments.integer("members", 100),
                                            .seed = arguments.text("seed", place.tenant.slug),
                                            .stop = world.interrupt.get_token()});
        fleet::Result result{columns};
        result.append(std::to_string(report.rows));
        result.append(std::to_string(report.elapsed.count()));
        return result;
      });
  std::vector<AuditRow> audit;
  for (TargetOutcome const& outcome : outcomes)
    if (outcome.result)
      audit.push_back({outcome.target, "tenant", "generate", {{"rows", outcome.result->text(0, "rows")}}});
  leave_audit(world, audit, arguments.text("reason", world.settings.reason));
  return whole_in_a_step(world, answer_from(std::move(outcomes), columns, std::move(targets.notes)));
}

std::vector<std::string> describe_generate(World& world, Arguments const& arguments) {
  MigrationTargets targets = generate_targets(world, arguments);
  if (targets.tenants.empty()) return {};
  return {fmt::format("insert made-up rows of {} members into {}", arguments.integer("members", 100),
                      names_text(target_names(targets)))};
}

constexpr char const* default_scope = "master, or tenant when tenants are given";

}  // namespace

void add_seeds(Registry& registry) {
  registry.add(Object{"seeds", "reference data: files that may run again; and made-up rows for tenants"});
  registry.add(
      Method{.object = "seeds",
             .name = "status",
             .parameters = with_targets(default_scope, {}),
             .returns = "result: target, name, state (applied, pending, changed), applied_at, profile, fills",
             .errors = "not_found without the folder; connect",
             .brief = "The seed files of a set and what each target has of them.",
             .example = "seeds:status{ scope = \"master\" }",
             .aliases = {"seed status"},
             .run = status});
  registry.add(Method{
      .object = "seeds",
      .name = "run",
      .effect = Effect::write,
      .parameters = with_targets(
          default_scope,
          {{.name = "names",
            .type = Type::list,
            .positional = true,
            .default_text = "what is pending or changed",
            .brief = "seed files by name, number or glob"},
           {.name = "profile",
            .default_text = "baseline",
            .brief = "also the seeds of this profile, such as development; never in a protected environment"},
           {.name = "secret",
            .type = Type::list,
            .brief = "NAME=REFERENCE for each value that a seed asks for by `-- secrets:`"},
           {.name = "owner", .default_text = "the database's", .brief = "role that the files run as"}}),
      .returns = "result: target, name, inserted, updated, milliseconds",
      .errors = "usage for a file that is no seed or a secret that is not given; refused for another "
                "profile's; sql with file and line; locked",
      .brief = "Runs seed files, whether a target has them or not, each in one transaction; without names "
               "those that a target lacks or has in another text.",
      .example = "seeds:run(\"*payer*\", { scope = \"master\", plan = true })",
      .aliases = {"seed run"},
      .run = run,
      .describe = describe_run});
  registry.add(Method{.object = "seeds",
                      .name = "filling",
                      .parameters = with_targets(default_scope, {{.name = "tables",
                                                                  .type = Type::list,
                                                                  .required = true,
                                                                  .positional = true,
                                                                  .brief = "schema.table"}}),
                      .returns = "list of file names, in the order of the set",
                      .errors = "not_found without the folder",
                      .brief = "Which seed files say that they fill these tables. Reads the files only.",
                      .example = "seeds:filling(\"rcm_master.payer\")",
                      .command_line = false,
                      .run = filling});
  registry.add(Method{
      .object = "seeds",
      .name = "generate",
      .effect = Effect::write,
      .parameters =
          {{.name = "tenants",
            .type = Type::selection,
            .required = true,
            .positional = true,
            .brief = "which tenants: all, a slug, a glob, key=value[,key=value] or @file"},
           {.name = "members", .type = Type::integer, .default_text = "100", .brief = "people in each"},
           {.name = "seed",
            .default_text = "the slug",
            .brief = "any text; the same one gives the same rows"}},
      .returns = "result: target, rows, milliseconds",
      .errors = "refused for a tenant placed as a schema; sql; interrupted",
      .brief =
          "Fills tenants with plausible people, claims and payments. The same size again inserts nothing.",
      .example = "seeds:generate(\"acme\", { members = 1000, plan = true })",
      .aliases = {"seed generate"},
      .run = generate,
      .describe = describe_generate});
}

}  // namespace scripting
