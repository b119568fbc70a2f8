// `migrations`: what each target has of a set, and bringing it there.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/lock.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/plan.hpp"
#include "scripting/migration_history.hpp"
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

// One file in one target, on its way from a worker thread: name, state, applied_at, says.
std::vector<fleet::Column> const& file_columns() {
  static std::vector<fleet::Column> const columns{{"name"}, {"state"}, {"applied_at"}, {"says"}};
  return columns;
}

fleet::Result file_states(MigrationSet const& set, migrations::Ledger const& ledger) {
  migrations::Plan plan = migrations::plan(set, ledger);
  struct State {
    std::string state, applied_at, says;
  };
  std::map<std::pair<migrations::Version, std::string>, State> files;
  auto at = [&files](std::string const& name) -> State& {
    return files[{migrations::version_of(name), name}];
  };
  for (migrations::LedgerEntry const* entry : plan.applied)
    at(entry->name) = {"applied", entry->applied_at, ""};
  for (migrations::Migration const* file : plan.pending) at(file->name).state = "pending";
  for (migrations::Problem const& problem : plan.problems) {
    State& state = at(problem.name);
    state.state = to_string(problem.kind);
    state.says = problem.message + (problem.hint.empty() ? "" : "; " + problem.hint);
  }
  fleet::Result result{file_columns()};
  for (auto const& [key, file] : files) {
    result.append(key.second);
    result.append(file.state);
    result.append(file.applied_at.empty() ? std::nullopt : std::optional<std::string_view>{file.applied_at});
    result.append(file.says.empty() ? std::nullopt : std::optional<std::string_view>{file.says});
  }
  return result;
}

enum class Which { all, to_do };

// Files that are in the same state, over all targets.
struct Common {
  std::string state, applied_at, says;
  std::vector<std::string> targets;
};
using Matrix = std::map<std::pair<migrations::Version, std::string>, std::map<std::string, Common>>;

Matrix matrix_of(std::vector<TargetOutcome> const& outcomes) {
  Matrix matrix;
  for (TargetOutcome const& outcome : outcomes) {
    if (!outcome.result) continue;
    fleet::Result const& files = *outcome.result;
    for (std::size_t row = 0; row < files.rows(); ++row) {
      std::string name = files.text(row, "name"), state = files.text(row, "state");
      Common& common = matrix[{migrations::version_of(name), name}][state];
      common.state = state;
      common.applied_at = std::max(common.applied_at, files.text(row, "applied_at"));
      if (common.says.empty()) common.says = files.text(row, "says");
      common.targets.push_back(outcome.target);
    }
  }
  return matrix;
}

// As it would be sent there.
std::string sql_for(MigrationSet const& set, std::string const& name, MigrationTargets const& targets,
                    std::string const& target) {
  migrations::Migration const* file = set.find(name);
  if (file == nullptr) return "";
  if (file->language == migrations::Language::program) return "-- a program: " + file->path.string() + "\n";
  auto const tenant = std::find_if(targets.tenants.begin(), targets.tenants.end(),
                                   [&](fleet::Tenant const& one) { return one.slug == target; });
  return tenant == targets.tenants.end() || tenant->schema_name.empty()
             ? file->sql
             : migrations::fill_schema(file->sql, tenant->schema_name);
}

Answer report(World& world, Arguments const& arguments, Which which) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  auto outcomes = for_each_ledger(
      world, targets, [&set](migrations::Ledger const& ledger) { return file_states(set, ledger); });
  Matrix matrix = matrix_of(outcomes);
  Answer answer = answer_from(std::move(outcomes), file_columns(), std::move(targets.notes));
  auto& rows = std::get<Rows>(answer.value);
  std::vector<fleet::Column> columns{{"name"},  {"state"},      {"targets", oid::int8},
                                     {"where"}, {"applied_at"}, {"says"}};
  bool const sql = which == Which::to_do && arguments.boolean("sql");
  if (sql) columns.push_back({"sql"});
  rows.result = fleet::Result{std::move(columns)};
  std::string script;
  bool pending = false;
  for (auto const& [key, states] : matrix) {
    for (auto const& [state, common] : states) {
      pending = pending || state != "applied";
      if (which == Which::to_do && state == "applied") continue;
      rows.result.append(key.second);
      rows.result.append(state);
      rows.result.append(std::to_string(common.targets.size()));
      rows.result.append(names_text(common.targets));
      for (std::string const* text : {&common.applied_at, &common.says})
        rows.result.append(text->empty() ? std::nullopt : std::optional<std::string_view>{*text});
      if (!sql) continue;
      std::string const text = sql_for(set, key.second, targets, common.targets.front());
      rows.result.append(text);
      script +=
          fmt::format("{}-- {} ({}): {}{}\n{}", script.empty() ? "" : "\n", key.second, state,
                      names_text(common.targets), common.says.empty() ? "" : "\n--   " + common.says, text);
    }
  }
  if (sql) rows.lines = script;
  if (pending && !answer.ended) answer.ended = ErrorKind::pending;
  return answer;
}

Answer status(World& world, Arguments const& arguments) { return report(world, arguments, Which::all); }
Answer plan(World& world, Arguments const& arguments) { return report(world, arguments, Which::to_do); }

// Targets that are equally far.
struct Reached {
  std::string highest;
  std::size_t pending = 0, problems = 0;
  auto key() const { return std::make_tuple(migrations::version_of(highest), highest, pending, problems); }
  friend bool operator<(Reached const& a, Reached const& b) { return b.key() < a.key(); }  // newest first
};

Answer skew(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  auto outcomes = for_each_ledger(world, targets, [&set](migrations::Ledger const& ledger) {
    migrations::Plan const plan = migrations::plan(set, ledger);
    fleet::Result result{{{"highest"}, {"pending"}, {"problems"}}};
    auto const last = std::find_if(ledger.entries.rbegin(), ledger.entries.rend(), [&](auto const& entry) {
      auto const* file = set.find(entry.name);
      return file == nullptr || !file->repeatable;
    });
    result.append(last == ledger.entries.rend() ? "" : last->name);
    result.append(std::to_string(plan.pending.size()));
    result.append(std::to_string(plan.problems.size()));
    return result;
  });
  std::map<Reached, std::vector<std::string>> groups;
  for (TargetOutcome const& outcome : outcomes)
    if (outcome.result)
      groups[{outcome.result->text(0, "highest"), std::stoul(outcome.result->text(0, "pending")),
              std::stoul(outcome.result->text(0, "problems"))}]
          .push_back(outcome.target);
  Answer answer =
      answer_from(std::move(outcomes), {{"highest"}, {"pending"}, {"problems"}}, std::move(targets.notes));
  auto& rows = std::get<Rows>(answer.value);
  rows.result = fleet::Result{
      {{"version"}, {"pending", oid::int8}, {"problems", oid::int8}, {"targets", oid::int8}, {"where"}}};
  bool to_do = groups.size() > 1;
  for (auto const& [reached, names] : groups) {
    to_do = to_do || reached.pending > 0 || reached.problems > 0;
    rows.result.append(reached.highest.empty() ? std::nullopt
                                               : std::optional<std::string_view>{reached.highest});
    rows.result.append(std::to_string(reached.pending));
    rows.result.append(std::to_string(reached.problems));
    rows.result.append(std::to_string(names.size()));
    rows.result.append(names_text(names));
  }
  if (to_do && !answer.ended) answer.ended = ErrorKind::pending;
  return answer;
}

std::vector<AuditRow> audit_rows(std::vector<TargetOutcome> const& outcomes, MigrationTargets const& targets,
                                 char const* action) {
  std::vector<AuditRow> rows;
  for (TargetOutcome const& outcome : outcomes) {
    if (!outcome.result || outcome.result->empty()) continue;
    Json names = Json::array();
    for (std::size_t row = 0; row < outcome.result->rows(); ++row)
      names.push_back(std::string{*outcome.result->at(row, std::size_t{0})});
    bool master = targets.scope == Scope::master;
    rows.push_back(
        {master ? "" : outcome.target, master ? "master" : "tenant", action, {{"files", std::move(names)}}});
  }
  return rows;
}

using Work = std::function<migrations::ApplyReport(fleet::Session&, MigrationSet const&,
                                                   migrations::ApplyOptions const&)>;

// What up, down, to and redo differ in.
struct Motion {
  std::string action;  // in the audit
  std::function<Look(MigrationSet const&)> look;
  std::function<Work(MigrationSet const&)> work;
};

void stop_at(std::vector<migrations::Problem> const& problems, migrations::AcceptedProblems const& accepted) {
  if (auto left = migrations::remaining(problems, accepted); !left.empty()) migrations::refuse(left);
}

void add_pending(MigrationSet const& set, migrations::Ledger const& ledger,
                 std::optional<migrations::Version> const& until,
                 migrations::AcceptedProblems const& accepted, std::vector<FileTurn>& turns) {
  migrations::Plan const plan = migrations::plan_until(set, ledger, until);
  stop_at(plan.problems, accepted);
  for (migrations::Migration const* file : plan.pending) turns.push_back({file->name});
}

// What going back does, and what `ledger` is after it.
std::vector<migrations::Migration const*> add_way_back(MigrationSet const& set, migrations::Ledger& ledger,
                                                       migrations::HowFar const& how_far,
                                                       migrations::AcceptedProblems const& accepted,
                                                       std::vector<FileTurn>& turns) {
  migrations::WayBack const way = migrations::way_back(set, ledger, how_far);
  stop_at(way.problems, accepted);
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
  return answer_from(std::move(outcomes), columns, std::move(targets.notes));
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

Answer mark(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<std::string> const patterns = arguments.list("names");
  std::vector<fleet::Column> const columns{{"name"}};
  auto outcomes =
      for_each_target(world, targets, Touch::writes, world.settings.jobs, [&](TargetSession const& place) {
        fleet::Result result{columns};
        for (std::string const& name :
             migrations::mark(place.session, set, patterns, apply_options(world, arguments, set, place)))
          result.append(name);
        return result;
      });
  leave_audit(world, audit_rows(outcomes, targets, "mark"), arguments.text("reason", world.settings.reason));
  return answer_from(std::move(outcomes), columns, std::move(targets.notes));
}

std::vector<std::string> describe_mark(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<std::string> names, lines;
  for (fleet::Tenant const& tenant : targets.tenants) names.push_back(tenant.slug);
  if (targets.scope == Scope::master) names = {"master"};
  for (migrations::Migration const* file : set.matching(arguments.list("names")))
    lines.push_back(
        fmt::format("write the ledger row of {} without running it, in {}", file->name, names_text(names)));
  return lines;
}

std::vector<TargetOutcome> holders_of(World& world, MigrationTargets const& targets, Touch touch,
                                      std::vector<fleet::Column> const& columns) {
  return for_each_target(world, targets, touch, world.settings.jobs, [&, touch](TargetSession const& place) {
    fleet::Result result{columns};
    for (migrations::LockHolder const& holder : migrations::holders(place.session, place.target)) {
      if (touch == Touch::writes) migrations::terminate(place.session, place.target, holder);
      result.append(std::to_string(holder.backend_pid));
      result.append(holder.user + " from " + holder.client_host);
      result.append(holder.describe());
    }
    return result;
  });
}

std::vector<fleet::Column> const& holder_columns() {
  static std::vector<fleet::Column> const columns{{"pid", oid::int4}, {"held_by"}, {"says"}};
  return columns;
}

Answer unlock(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  auto outcomes = holders_of(world, targets, Touch::writes, holder_columns());
  leave_audit(world, audit_rows(outcomes, targets, "unlock"),
              arguments.text("reason", world.settings.reason));
  return answer_from(std::move(outcomes), holder_columns(), std::move(targets.notes));
}

std::vector<std::string> describe_unlock(World& world, Arguments const& arguments) {
  std::vector<std::string> lines;
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  for (TargetOutcome const& outcome : holders_of(world, targets, Touch::reads, holder_columns())) {
    if (outcome.error) throw Error{*outcome.error};
    for (std::size_t row = 0; row < outcome.result->rows(); ++row)
      lines.push_back(fmt::format("terminate backend {} in {}: {}", outcome.result->text(row, "pid"),
                                  outcome.target, outcome.result->text(row, "says")));
  }
  return lines;
}

std::vector<Parameter> with_work(std::vector<Parameter> parameters) {
  std::vector<Parameter> const work = work_parameters();
  parameters.insert(parameters.end(), work.begin(), work.end());
  return parameters;
}

std::vector<Parameter> with_targets(std::vector<Parameter> parameters) {
  for (Parameter& parameter : target_parameters("tenant")) parameters.push_back(std::move(parameter));
  return parameters;
}

}  // namespace

void add_migrations(Registry& registry) {
  registry.add(Object{"migrations",
                      "numbered SQL files: what master and each tenant have of them, and applying them"});
  registry.add(Method{
      .object = "migrations",
      .name = "status",
      .parameters = with_targets({}),
      .returns =
          "result: name, state (applied, pending or what is wrong), targets, where, applied_at, says; ended "
          "pending when something is to do",
      .errors = "not_found without the folder; connect; refused for a placement that the set cannot have",
      .brief = "Each file and how many targets have it in which state.",
      .example = "migrations:status{ scope = \"master\" }",
      .aliases = {"migrate status"},
      .run = status});
  registry.add(Method{
      .object = "migrations",
      .name = "skew",
      .parameters = with_targets({}),
      .returns =
          "result: version (the highest file that is applied), pending, problems, targets, where; ended "
          "pending when targets differ or something is to do",
      .errors = "as status",
      .brief = "How far apart the targets are: one row for each version that some of them are at.",
      .example = "migrations:skew()",
      .aliases = {"migrate skew"},
      .run = skew});
  registry.add(Method{
      .object = "migrations",
      .name = "plan",
      .parameters =
          with_targets({{.name = "sql",
                         .type = Type::boolean,
                         .brief = "also the SQL of each file, as it would be sent to the first target "
                                  "in its row"}}),
      .returns = "result as of status, without what is applied, with sql when asked; ended pending unless it "
                 "is empty",
      .errors = "as status",
      .brief = "What up would run, and what stands in its way. Writes nothing.",
      .example = "migrations:plan{ tenants = \"acme\" }",
      .aliases = {"migrate plan"},
      .run = plan});
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
      .parameters =
          with_targets(with_work({{.name = "until", .brief = "the last file to apply, by name or number"}})),
      .returns = returns,
      .errors = errors,
      .brief = "Applies pending files in order, one transaction a file. Stops a target at its first "
               "error; the others go on.",
      .example = "migrations:up{ tenants = \"acme\", plan = true }",
      .aliases = {"migrate up"},
      .run = run_as<motion_up>,
      .describe = describe_as<motion_up>});
  registry.add(Method{
      .object = "migrations",
      .name = "down",
      .effect = Effect::destructive,
      .parameters = with_targets(with_work({count})),
      .returns = returns,
      .errors = errors,
      .brief = "Takes the newest files back, one transaction a file. Nothing is run in a target "
               "where one of them has no way back.",
      .example = "migrations:down{ tenants = \"acme\", set = \"examples/schema_per_tenant\", plan = true }",
      .aliases = {"migrate down"},
      .run = run_as<motion_down>,
      .describe = describe_as<motion_down>});
  registry.add(Method{
      .object = "migrations",
      .name = "redo",
      .effect = Effect::destructive,
      .parameters = with_targets(with_work({count})),
      .returns = returns,
      .errors = errors,
      .brief = "Takes the newest files back and applies them again, under one lock.",
      .example = "migrations:redo{ tenants = \"acme\", set = \"examples/schema_per_tenant\", plan = true }",
      .aliases = {"migrate redo"},
      .run = run_as<motion_redo>,
      .describe = describe_as<motion_redo>});
  registry.add(Method{.object = "migrations",
                      .name = "to",
                      .effect = Effect::destructive,
                      .parameters = with_targets(with_work(
                          {{.name = "version",
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
  registry.add(
      Method{.object = "migrations",
             .name = "mark",
             .effect = Effect::write,
             .parameters = with_targets({{.name = "names",
                                          .type = Type::list,
                                          .required = true,
                                          .positional = true,
                                          .brief = "files by name, number or glob"}}),
             .returns = "result: target, name",
             .errors = "not_found with the nearest name; locked",
             .brief = "Writes the ledger rows of files without running them, also over rows of edited files.",
             .example = "migrations:mark(\"027\", { tenants = \"acme\", plan = true })",
             .aliases = {"migrate mark"},
             .run = mark,
             .describe = describe_mark});
  registry.add(Method{
      .object = "migrations",
      .name = "unlock",
      .effect = Effect::destructive,
      .parameters = with_targets({}),
      .returns = "result: target, pid, held_by, says for each session that was ended",
      .errors = "refused when the lock changed hands meanwhile",
      .brief = "Ends the session that holds a target's migration lock. Nothing happens when nobody does.",
      .example = "migrations:unlock{ tenants = \"acme\", plan = true }",
      .aliases = {"migrate unlock"},
      .run = unlock,
      .describe = describe_unlock});
}

}  // namespace scripting
