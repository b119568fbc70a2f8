// `migrations:renumber`: numbers that are there twice become different ones, in the folder and in every
// ledger.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrations/engine/lock.hpp"
#include "migrations/engine/renumber.hpp"
#include "scripting/migration_rows.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::Gaps;
using migrations::NumberedFolder;
using migrations::NumberedStem;
using migrations::RenumberJournal;
using migrations::Scope;
namespace oid = fleet::type_oid;

std::filesystem::path folder_of(World& world, Arguments const& arguments, Scope scope) {
  if (arguments.has("set")) return arguments.text("set");
  return world.shipped / "migrations" / std::string{to_string(scope)};
}

std::vector<std::string> names_of(MigrationTargets const& targets) {
  if (targets.scope == Scope::master) return {"master"};
  std::vector<std::string> names;
  for (fleet::Tenant const& tenant : targets.tenants) names.push_back(tenant.slug);
  return names;
}

[[noreturn]] void stop_at(TargetOutcome const& outcome, std::string const& what) {
  Error error = *outcome.error;
  error.message = outcome.target + ": " + what + ": " + error.message;
  throw error;
}

// How many targets have each of the folder's migrations. Every target has to answer: a ledger that was not
// read could hold any of the names.
void count_applied(World& world, MigrationTargets const& targets, NumberedFolder& numbers) {
  auto outcomes =
      for_each_target(world, targets, Touch::reads, world.settings.jobs, [](TargetSession const& place) {
        fleet::Result names{{{"name"}}};
        for (std::string const& name : migrations::applied_names(place.session, place.target))
          names.append(name);
        return names;
      });
  for (TargetOutcome const& outcome : outcomes) {
    if (outcome.error) stop_at(outcome, "its ledger cannot be read");
    std::set<std::string> names;
    for (std::size_t row = 0; row < outcome.result->rows(); ++row)
      names.insert(outcome.result->text(row, "name"));
    for (NumberedStem& stem : numbers.stems)
      if (names.count(stem.stem) > 0 ||
          std::any_of(stem.files.begin(), stem.files.end(),
                      [&](auto const& file) { return names.count(file.filename().string()) > 0; }))
        ++stem.applied;
  }
}

struct Work {
  std::filesystem::path folder;
  MigrationTargets targets;
  NumberedFolder numbers;
  RenumberJournal journal;
  bool goes_on = false;  // with a renumbering that was not finished
};

Work work_of(World& world, Arguments const& arguments) {
  MigrationTargets targets = targets_of(world, arguments, Scope::tenant);
  Work work{folder_of(world, arguments, targets.scope), std::move(targets), {}, {}, false};
  if (auto journal = migrations::read_journal(work.folder)) {
    if (journal->scope != work.targets.scope)
      throw Error{ErrorKind::usage, "the renumbering that was not finished is of scope " +
                                        std::string{to_string(journal->scope)}}
          .with_hint("--scope " + std::string{to_string(journal->scope)});
    // Those that it began with, whatever is chosen now.
    if (journal->scope == Scope::tenant) {
      work.targets.tenants.clear();
      for (fleet::Tenant const& tenant : world.fleet.tenants())
        if (std::find(journal->targets.begin(), journal->targets.end(), tenant.slug) !=
            journal->targets.end())
          work.targets.tenants.push_back(tenant);
    }
    work.journal = std::move(*journal);
    work.goes_on = true;
    return work;
  }
  work.numbers = migrations::read_numbers(work.folder);
  count_applied(world, work.targets, work.numbers);
  auto stems = plan_renumbering(work.numbers, arguments.boolean("gaps") ? Gaps::close : Gaps::keep);
  work.journal = make_journal(work.folder, work.numbers, std::move(stems), world.fleet.driver());
  work.journal.scope = work.targets.scope;
  work.journal.targets = names_of(work.targets);
  return work;
}

std::string counted(std::size_t count, char const* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::vector<std::string> describe_renumber(World& world, Arguments const& arguments) {
  Work const work = work_of(world, arguments);
  std::vector<std::string> lines;
  if (work.goes_on)
    lines.push_back("finish the renumbering that was not finished in " + work.folder.string());
  for (migrations::Renumbering const& stem : work.journal.stems) {
    std::size_t files = 0, applied = 0;
    for (NumberedStem const& numbered : work.numbers.stems)
      if (numbered.stem == stem.from) {
        files = numbered.files.size();
        applied = numbered.applied;
      }
    lines.push_back(work.goes_on ? fmt::format("rename {} to {}", stem.from, stem.to)
                                 : fmt::format("rename {} to {}: {}; {}, applied in {} of {}", stem.from,
                                               stem.to, stem.why, counted(files, "file"), applied,
                                               counted(work.journal.targets.size(), "target")));
  }
  for (RenumberJournal::File const& file : work.journal.files)
    if (file.text) lines.push_back("let " + file.to.string() + " name the renamed files");
  return lines;
}

Answer renumber(World& world, Arguments const& arguments) {
  Work work = work_of(world, arguments);
  fleet::Result rows{{{"from"}, {"to"}}};
  if (work.journal.stems.empty())
    return {Rows{std::move(rows), {}, 0}, {"every number is there once; nothing to rename"}, {}};
  if (!work.goes_on) write_journal(work.folder, work.journal);
  if (work.journal.phase == RenumberJournal::Phase::ledgers) {
    auto outcomes = for_each_target(
        world, work.targets, Touch::writes, world.settings.jobs, [&](TargetSession const& place) {
          migrations::Lock const lock{place.session, place.target, {.stop = world.interrupt.get_token()}};
          fleet::Result renamed{{{"rows", oid::int8}}};
          renamed.append(
              std::to_string(migrations::renumber_target(place.session, place.target, work.journal)));
          return renamed;
        });
    std::vector<AuditRow> audit;
    for (TargetOutcome const& outcome : outcomes)
      if (outcome.result && outcome.result->text(0, "rows") != "0")
        audit.push_back({work.targets.scope == Scope::master ? "" : outcome.target,
                         std::string{to_string(work.targets.scope)},
                         "renumber",
                         {{"rows", outcome.result->text(0, "rows")}}});
    leave_audit(world, audit, arguments.text("reason", world.settings.reason));
    for (TargetOutcome const& outcome : outcomes)
      if (outcome.error) {
        Error error = *outcome.error;
        error.message = outcome.target + ": its ledger was not renamed: " + error.message;
        error.hint = "no file was renamed yet; mend it and run the same again: it goes on where it stopped";
        throw error;
      }
  }
  renumber_files(work.folder, work.journal);
  for (migrations::Renumbering const& stem : work.journal.stems) {
    rows.append(stem.from);
    rows.append(stem.to);
  }
  Answer answer{Rows{std::move(rows), {}, 0}, std::move(work.targets.notes), {}};
  return answer;
}

}  // namespace

void add_renumber(Registry& registry) {
  registry.add(Method{.object = "migrations",
                      .name = "renumber",
                      .effect = Effect::write,
                      .parameters = with_targets("tenant", {{.name = "gaps",
                                                             .type = Type::boolean,
                                                             .default_text = "false",
                                                             .brief = "close gaps between numbers as well"}}),
                      .returns = "result: from, to",
                      .errors = "refused for versions of several parts; locked; connect when a ledger cannot "
                                "be read: nothing is renamed "
                                "then",
                      .brief = "Gives numbers that are there twice to one file each: way back, program and "
                               "the rows of ledgers and other "
                               "tools' histories go along, the order of the files stays. A run that was cut "
                               "off is finished by the next.",
                      .example = "migrations:renumber{ scope = \"master\", plan = true }",
                      .aliases = {"migrate renumber"},
                      .run = renumber,
                      .describe = describe_renumber});
}

}  // namespace scripting
