#include "migrations/engine/adopt.hpp"

#include <algorithm>
#include <utility>

#include "fleet/error.hpp"
#include "migrations/engine/explain.hpp"
#include "migrations/engine/ledger.hpp"
#include "migrations/engine/lock.hpp"
#include "migrations/engine/plan.hpp"

namespace migrations {

namespace {

using fleet::Error;
using fleet::ErrorKind;

std::optional<Problem> problem_of(HistoryFile const& file, HistoryPlace const& place) {
  std::string const tool{to_string(place.tool)};
  switch (file.state) {
    case HistoryFile::State::edited:
      return Problem{ProblemKind::changed, file.name,
                     file.name + ": was edited since " + tool + " applied it",
                     "put the applied text back, or accept it as it is: --accept changed"};
    case HistoryFile::State::missing:
      return Problem{ProblemKind::missing, file.name,
                     file.name + ": " + tool + " applied it, and the set has no such file",
                     "put the file back, or go on without it: --accept missing"};
    case HistoryFile::State::applied:
    case HistoryFile::State::pending:
    case HistoryFile::State::failed: break;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_failed(HistoryFile const& file, HistoryPlace const& place) {
  throw Error{ErrorKind::refused, file.name + ": " + std::string{to_string(place.tool)} + " broke off in it" +
                                      (file.says.empty() ? "" : ": " + file.says)}
      .with_hint(failure_hint(place.tool, file.name));
}

void stop_at_problems(Adoption const& adoption, AcceptedProblems const& accepted) {
  for (HistoryFile const& file : adoption.files)
    if (file.state == HistoryFile::State::failed) refuse_failed(file, adoption.place);
  stop_at_problems(adoption.problems, accepted);
}

AdoptReport report_of(Adoption const& adoption, bool written) {
  AdoptReport report{adoption.place, {}, adoption.recorded, {}};
  if (written)
    for (HistoryFile const* file : adoption.to_record)
      report.recorded.push_back({file->name, file->applied_at, file->batch});
  for (HistoryFile const& file : adoption.files)
    if (file.state == HistoryFile::State::pending) report.pending.push_back(file.name);
  return report;
}

void write_rows(fleet::Session& session, Target const& target, Adoption const& adoption,
                std::string const& run_id) {
  auto or_null = [](std::string const& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>{text};
  };
  for (HistoryFile const* file : adoption.to_record)
    session.query(
        {R"sql(
      insert into tenantsh.ledger (scope, schema_name, name, sha256, applied_at, applied_by, duration_ms, run_id)
      values ($1, $2, $3, $4, coalesce($5::timestamptz, pg_catalog.clock_timestamp()), $6, 0, $7)
      on conflict do nothing)sql",
         {std::string{to_string(target.scope)}, target.schema_name, file->file->name, file->file->sha256,
          or_null(file->applied_at), adopted_from(adoption.place.tool), or_null(run_id)}});
}

}  // namespace

std::string adopted_from(HistoryTool tool) { return "adopted from " + std::string{to_string(tool)}; }

std::string failure_hint(HistoryTool tool, std::string const& name) {
  switch (tool) {
    case HistoryTool::prisma:
      return "mend the database, then: prisma migrate resolve --rolled-back " + name + " (or --applied)";
    case HistoryTool::flyway: return "mend the database, then: flyway repair";
    case HistoryTool::golang_migrate: return "mend the database, then: migrate force VERSION";
    default: return "mend the database and the tool's table first";
  }
}

Adoption plan_adoption(fleet::Session& session, MigrationSet const& set, HistorySettings const& settings,
                       fleet::Driver const& driver, std::string const& schema_name) {
  std::optional<HistoryPlace> const place = choose_history(session, settings, schema_name);
  if (!place)
    throw Error{ErrorKind::not_found,
                "there is no history of " +
                    (settings.tool ? std::string{to_string(*settings.tool)} : "another tool") + " in " +
                    session.database()}
        .with_hint("what there is: tenantsh migrate histories");
  Adoption adoption;
  adoption.place = *place;
  History const history = read_history(session, *place);
  adoption.files = match(history, set, driver);
  auto const known = [](HistoryFile const& file) {
    return file.file != nullptr && file.state != HistoryFile::State::pending;
  };
  if (!history.rows.empty() && std::none_of(adoption.files.begin(), adoption.files.end(), known))
    throw Error{ErrorKind::refused, "none of the " + std::to_string(history.rows.size()) + " migrations in " +
                                        place->text() + " has a file in " + set.folder().string()}
        .with_hint("is it the right set? name its folder: --set");
  Ledger const ledger = read_ledger(session, {set.scope(), schema_name});
  for (HistoryFile const& file : adoption.files) {
    if (std::optional<Problem> problem = problem_of(file, *place))
      adoption.problems.push_back(std::move(*problem));
    if (!known(file) || file.state == HistoryFile::State::failed) continue;
    if (ledger.find(file.file->name))
      ++adoption.recorded;
    else
      adoption.to_record.push_back(&file);
  }
  adoption.at_work = tool_at_work(session, *place);
  return adoption;
}

AdoptReport adopt(fleet::Session& session, MigrationSet const& set, HistorySettings const& settings,
                  fleet::Driver const& driver, ApplyOptions const& options, Stuck stuck) {
  for (Problem const& problem : set.problems())
    if (!acceptable(problem.kind)) refuse({problem});  // a file that was not read has no digest
  Target const target{set.scope(), options.schema_name};
  {
    // What is wrong is said before anything is made; most targets of a second call have nothing to do.
    Adoption const first = plan_adoption(session, set, settings, driver, options.schema_name);
    stop_at_problems(first, options.accepted);
    if (first.to_record.empty() && stuck == Stuck::respect) return report_of(first, false);
  }
  Lock const lock{session, target, {options.lock_wait, options.stop, options.on_wait}};
  prepare_ledger_explained(session);
  fleet::Transaction transaction{session, fleet::Access::read_write};
  std::optional<HistoryPlace> const place = choose_history(session, settings, options.schema_name);
  if (place) hold_tool_lock(session, *place, stuck);
  Adoption const adoption = plan_adoption(session, set, settings, driver, options.schema_name);
  stop_at_problems(adoption, options.accepted);
  write_rows(session, target, adoption, options.run_id);
  transaction.commit();

  return report_of(adoption, true);
}

}  // namespace migrations
