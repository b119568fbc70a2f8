// `tenants:migrate`: pending files over a fleet, wave by wave; and what its earlier runs left parked.

#include <set>

#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"
#include "scripting/rollout.hpp"

namespace scripting {

namespace {

using fleet::ErrorKind;

Answer waves(World& world, Arguments const& arguments) {
  Json list = Json::array();
  for (migrations::Wave const& wave : rollout_waves(world, arguments))
    list.push_back({{"name", wave.name}, {"tenants", wave.targets}});
  return {std::move(list), {}, {}};
}

// The newest outcome of each tenant that earlier runs left parked.
Answer parked(World& world, Arguments const& arguments) {
  fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
  Rows rows{fleet::Result{{{"tenant"}, {"at"}, {"wave"}, {"says"}, {"run"}}}, {}, 0};
  if (!keeps_audit(world))
    return {
        std::move(rows), {"this environment has no audit of its own: nothing is known of earlier runs"}, {}};
  fleet::Result const found = parked_tenants(world);
  std::set<std::string> slugs;
  for (fleet::Tenant const& tenant : chosen.tenants) slugs.insert(tenant.slug);
  for (std::size_t row = 0; row < found.rows(); ++row) {
    if (slugs.count(found.text(row, "tenant")) == 0) continue;
    for (std::size_t column = 0; column < 5; ++column) rows.result.append(found.at(row, column));
  }
  std::optional<ErrorKind> ended;
  if (!rows.result.empty()) ended = ErrorKind::pending;
  return {std::move(rows), left_out_notes(chosen), ended};
}

std::vector<Parameter> rollout_parameters() {
  std::vector<Parameter> parameters{
      {.name = "tenants",
       .type = Type::selection,
       .default_text = "those it is called for",
       .brief = "which tenants: all, a slug, a glob, key=value[,key=value] or @file"},
      {.name = "set", .type = Type::path, .default_text = "the shipped set", .brief = "folder of the files"},
      {.name = "canary", .brief = "tenants that go first and must all succeed: a slug, a glob, key=value"},
      {.name = "waves",
       .default_text = "one wave",
       .brief = "sizes of the waves after the canary, as \"1, 10%, 50%\"; everyone else follows"},
      {.name = "max_failures",
       .default_text = "none",
       .brief = "stop after so many, or \"5%\", parked tenants"},
      {.name = "until", .brief = "the last file to apply, by name or number"},
      {.name = "go_on",
       .type = Type::boolean,
       .brief = "in a runbook: give the result although tenants are parked, instead of failing the step"}};
  for (Parameter& parameter : work_parameters()) parameters.push_back(std::move(parameter));
  return parameters;
}

}  // namespace

void add_rollout(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "migrate",
      .effect = Effect::write,
      .parameters = rollout_parameters(),
      .returns =
          "result: target, state (done, up to date, parked, stopped, not begun), wave, files, milliseconds, "
          "retries, left, says",
      .errors =
          "what stopped a tenant parks it: locked, refused, sql with file and line, connect; interrupted",
      .brief = "Applies pending files over a fleet: canaries, then wave after wave. A tenant that fails is "
               "parked with its error and the others go on; run again, it touches only what is left.",
      .example = "tenants:migrate{ canary = \"acme\", waves = \"10%\", plan = true }",
      .aliases = {"migrate"},
      .receiver = Receiver::both,
      .run = run_rollout,
      .describe = describe_rollout});
  registry.add(Method{.object = "tenants",
                      .name = "waves",
                      .parameters = rollout_parameters(),
                      .returns = "list of waves: name, tenants; without those that have nothing to do",
                      .errors = "as migrate",
                      .brief = "The waves in which migrate would go over these tenants now.",
                      .example = "tenants:waves{ canary = \"acme\" }",
                      .command_line = false,
                      .run = waves});
  registry.add(Method{.object = "tenants",
                      .name = "parked",
                      .parameters = {},
                      .returns = "result: tenant, at, wave, says, run; ended pending when there is one",
                      .errors = "connect",
                      .brief = "Tenants that the last fleet run over them left parked, and why.",
                      .example = "tenants:parked()",
                      .aliases = {"migrate parked"},
                      .run = parked});
}

}  // namespace scripting
