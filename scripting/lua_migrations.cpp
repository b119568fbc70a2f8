// `migrations`: what each target has of a set, and bringing it there.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrations/engine/ledger.hpp"
#include "migrations/engine/lock.hpp"
#include "migrations/engine/placeholder.hpp"
#include "migrations/engine/plan.hpp"
#include "scripting/migration_rows.hpp"
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
    bool const another = !state.says.empty();
    if (!another) state.state = to_string(problem.kind);
    state.says += (another ? "; also " + std::string{to_string(problem.kind)} + ": " : "") + problem.message +
                  (problem.hint.empty() ? "" : "; " + problem.hint);
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

Answer mark(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet set = load_set(world, arguments, targets.scope);
  std::vector<std::string> const patterns = arguments.list("names");
  set.matching(patterns);  // a name that is none stops the call, not each target
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
  return whole_in_a_step(world, answer_from(std::move(outcomes), columns, std::move(targets.notes)));
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
  return whole_in_a_step(world, answer_from(std::move(outcomes), holder_columns(), std::move(targets.notes)));
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

}  // namespace

void add_migrations(Registry& registry) {
  registry.add(Object{"migrations",
                      "numbered SQL files: what master and each tenant have of them, and applying them"});
  registry.add(Method{
      .object = "migrations",
      .name = "status",
      .parameters = with_targets("tenant", {}),
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
      .parameters = with_targets("tenant", {}),
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
      .parameters = with_targets(
          "tenant", {{.name = "sql",
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
  add_motions(registry);
  registry.add(
      Method{.object = "migrations",
             .name = "mark",
             .effect = Effect::write,
             .parameters = with_targets("tenant", {{.name = "names",
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
      .parameters = with_targets("tenant", {}),
      .returns = "result: target, pid, held_by, says for each session that was ended",
      .errors = "refused when the lock changed hands meanwhile",
      .brief = "Ends the session that holds a target's migration lock. Nothing happens when nobody does.",
      .example = "migrations:unlock{ tenants = \"acme\", plan = true }",
      .aliases = {"migrate unlock"},
      .run = unlock,
      .describe = describe_unlock});
}

}  // namespace scripting
