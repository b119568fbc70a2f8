// `migrations`: what each target has of a set, and bringing it there.

#include <fmt/format.h>

#include <algorithm>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/lock.hpp"
#include "migrations/engine/plan.hpp"
#include "scripting/migration_targets.hpp"
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

Answer report(World& world, Arguments const& arguments, Which which) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  auto outcomes = for_each_ledger(
      world, targets, [&set](migrations::Ledger const& ledger) { return file_states(set, ledger); });
  Matrix matrix = matrix_of(outcomes);
  Answer answer = answer_from(std::move(outcomes), file_columns(), std::move(targets.notes));
  auto& rows = std::get<Rows>(answer.value);
  rows.result =
      fleet::Result{{{"name"}, {"state"}, {"targets", oid::int8}, {"where"}, {"applied_at"}, {"says"}}};
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
    }
  }
  if (pending && !answer.ended) answer.ended = ErrorKind::pending;
  return answer;
}

Answer status(World& world, Arguments const& arguments) { return report(world, arguments, Which::all); }
Answer plan(World& world, Arguments const& arguments) { return report(world, arguments, Which::to_do); }

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

Answer up(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<fleet::Column> const columns{{"name"}, {"milliseconds", oid::int8}, {"retries", oid::int4}};
  int jobs = static_cast<int>(arguments.integer("jobs", world.settings.jobs));
  auto outcomes = for_each_target(world, targets, Touch::writes, jobs, [&](TargetSession const& place) {
    fleet::Result result{columns};
    auto report = migrations::apply(place.session, set, apply_options(world, arguments, place));
    for (migrations::AppliedFile const& file : report.applied) {
      result.append(file.name);
      result.append(std::to_string(file.elapsed.count()));
      result.append(std::to_string(file.retries));
    }
    return result;
  });
  leave_audit(world, audit_rows(outcomes, targets, "migrate"),
              arguments.text("reason", world.settings.reason));
  if (targets.scope == Scope::master) world.fleet.refresh();
  return answer_from(std::move(outcomes), columns, std::move(targets.notes));
}

// "apply 28 files (001_schemas.sql … 028_x.sql) to 2 tenants: acme, beta"; targets with the same files
// together.
std::vector<std::string> describe_up(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  migrations::AcceptedProblems const accepted = accepted_problems(arguments);
  auto outcomes = for_each_ledger(world, targets, [&](migrations::Ledger const& ledger) {
    auto plan = migrations::plan(set, ledger);
    if (auto problems = migrations::remaining(plan.problems, accepted); !problems.empty())
      migrations::refuse(problems);
    fleet::Result result{{{"name"}}};
    for (migrations::Migration const* file : plan.pending) result.append(file->name);
    return result;
  });
  std::map<std::vector<std::string>, std::vector<std::string>> groups;
  std::vector<std::string> lines;
  for (TargetOutcome const& outcome : outcomes) {
    if (outcome.error && outcomes.size() == 1) throw Error{*outcome.error};
    if (outcome.error) {
      lines.push_back(outcome.target + ": " + outcome.error->message);
      continue;
    }
    std::vector<std::string> files;
    for (std::size_t row = 0; row < outcome.result->rows(); ++row)
      files.push_back(outcome.result->text(row, "name"));
    if (!files.empty()) groups[files].push_back(outcome.target);
  }
  for (auto const& [files, names] : groups) {
    std::string which = files.size() == 1
                            ? files[0]
                            : fmt::format("{} files ({} … {})", files.size(), files.front(), files.back());
    lines.push_back(fmt::format(
        "apply {} to {}", which,
        names.size() == 1 ? names[0] : fmt::format("{} tenants: {}", names.size(), names_text(names))));
  }
  return lines;
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
             migrations::mark(place.session, set, patterns, apply_options(world, arguments, place)))
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
  registry.add(
      Method{.object = "migrations",
             .name = "plan",
             .parameters = with_targets({}),
             .returns = "result as of status, without what is applied; ended pending unless it is empty",
             .errors = "as status",
             .brief = "What up would run, and what stands in its way. Writes nothing.",
             .example = "migrations:plan{ tenants = \"acme\" }",
             .aliases = {"migrate plan"},
             .run = plan});
  registry.add(
      Method{.object = "migrations",
             .name = "up",
             .effect = Effect::write,
             .parameters = with_targets(
                 {{.name = "accept",
                   .type = Type::list,
                   .brief = "go on in spite of: changed, missing, out_of_order, "
                            "duplicate_number"},
                  {.name = "owner", .default_text = "the database's", .brief = "role that the files run as"},
                  {.name = "jobs",
                   .type = Type::integer,
                   .default_text = "--jobs",
                   .brief = "tenants worked on at once"}}),
             .returns = "result: target, name, milliseconds, retries for each file that ran",
             .errors = "refused (changed, missing, out_of_order, …); locked; sql with file and line; "
                       "in_doubt; interrupted",
             .brief = "Applies pending files in order, one transaction a file. Stops a target at its first "
                      "error; the others "
                      "go on.",
             .example = "migrations:up{ tenants = \"acme\", plan = true }",
             .aliases = {"migrate up"},
             .run = up,
             .describe = describe_up});
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
