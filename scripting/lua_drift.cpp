// `migrations:drift`: each target's structure against the one that it should have.

#include <fmt/format.h>

#include <algorithm>

#include "scripting/drift.hpp"
#include "scripting/objects.hpp"
#include "scripting/scratch_build.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::Structure;
using fleet::StructureDifference;
using fleet::StructureDigest;
using migrations::MigrationSet;
using migrations::Scope;

// What targets are compared with.
struct Reference {
  std::string text;  // for notes: "the migrations", "tenant acme", "the majority (10 of 12 tenants)"
  Structure structure;
  StructureDigest digest;
  std::set<std::string> applied;        // what a target has to have applied to be comparable
  std::set<std::string> archived = {};  // what it may have applied as well
  bool own_grants = false;              // it has what provisioning grants
};

bool is_file(std::string const& reference) { return reference.ends_with(".sql"); }

std::set<std::string> names_of(MigrationSet const& set) {
  std::set<std::string> names;
  for (migrations::Migration const& file : set.files()) names.insert(file.name);
  return names;
}

Reference from_scratch(World& world, Arguments const& arguments, MigrationTargets const& targets,
                       std::string const& reference) {
  MigrationSet const set = load_set(world, arguments, targets.scope);
  fleet::Endpoint const server = scratch_server(world, arguments, targets.scope);
  Reference made;
  made.applied = names_of(set);
  made.archived.insert(set.archived().begin(), set.archived().end());
  bool in_schema = set.uses_schema_name();
  migrations::Build build;
  if (reference == "migrations") {
    made.text = "the migrations";
    build = ScratchBuild{world, server, set}.read();
  } else {
    auto const path =
        reference == "baseline" ? baseline_path(arguments, set) : std::filesystem::path{reference};
    made.text = path.filename().string();
    migrations::Baseline const baseline = migrations::read_baseline(path);
    in_schema = baseline.uses_schema_name();
    build = ScratchBuild{world, server, set, baseline}.read();
  }
  for (fleet::Tenant const& tenant : targets.tenants)
    if ((tenant.placement == fleet::Placement::schema) != in_schema)
      throw Error{ErrorKind::refused,
                  fmt::format("{} is placed as a {}, and {} is for a {}", tenant.slug,
                              to_string(tenant.placement), made.text, in_schema ? "schema" : "database")}
          .with_hint(
              "name the set that it was made from: --set FOLDER; or compare tenants with each other: "
              "--reference majority");
  made.structure = std::move(build.structure);
  made.digest = build.digest;
  return made;
}

Reference from_tenant(World& world, std::string const& slug, int jobs) {
  MigrationTargets const one{Scope::tenant, {world.fleet.tenant(slug)}, {}};
  StructuresSeen seen = see_structures(world, one, jobs);
  if (!seen.failures.empty()) throw Error{seen.failures.front()};
  StructuresRead read = read_structures(world, one, {slug}, jobs);
  if (!read.failures.empty()) throw Error{read.failures.front()};
  return {"tenant " + slug,
          std::move(read.structures.at(slug)),
          seen.seen.front().digest,
          std::move(seen.seen.front().applied),
          {},
          true};
}

using Vote = std::tuple<std::set<std::string>, std::string, std::string>;
Vote vote_of(StructureSeen const& one) { return {one.applied, one.digest.structure, one.digest.own_grants}; }

Reference from_majority(World& world, MigrationTargets const& targets, StructuresSeen const& seen, int jobs) {
  std::vector<Vote> votes;
  for (StructureSeen const& one : seen.seen) votes.push_back(vote_of(one));
  auto const winner = majority(votes);
  if (!winner)
    throw Error{ErrorKind::failed,
                fmt::format("{} tenants have no majority: no structure is more frequent than the others",
                            seen.seen.size())}
        .with_hint("name the one that is right: --reference SLUG");
  auto const count = std::count(votes.begin(), votes.end(), *winner);
  auto const first = std::find_if(seen.seen.begin(), seen.seen.end(),
                                  [&](StructureSeen const& one) { return vote_of(one) == *winner; });
  StructuresRead read = read_structures(world, targets, {first->target}, jobs);
  if (!read.failures.empty()) throw Error{read.failures.front()};
  return {fmt::format("the majority ({} of {})", count, votes.size()),
          std::move(read.structures.at(first->target)),
          first->digest,
          first->applied,
          {},
          true};
}

// Grants to the tenants' own roles: the reference has none, so that the tenants vote.
struct OwnGrants {
  std::optional<std::string> digest;
  std::string like;  // a target that has them
};
OwnGrants usual_own_grants(StructuresSeen const& seen) {
  std::vector<std::string> digests;
  for (StructureSeen const& one : seen.seen) digests.push_back(one.digest.own_grants);
  OwnGrants usual;
  if (digests.size() < 3) return usual;
  auto const winner = majority(digests);
  if (!winner || 2 * std::count(digests.begin(), digests.end(), *winner) <= std::ssize(digests)) return usual;
  usual.digest = winner;
  for (StructureSeen const& one : seen.seen)
    if (one.digest.own_grants == *winner) usual.like = one.target;
  return usual;
}

std::vector<StructureDifference> differences(Reference const& reference, Structure const& found,
                                             Structure const* like) {
  if (reference.own_grants) return fleet::difference(reference.structure, found);
  auto all =
      fleet::difference(fleet::without_own_grants(reference.structure), fleet::without_own_grants(found));
  if (like == nullptr) return all;
  std::set<std::string> told;  // objects that are missing as a whole
  for (StructureDifference const& one : all)
    if (one.property.empty()) told.insert(one.label());
  for (StructureDifference& one :
       fleet::difference(fleet::only_own_grants(*like), fleet::only_own_grants(found)))
    if (told.count(one.label()) == 0) all.push_back(std::move(one));
  return all;
}

struct Drift {
  Rows rows;
  std::size_t compared = 0, drifted = 0, behind = 0;
};

void append(fleet::Result& result, std::initializer_list<std::string_view> row) {
  for (std::string_view text : row)
    result.append(text.empty() ? std::nullopt : std::optional<std::string_view>{text});
}

// How a target's files differ from the reference's; `where` is empty for one that is comparable.
struct VersionGap {
  std::string where;  // "behind", "ahead", "apart"
  std::string text;   // "2 not applied: 027_x.sql, 028_y.sql"
};
VersionGap version_gap(Reference const& reference, std::set<std::string> const& applied) {
  auto const less = [](std::set<std::string> const& a, std::set<std::string> const& b) {
    std::vector<std::string> only;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
    return only;
  };
  std::vector<std::string> const missing = less(reference.applied, applied);
  std::vector<std::string> extra = less(applied, reference.applied);
  std::erase_if(extra, [&](std::string const& name) { return reference.archived.count(name) > 0; });
  std::string text;
  if (!missing.empty()) text = fmt::format("{} not applied: {}", missing.size(), names_text(missing));
  if (!extra.empty())
    text += fmt::format("{}{} more applied: {}", text.empty() ? "" : "; ", extra.size(), names_text(extra));
  return {text.empty()      ? ""
          : extra.empty()   ? "behind"
          : missing.empty() ? "ahead"
                            : "apart",
          std::move(text)};
}

Drift compare(World& world, Arguments const& arguments, MigrationTargets const& targets,
              Reference const& reference, StructuresSeen seen, int jobs) {
  Drift drift;
  drift.rows = Rows{fleet::Result{{{"target"}, {"object"}, {"property"}, {"what"}, {"expected"}, {"found"}}},
                    std::move(seen.failures), targets.size()};
  std::map<std::string, VersionGap> gaps;
  std::erase_if(seen.seen, [&](StructureSeen const& one) {
    VersionGap gap = version_gap(reference, one.applied);
    if (gap.where.empty()) return false;
    gaps[one.target] = std::move(gap);
    return true;
  });
  OwnGrants const usual = reference.own_grants ? OwnGrants{} : usual_own_grants(seen);
  auto suspect = [&](StructureSeen const& one) {
    if (one.digest.structure != reference.digest.structure) return true;
    if (reference.own_grants) return one.digest.own_grants != reference.digest.own_grants;
    return usual.digest && one.digest.own_grants != *usual.digest;
  };
  std::set<std::string> names;
  for (StructureSeen const& one : seen.seen)
    if (suspect(one)) names.insert(one.target);
  std::set<std::string> wanted = names;
  if (!wanted.empty() && !usual.like.empty()) wanted.insert(usual.like);
  StructuresRead read = read_structures(world, targets, wanted, jobs);
  for (Error& error : read.failures) drift.rows.failures.push_back(std::move(error));
  auto const like = read.structures.find(usual.like);
  for (auto const& [target, gap] : gaps)
    append(drift.rows.result, {target, "ledger", "", gap.where, reference.text, gap.text});
  for (StructureSeen const& one : seen.seen) {
    ++drift.compared;
    auto const structure = read.structures.find(one.target);
    if (names.count(one.target) == 0 || structure == read.structures.end()) continue;
    auto const found = fleet::without(
        differences(reference, structure->second, like == read.structures.end() ? nullptr : &like->second),
        arguments.list("ignore"));
    if (!found.empty()) ++drift.drifted;
    for (StructureDifference const& each : found)
      append(drift.rows.result,
             {one.target, each.label(), each.property, to_string(each.what), each.a, each.b});
  }
  drift.behind = gaps.size();
  return drift;
}

std::string reference_of(Arguments const& arguments) { return arguments.text("reference", "migrations"); }

bool builds(std::string const& reference) {
  return reference == "migrations" || reference == "baseline" || is_file(reference);
}

Answer drift(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  std::string const wanted = reference_of(arguments);
  int const jobs = static_cast<int>(arguments.integer("jobs", world.settings.jobs));
  if (targets.scope == Scope::master && !builds(wanted))
    throw Error{ErrorKind::usage, "master is compared with the migrations or with a baseline"};
  std::optional<Reference> reference;
  if (builds(wanted)) reference = from_scratch(world, arguments, targets, wanted);
  if (!reference && wanted != "majority") reference = from_tenant(world, wanted, jobs);
  StructuresSeen seen = see_structures(world, targets, jobs);
  if (targets.size() == 1 && seen.failures.size() == 1) throw Error{seen.failures.front()};
  if (!reference && !seen.seen.empty()) reference = from_majority(world, targets, seen, jobs);
  Answer answer{Rows{}, std::move(targets.notes), {}};
  if (!reference) {
    answer.value =
        Rows{fleet::Result{{{"target"}, {"object"}, {"property"}, {"what"}, {"expected"}, {"found"}}},
             std::move(seen.failures), targets.size()};
    if (targets.size() > 0) answer.ended = ErrorKind::failed;
    return answer;
  }
  std::size_t const asked = seen.seen.size();
  Drift found = compare(world, arguments, targets, *reference, std::move(seen), jobs);
  answer.notes.push_back(fmt::format("compared with {}: {} as expected, {} drifted, {} at another version",
                                     reference->text, found.compared - found.drifted, found.drifted,
                                     found.behind));
  if (asked == 0 && targets.size() > 0) answer.ended = ErrorKind::failed;
  if (found.drifted > 0 || (found.compared == 0 && found.behind > 0)) answer.ended = ErrorKind::pending;
  answer.value = std::move(found.rows);
  return answer;
}

std::vector<std::string> describe_drift(World& world, Arguments const& arguments) {
  MigrationTargets const targets = targets_of(world, arguments, Scope::tenant);
  std::string const wanted = reference_of(arguments);
  std::vector<std::string> lines;
  if (builds(wanted))
    lines.push_back(fmt::format("build a scratch database on {} from {}, and drop it",
                                scratch_server(world, arguments, targets.scope).server,
                                wanted == "migrations" ? "the migrations" : wanted));
  lines.push_back(
      fmt::format("read the structure of {} target{}", targets.size(), targets.size() == 1 ? "" : "s"));
  return lines;
}

}  // namespace

void add_drift(Registry& registry) {
  std::vector<Parameter> parameters = with_targets("tenant", {});
  for (Parameter& parameter :
       std::vector<Parameter>{{.name = "reference",
       .default_text = "migrations",
       .brief = "what is right: migrations, baseline, a baseline's file, a tenant's slug or majority"},
                              {.name = "ignore",
                              .type = Type::list,
                              .default_text = "none",
                              .brief = "globs over \"kind name\", or \"kind name: property\""},
                              {.name = "baseline",
                              .type = Type::path,
                              .default_text = "baseline.sql in the folder",
                              .brief = "the file, for reference = \"baseline\""},
                              {.name = "server",
                              .type = Type::server,
                              .default_text = "an active one, or master's",
                              .brief = "where the scratch database is made"},
                              {.name = "jobs",
                              .type = Type::integer,
                              .default_text = "--jobs",
                              .brief = "databases asked at once"}})
    parameters.push_back(std::move(parameter));
  registry.add(Method{
      .object = "migrations",
      .name = "drift",
      .effect = Effect::write,
      .parameters = std::move(parameters),
      .returns = "result: target, object, property, what (missing, extra, different; behind: at another "
                 "version, not compared), expected, found; ended pending when something drifted or nothing "
                 "could be compared",
      .errors = "refused for a placement that the set cannot have; failed without a majority; sql when the "
                "migrations cannot be applied; connect per tenant",
      .brief = "Compares the structure of each target with what the migrations give, in a scratch database, "
               "or with another tenant's. Digests first, so that only what differs is read.",
      .example = "migrations:drift{ reference = \"majority\", plan = true }",
      .aliases = {"migrate drift"},
      .asks = false,
      .run = drift,
      .describe = describe_drift});
}

}  // namespace scripting
