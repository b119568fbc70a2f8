// `migrations`: up, down, redo and to: files run in each target.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/plan.hpp"
#include "scripting/migration_history.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/migration_work.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::MigrationSet;
using migrations::Scope;
namespace oid = fleet::type_oid;

using Work = std::function<migrations::ApplyReport(fleet::Session&, MigrationSet const&,
                                                   migrations::ApplyOptions const&)>;

// What up, down, to and redo differ in.
struct Motion {
  std::string action;  // in the audit
  std::function<Look(MigrationSet const&)> look;
  std::function<Work(MigrationSet const&)> work;
};

void add_pending(MigrationSet const& set, migrations::Ledger const& ledger,
                 std::optional<migrations::Version> const& until,
                 migrations::AcceptedProblems const& accepted, std::vector<FileTurn>& turns) {
  migrations::Plan const plan = migrations::plan_until(set, ledger, until);
  migrations::stop_at_problems(plan.problems, accepted);
  for (migrations::Migration const* file : plan.pending) turns.push_back({file->name});
}

// What going back does, and what `ledger` is after it.
std::vector<migrations::Migration const*> add_way_back(MigrationSet const& set, migrations::Ledger& ledger,
                                                       migrations::HowFar const& how_far,
                                                       migrations::AcceptedProblems const& accepted,
                                                       std::vector<FileTurn>& turns) {
  migrations::WayBack const way = migrations::way_back(set, ledger, how_far);
  migrations::stop_at_problems(way.problems, accepted);
  for (migrations::Migration const* file : way.files) {
    turns.push_back({file->name, migrations::Direction::down});
    ledger.entries.erase(std::remove_if(ledger.entries.begin(), ledger.entries.end(),
                                        [&](auto const& entry) { return entry.name == file->name; }),
                         ledger.entries.end());
  }
  return way.files;
}

std::size_t count_of(Arguments const& arguments) {
  std::int64_t const count = arguments.integer("count", 1);
  if (count < 1) throw Error{ErrorKind::usage, fmt::format("count must be 1 or more, not {}", count)};
  return static_cast<std::size_t>(count);
}

Motion motion_up(Arguments const& arguments) {
  auto const accepted = accepted_problems(arguments);
  auto until = [&arguments](MigrationSet const& set) -> std::optional<migrations::Version> {
    if (!arguments.has("until")) return std::nullopt;
    return set.matching(arguments.text("until")).back()->version;
  };
  return {"migrate",
          [=](MigrationSet const& set) -> Look {
            return [&set, accepted, end = until(set)](migrations::Ledger const& ledger) {
              std::vector<FileTurn> turns;
              add_pending(set, ledger, end, accepted, turns);
              return turns;
            };
          },
          [=](MigrationSet const& set) -> Work {
            return [end = until(set)](auto& session, auto const& files, auto const& options) {
              return migrations::apply(session, files, options, end);
            };
          }};
}

Motion motion_down(Arguments const& arguments) {
  auto const accepted = accepted_problems(arguments);
  migrations::HowFar const how_far{.count = count_of(arguments)};
  return {"migrate down",
          [=](MigrationSet const& set) -> Look {
            return [&set, how_far, accepted](migrations::Ledger ledger) {
              std::vector<FileTurn> turns;
              add_way_back(set, ledger, how_far, accepted, turns);
              return turns;
            };
          },
          [=](MigrationSet const&) -> Work {
            return [how_far](auto& session, auto const& files, auto const& options) {
              return migrations::revert(session, files, how_far, options);
            };
          }};
}

Motion motion_redo(Arguments const& arguments) {
  auto const accepted = accepted_problems(arguments);
  std::size_t const count = count_of(arguments);
  return {"migrate redo",
          [=](MigrationSet const& set) -> Look {
            return [&set, count, accepted](migrations::Ledger ledger) {
              std::vector<FileTurn> turns;
              auto const files = add_way_back(set, ledger, {.count = count}, accepted, turns);
              if (!files.empty()) add_pending(set, ledger, files.front()->version, accepted, turns);
              return turns;
            };
          },
          [=](MigrationSet const&) -> Work {
            return [count](auto& session, auto const& files, auto const& options) {
              return migrations::redo(session, files, count, options);
            };
          }};
}

Motion motion_to(Arguments const& arguments) {
  auto const accepted = accepted_problems(arguments);
  auto version = [&arguments](MigrationSet const& set) {
    std::string const text = arguments.text("version");
    return text == "0" ? migrations::Version{} : set.matching(text).back()->version;
  };
  return {"migrate to",
          [=](MigrationSet const& set) -> Look {
            return [&set, to = version(set), accepted](migrations::Ledger ledger) {
              std::vector<FileTurn> turns;
              add_way_back(set, ledger, {.to = to}, accepted, turns);
              add_pending(set, ledger, to, accepted, turns);
              return turns;
            };
          },
          [=](MigrationSet const& set) -> Work {
            return [to = version(set)](auto& session, auto const& files, auto const& options) {
              return migrations::move_to(session, files, to, options);
            };
          }};
}

// Targets by how they are looked at before the work: those that share a database at once, in one query; one
// that has its database for itself when its turn comes, on the session that then works on it.
struct Looks {
  MigrationTargets ahead, in_turn;
};

Looks looks_at(MigrationTargets const& targets) {
  Looks looks{{targets.scope, {}, {}}, {targets.scope, {}, {}}};
  std::map<std::pair<std::string, std::string>, int> neighbours;
  for (fleet::Tenant const& tenant : targets.tenants) ++neighbours[{tenant.server, tenant.database_name}];
  for (fleet::Tenant const& tenant : targets.tenants) {
    bool const shares = neighbours[{tenant.server, tenant.database_name}] > 1;
    (shares ? looks.ahead : looks.in_turn).tenants.push_back(tenant);
  }
  return looks;
}

// What ends the whole call, when no target began: an audit that cannot be written, and Ctrl-C.
void stop_before_the_work(AuditTrail const& trail, std::vector<TargetOutcome> const& outcomes) {
  if (auto failure = trail.failure()) throw Error{*failure};
  for (TargetOutcome const& outcome : outcomes)
    if (outcome.error && outcome.error->kind == ErrorKind::interrupted) throw Error{*outcome.error};
}

Answer run_motion(World& world, Arguments const& arguments, Motion const& motion) {
  check_work(arguments);
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  std::vector<fleet::Column> const columns{
      {"name"}, {"direction"}, {"milliseconds", oid::int8}, {"retries", oid::int4}};
  Look const look = motion.look(set);
  AuditTrail trail{world, targets.scope, motion.action, arguments.text("reason", world.settings.reason)};

  Looks const looks = looks_at(targets);
  std::vector<TargetWork> work;
  std::map<std::string, TargetOutcome> outcome_of;
  for (TargetWork& here : look_at_each(world, looks.ahead, look)) {
    std::string const target = here.target;
    if (here.error)
      outcome_of.insert({target, {target, std::nullopt, std::move(here.error)}});
    else if (here.files.empty())
      outcome_of.insert({target, {target, fleet::Result{columns}, std::nullopt}});
    else
      work.push_back(std::move(here));
  }
  std::set<std::string> looked_at;
  for (TargetWork const& here : work) looked_at.insert(here.target);
  if (!work.empty()) trail.begin(work);

  MigrationTargets to_visit{targets.scope, {}, {}};
  for (fleet::Tenant const& tenant : targets.tenants)
    if (outcome_of.count(tenant.slug) == 0) to_visit.tenants.push_back(tenant);
  bool const visit = targets.scope == Scope::master ? !work.empty() : !to_visit.tenants.empty();
  if (visit) {
    Work const go = motion.work(set);
    auto ran = for_each_target(
        world, to_visit, Touch::writes, static_cast<int>(arguments.integer("jobs", world.settings.jobs)),
        [&](TargetSession const& place) {
          fleet::Result result{columns};
          std::string const target = targets.scope == Scope::master ? "master" : place.tenant.slug;
          if (looked_at.count(target) == 0) {
            TargetWork const here = look_at(place, look);
            if (here.files.empty()) return result;
            trail.begin_from_worker(here);
          }
          require_adopted(world, set, place);
          migrations::ApplyOptions options = apply_options(world, arguments, set, place);
          options.on_done = [&](migrations::Migration const& file, migrations::Direction direction,
                                std::chrono::milliseconds) {
            trail.did(target, {file.name, direction});
          };
          for (migrations::AppliedFile const& file : go(place.session, set, options).applied) {
            result.append(file.name);
            result.append(file.direction == migrations::Direction::up ? "up" : "down");
            result.append(std::to_string(file.elapsed.count()));
            result.append(std::to_string(file.retries));
          }
          return result;
        });
    if (trail.empty()) stop_before_the_work(trail, ran);
    trail.end(ran);
    for (TargetOutcome& outcome : ran) {
      std::string const target = outcome.target;
      outcome_of.insert({target, std::move(outcome)});
    }
  }
  if (targets.scope == Scope::master) world.fleet.refresh();
  std::vector<TargetOutcome> outcomes;
  if (targets.scope == Scope::master) outcomes.push_back(std::move(outcome_of.at("master")));
  for (fleet::Tenant const& tenant : targets.tenants)
    outcomes.push_back(std::move(outcome_of.at(tenant.slug)));
  return whole_in_a_step(world, answer_from(std::move(outcomes), columns, std::move(targets.notes)));
}

std::vector<std::string> describe_motion(World& world, Arguments const& arguments, Motion const& motion) {
  check_work(arguments);
  MigrationTargets const targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  auto const work = look_at_each(world, targets, motion.look(set));
  if (work.size() == 1 && work.front().error) throw Error{*work.front().error};
  return lines_of(work);
}

template <Motion (*Make)(Arguments const&)>
Answer run_as(World& world, Arguments const& arguments) {
  return run_motion(world, arguments, Make(arguments));
}
template <Motion (*Make)(Arguments const&)>
std::vector<std::string> describe_as(World& world, Arguments const& arguments) {
  return describe_motion(world, arguments, Make(arguments));
}

std::vector<Parameter> with_work(std::vector<Parameter> parameters) {
  std::vector<Parameter> const work = work_parameters();
  parameters.insert(parameters.end(), work.begin(), work.end());
  return parameters;
}

}  // namespace

void add_motions(Registry& registry) {
  char const* const returns = "result: target, name, direction, milliseconds, retries for each file that ran";
  char const* const errors =
      "refused (changed, missing, out_of_order, no_way_back, …) before anything runs there; locked; sql with "
      "file and line; in_doubt; interrupted";
  Parameter const count{
      .name = "count", .type = Type::integer, .default_text = "1", .brief = "files in each target"};
  registry.add(Method{
      .object = "migrations",
      .name = "up",
      .effect = Effect::write,
      .parameters = with_targets(
          "tenant", with_work({{.name = "until", .brief = "the last file to apply, by name or number"}})),
      .returns = returns,
      .errors = errors,
      .brief = "Applies pending files in order, one transaction a file. Stops a target at its first "
               "error; the others go on.",
      .example = "migrations:up{ tenants = \"acme\", plan = true }",
      .aliases = {"migrate up"},
      .run = run_as<motion_up>,
      .describe = describe_as<motion_up>});
  registry.add(Method{.object = "migrations",
                      .name = "down",
                      .effect = Effect::destructive,
                      .parameters = with_targets("tenant", with_work({count})),
                      .returns = returns,
                      .errors = errors,
                      .brief =
                          "Takes the newest files back, one transaction a file. Nothing is run in a target "
                          "where one of them has no way back.",
                      .example = "migrations:down{ tenants = \"acme\", set = "
                                 "\"examples/schema_per_tenant/migrations\", plan = true }",
                      .aliases = {"migrate down"},
                      .run = run_as<motion_down>,
                      .describe = describe_as<motion_down>});
  registry.add(Method{.object = "migrations",
                      .name = "redo",
                      .effect = Effect::destructive,
                      .parameters = with_targets("tenant", with_work({count})),
                      .returns = returns,
                      .errors = errors,
                      .brief = "Takes the newest files back and applies them again, under one lock.",
                      .example = "migrations:redo{ tenants = \"acme\", set = "
                                 "\"examples/schema_per_tenant/migrations\", plan = true }",
                      .aliases = {"migrate redo"},
                      .run = run_as<motion_redo>,
                      .describe = describe_as<motion_redo>});
  registry.add(
      Method{.object = "migrations",
             .name = "to",
             .effect = Effect::destructive,
             .parameters = with_targets(
                 "tenant",
                 with_work({{.name = "version",
                             .required = true,
                             .positional = true,
                             .brief = "the last file that shall be applied, by name or number; 0: none"}})),
             .returns = returns,
             .errors = errors,
             .brief = "Takes back what is above a version, then applies what is pending up to it.",
             .example = "migrations:to(\"027\", { tenants = \"acme\", plan = true })",
             .aliases = {"migrate to"},
             .run = run_as<motion_to>,
             .describe = describe_as<motion_to>});
}

}  // namespace scripting
