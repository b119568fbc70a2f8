// `migrations`, further rows: what other tools' history tables say, and taking such a fleet over.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "migrations/engine/adopt.hpp"
#include "scripting/migration_history.hpp"
#include "scripting/migration_targets.hpp"
#include "scripting/objects.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::HistoryFile;
using migrations::MigrationSet;
using migrations::Scope;
namespace oid = fleet::type_oid;

std::optional<std::string_view> or_null(std::string const& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>{text};
}

// ---- histories: the tables, side by side

std::vector<fleet::Column> const& history_columns() {
  static std::vector<fleet::Column> const columns{{"tool"}, {"history"}, {"applied", oid::int8},
                                                  {"last"}, {"state"},   {"says"}};
  return columns;
}

struct Verdict {
  std::string state, says;
};

Verdict verdict_of(migrations::History const& history, fleet::Session& session,
                   std::vector<std::string> const& disagreements) {
  if (migrations::HistoryRow const* failed = history.failure())
    return {"failed", failed->label() + (failed->says.empty() ? "" : ": " + failed->says) + "; " +
                          migrations::failure_hint(history.place.tool, failed->label())};
  if (auto const work = migrations::tool_at_work(session, history.place))
    return {work->stuck() ? "locked" : "at_work", work->reason + (work->who.empty() ? "" : ": " + work->who)};
  std::string says;
  for (std::string const& text : disagreements)
    if (text.find(" is in " + history.place.text() + " ") != text.npos)
      says += (says.empty() ? "" : "; ") + text;
  return {says.empty() ? "ok" : "contradicted", says};
}

migrations::HistorySettings table_settings(Arguments const& arguments) {
  migrations::HistorySettings settings{{}, arguments.text("history_schema"), arguments.text("history_table")};
  if (arguments.has("tool")) settings.tool = migrations::parse_history_tool(arguments.text("tool"));
  return settings;
}

Answer histories(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  migrations::HistorySettings const settings = table_settings(arguments);
  auto outcomes =
      for_each_target(world, targets, Touch::reads, world.settings.jobs, [&](TargetSession const& place) {
        std::vector<migrations::History> all;
        for (migrations::HistoryPlace const& found :
             migrations::find_histories(place.session, settings, place.target.schema_name))
          all.push_back(migrations::read_history(place.session, found));
        std::vector<std::string> const disagreements = migrations::contradictions(all);
        fleet::Result result{history_columns()};
        for (migrations::History const& history : all) {
          auto const applied =
              std::count_if(history.rows.begin(), history.rows.end(), [](migrations::HistoryRow const& row) {
                return row.state == migrations::HistoryRow::State::applied;
              });
          Verdict const verdict = verdict_of(history, place.session, disagreements);
          result.append(to_string(history.place.tool));
          result.append(history.place.text());
          result.append(std::to_string(applied));
          result.append(history.rows.empty() ? std::nullopt : or_null(history.rows.back().label()));
          result.append(verdict.state);
          result.append(or_null(verdict.says));
        }
        return result;
      });
  Answer answer = answer_from(std::move(outcomes), history_columns(), std::move(targets.notes));
  fleet::Result const& rows = std::get<Rows>(answer.value).result;
  for (std::size_t row = 0; row < rows.rows() && !answer.ended; ++row)
    if (rows.text(row, "state") != "ok") answer.ended = ErrorKind::pending;
  return answer;
}

// ---- history: the files of a set, as the tool sees them

std::vector<fleet::Column> const& file_columns() {
  static std::vector<fleet::Column> const columns{{"name"}, {"state"}, {"applied_at"}, {"says"}};
  return columns;
}

fleet::Result states_of(MigrationSet const& set, TargetSession const& place,
                        migrations::HistorySettings const& settings, fleet::Driver const& driver) {
  migrations::Adoption const adoption =
      migrations::plan_adoption(place.session, set, settings, driver, place.target.schema_name);
  fleet::Result result{file_columns()};
  for (HistoryFile const& file : adoption.files) {
    result.append(file.name);
    result.append(to_string(file.state));
    result.append(or_null(file.applied_at));
    result.append(or_null(file.says));
  }
  return result;
}

// Targets whose file is in the same state stand in one row.
struct Common {
  std::string applied_at, says;
  std::vector<std::string> targets;
};

Answer history(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  migrations::HistorySettings const settings = history_settings(arguments, set);
  auto outcomes = for_each_target(
      world, targets, Touch::reads, world.settings.jobs,
      [&](TargetSession const& place) { return states_of(set, place, settings, world.fleet.driver()); });
  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, Common>> files;
  for (TargetOutcome const& outcome : outcomes) {
    if (!outcome.result) continue;
    for (std::size_t row = 0; row < outcome.result->rows(); ++row) {
      std::string const name = outcome.result->text(row, "name");
      if (!files.contains(name)) order.push_back(name);
      Common& common = files[name][outcome.result->text(row, "state")];
      common.applied_at = std::max(common.applied_at, outcome.result->text(row, "applied_at"));
      if (common.says.empty()) common.says = outcome.result->text(row, "says");
      common.targets.push_back(outcome.target);
    }
  }
  Answer answer = answer_from(std::move(outcomes), file_columns(), std::move(targets.notes));
  auto& rows = std::get<Rows>(answer.value);
  rows.result =
      fleet::Result{{{"name"}, {"state"}, {"targets", oid::int8}, {"where"}, {"applied_at"}, {"says"}}};
  bool pending = false;
  for (std::string const& name : order)
    for (auto const& [state, common] : files[name]) {
      pending = pending || state != "applied";
      rows.result.append(name);
      rows.result.append(state);
      rows.result.append(std::to_string(common.targets.size()));
      rows.result.append(names_text(common.targets));
      rows.result.append(or_null(common.applied_at));
      rows.result.append(or_null(common.says));
    }
  if (pending && !answer.ended) answer.ended = ErrorKind::pending;
  return answer;
}

// ---- adopt

migrations::AcceptedProblems accepted_in(Arguments const& arguments) {
  migrations::AcceptedProblems const accepted = accepted_problems(arguments);
  for (migrations::ProblemKind kind : accepted)
    if (kind != migrations::ProblemKind::changed && kind != migrations::ProblemKind::missing)
      throw Error{ErrorKind::usage,
                  "accept: " + std::string{to_string(kind)} + " does not stand in adopt's way"}
          .with_hint("changed and missing can be accepted");
  return accepted;
}

std::vector<fleet::Column> const& adopted_columns() {
  static std::vector<fleet::Column> const columns{{"name"}, {"applied_at"}, {"history"}};
  return columns;
}

Answer adopt(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  migrations::HistorySettings const settings = history_settings(arguments, set);
  migrations::AcceptedProblems const accepted = accepted_in(arguments);
  auto const stuck =
      arguments.boolean("break_lock") ? migrations::Stuck::release : migrations::Stuck::respect;
  int const jobs = static_cast<int>(arguments.integer("jobs", world.settings.jobs));
  auto outcomes = for_each_target(world, targets, Touch::writes, jobs, [&](TargetSession const& place) {
    migrations::ApplyOptions options;
    options.schema_name = place.target.schema_name;
    options.run_id = world.gate.run_id();
    options.accepted = accepted;
    options.stop = world.interrupt.get_token();
    migrations::AdoptReport const report =
        migrations::adopt(place.session, set, settings, world.fleet.driver(), options, stuck);
    fleet::Result result{adopted_columns()};
    for (migrations::AdoptedFile const& file : report.recorded) {
      result.append(file.name);
      result.append(or_null(file.applied_at));
      result.append(fmt::format("{} ({})", report.place.text(), to_string(report.place.tool)));
    }
    return result;
  });
  std::vector<AuditRow> audit;
  for (TargetOutcome const& outcome : outcomes) {
    if (!outcome.result || outcome.result->empty()) continue;
    bool const master = targets.scope == Scope::master;
    audit.push_back({master ? "" : outcome.target,
                     master ? "master" : "tenant",
                     "adopt",
                     {{"history", outcome.result->text(0, "history")}, {"files", outcome.result->rows()}}});
  }
  leave_audit(world, audit, arguments.text("reason", world.settings.reason));
  return answer_from(std::move(outcomes), adopted_columns(), std::move(targets.notes));
}

// What one target would get, in one line without its name; targets with the same line stand together.
std::string describe_target(migrations::Adoption const& adoption,
                            migrations::AcceptedProblems const& accepted, bool break_lock) {
  for (HistoryFile const& file : adoption.files)
    if (file.state == HistoryFile::State::failed)
      throw Error{ErrorKind::refused,
                  file.name + ": " + std::string{to_string(adoption.place.tool)} + " broke off in it"}
          .with_hint(migrations::failure_hint(adoption.place.tool, file.name));
  migrations::stop_at_problems(adoption.problems, accepted);
  if (adoption.at_work && !(break_lock && adoption.at_work->stuck()))
    throw Error{ErrorKind::locked, adoption.at_work->reason}.with_detail(adoption.at_work->who);
  if (adoption.to_record.empty() && !adoption.at_work) return {};
  std::string text;
  if (adoption.at_work) text = "release the lock of " + adoption.place.text() + ", ";
  std::string const which =
      adoption.to_record.empty() ? "no file"
      : adoption.to_record.size() == 1
          ? adoption.to_record.front()->name
          : fmt::format("{} files ({} … {})", adoption.to_record.size(), adoption.to_record.front()->name,
                        adoption.to_record.back()->name);
  return text + fmt::format("write ledger rows of {}, applied by {} according to {}", which,
                            to_string(adoption.place.tool), adoption.place.text());
}

std::vector<std::string> describe_adopt(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  MigrationSet const set = load_set(world, arguments, targets.scope);
  migrations::HistorySettings const settings = history_settings(arguments, set);
  migrations::AcceptedProblems const accepted = accepted_in(arguments);
  bool const break_lock = arguments.boolean("break_lock");
  auto outcomes =
      for_each_target(world, targets, Touch::reads, world.settings.jobs, [&](TargetSession const& place) {
        fleet::Result result{{{"line"}}};
        std::string const line =
            describe_target(migrations::plan_adoption(place.session, set, settings, world.fleet.driver(),
                                                      place.target.schema_name),
                            accepted, break_lock);
        if (!line.empty()) result.append(line);
        return result;
      });
  std::map<std::string, std::vector<std::string>> groups;
  std::vector<std::string> lines;
  for (TargetOutcome const& outcome : outcomes) {
    if (outcome.error && outcomes.size() == 1) throw Error{*outcome.error};
    if (outcome.error)
      lines.push_back(outcome.target + ": " + outcome.error->message);
    else if (!outcome.result->empty())
      groups[outcome.result->text(0, "line")].push_back(outcome.target);
  }
  for (auto const& [line, names] : groups)
    lines.push_back(fmt::format(
        "{}, in {}", line,
        names.size() == 1 ? names[0] : fmt::format("{} tenants: {}", names.size(), names_text(names))));
  return lines;
}

std::vector<Parameter> with_history(std::vector<Parameter> parameters) {
  parameters = with_targets("tenant", std::move(parameters));
  parameters.push_back({.name = "tool",
                        .default_text = "the one that is found",
                        .brief = "knex, sequelize, sequelize-seeds, prisma, flyway, dbmate, rails, "
                                 "golang-migrate, goose or node-pg-migrate"});
  parameters.push_back(
      {.name = "history_table", .default_text = "the tool's", .brief = "name of its history table"});
  parameters.push_back(
      {.name = "history_schema", .default_text = "any", .brief = "schema of its history table"});
  return parameters;
}

}  // namespace

void add_adoption(Registry& registry) {
  registry.add(
      Method{.object = "migrations",
             .name = "histories",
             .parameters = with_history({}),
             .returns = "result: target, tool, history, applied, last, state (ok, failed, locked, at_work, "
                        "contradicted), says; ended pending when one is not ok",
             .errors = "not_found for a table that is named and not there; connect",
             .brief = "History tables that other migration tools left, side by side. Writes nothing.",
             .example = "migrations:histories{ tenants = \"acme\" }",
             .aliases = {"migrate histories"},
             .run = histories});
  registry.add(Method{
      .object = "migrations",
      .name = "history",
      .parameters = with_history({}),
      .returns =
          "result: name, state (applied, pending, edited, missing, failed), targets, where, applied_at, "
          "says; ended pending unless all are applied",
      .errors = "not_found without a history; refused for several, and for one of another set",
      .brief =
          "The files of a set as another tool's history has them, by its own names and checksums. Writes "
          "nothing.",
      .example = "migrations:history{ tenants = \"acme\", tool = \"knex\" }",
      .aliases = {"migrate history"},
      .run = history});
  registry.add(Method{
      .object = "migrations",
      .name = "adopt",
      .effect = Effect::write,
      .parameters = with_history(
          {{.name = "accept", .type = Type::list, .brief = "go on in spite of: changed, missing"},
           {.name = "break_lock",
            .type = Type::boolean,
            .default_text = "false",
            .brief = "clear the tool's lock row when no session is behind it"},
           {.name = "jobs",
            .type = Type::integer,
            .default_text = "--jobs",
            .brief = "tenants worked on at once"}}),
      .returns = "result: target, name, applied_at, history for each file taken over",
      .errors =
          "as history; refused for a failed migration, changed, missing; locked when the tool may be at work",
      .brief =
          "Takes over what another tool has applied: writes ledger rows with its times, runs nothing, leaves "
          "its table alone. Twice is once.",
      .example = "migrations:adopt{ tenants = \"acme\", tool = \"knex\", plan = true }",
      .aliases = {"migrate adopt"},
      .run = adopt,
      .describe = describe_adopt});
}

}  // namespace scripting
