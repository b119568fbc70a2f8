#include "scripting/migration_targets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scripting/migration_history.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using migrations::Scope;

constexpr char const* master_name = "master";

TargetOutcome ask_master(World& world, Touch touch,
                         std::function<fleet::Result(TargetSession const&)> const& work) {
  fleet::Tenant const nobody;
  auto lease =
      world.fleet.pool().acquire(world.fleet.master(), {.application_name = world.fleet.application_name()},
                                 world.interrupt.get_token());
  try {
    TargetSession place{nobody, *lease, {Scope::master, {}}};
    if (touch == Touch::writes) return {master_name, work(place), std::nullopt};
    fleet::Transaction transaction{*lease, fleet::Access::read_only};
    fleet::Result result = work(place);
    transaction.commit();
    return {master_name, std::move(result), std::nullopt};
  } catch (Error const& error) {
    lease.discard();
    if (error.kind == ErrorKind::interrupted) throw;
    return {master_name, std::nullopt, error};
  }
}

// The role that owns the database, or the schema a tenant is placed in, when it is another one than ours.
std::string owner_of(TargetSession const& place) {
  std::string const& schema = place.target.schema_name;
  auto owner =
      schema.empty()
          ? place.session.query(
                "select pg_get_userbyid(datdba) from pg_database where datname = "
                "current_database() and pg_get_userbyid(datdba) <> current_user and "
                "pg_has_role(current_user, datdba, 'member')")
          : place.session.query({"select pg_get_userbyid(nspowner) from pg_namespace where nspname = $1 and "
                                 "pg_get_userbyid(nspowner) <> current_user and "
                                 "pg_has_role(current_user, nspowner, 'member')",
                                 {schema}});
  return owner.value().value_or("");
}

std::optional<std::chrono::milliseconds> lock_timeout_of(Arguments const& arguments) {
  if (!arguments.has("lock_timeout")) return std::nullopt;
  std::string const text = arguments.text("lock_timeout");
  auto const interval = fleet::parse_interval(text);
  if (!interval)
    throw Error{ErrorKind::usage, "lock_timeout: " + fleet::in_quotes(text) + " is no interval"}.with_hint(
        "lock_timeout = \"2s\" or \"500ms\"; \"0s\": wait without end");
  return interval;
}

}  // namespace

Scope scope_of(Arguments const& arguments, Scope otherwise) {
  if (!arguments.has("scope")) return otherwise;
  std::string const text = arguments.text("scope");
  if (text == "master" || text == "platform") return Scope::master;
  if (text == "tenant") return Scope::tenant;
  throw Error{ErrorKind::usage, "scope is master or tenant, not " + fleet::in_quotes(text)};
}

MigrationTargets targets_of(World& world, Arguments const& arguments, Scope otherwise) {
  Scope const scope = scope_of(arguments, arguments.has("tenants") ? Scope::tenant : otherwise);
  if (scope == Scope::master) {
    if (arguments.has("tenants")) throw Error{ErrorKind::usage, "scope master has no tenants"};
    return {scope, {}, {}};
  }
  fleet::Chosen chosen = fleet::choose(world.fleet.tenants(), arguments.selection("tenants"));
  MigrationTargets targets{scope, chosen.tenants, {}};
  for (auto const& [status, count] : chosen.left_out)
    targets.notes.push_back(fmt::format("{} {} tenant{} left out", count, status, count == 1 ? "" : "s"));
  if (targets.tenants.empty()) targets.notes.push_back("no tenant fits " + arguments.text("tenants", "all"));
  return targets;
}

std::vector<Parameter> with_targets(std::string default_scope, std::vector<Parameter> parameters) {
  parameters.insert(parameters.end(),
                    {{.name = "scope", .default_text = std::move(default_scope), .brief = "master or tenant"},
                     {.name = "tenants",
                      .type = Type::selection,
                      .default_text = "all",
                      .brief = "which tenants: all, a slug, a glob, key=value[,key=value] or @file"},
                     {.name = "set",
                      .type = Type::path,
                      .default_text = "the shipped set",
                      .brief = "folder of the files"}});
  return parameters;
}

migrations::MigrationSet load_set(World& world, Arguments const& arguments, Scope scope) {
  std::filesystem::path folder = world.shipped / "migrations" / std::string{to_string(scope)};
  if (arguments.has("set")) folder = arguments.text("set");
  return migrations::MigrationSet::load(folder, scope, world.fleet.driver());
}

std::vector<TargetOutcome> for_each_target(World& world, MigrationTargets const& targets, Touch touch,
                                           int jobs,
                                           std::function<fleet::Result(TargetSession const&)> const& work) {
  if (targets.scope == Scope::master) return {ask_master(world, touch, work)};
  auto one = [&](fleet::Tenant const& tenant, fleet::Session& session) {
    TargetSession place{tenant, session, {Scope::tenant, tenant.schema_name}};
    if (touch == Touch::writes) return work(place);
    fleet::Transaction transaction{session, fleet::Access::read_only};
    fleet::Result result = work(place);
    transaction.commit();
    return result;
  };
  fleet::FanOutOptions options{.jobs = jobs, .timeout_ms = 0, .stop = world.interrupt.get_token()};
  // A session that ran files is not for others, and its server has better use for the place.
  if (touch == Touch::writes) options.connections = fleet::Afterwards::close;
  std::vector<TargetOutcome> outcomes;
  for (fleet::Outcome& outcome : world.fleet.each(targets.tenants, options, one))
    outcomes.push_back({outcome.tenant.slug, std::move(outcome.result), std::move(outcome.error)});
  return outcomes;
}

std::vector<TargetOutcome> for_each_ledger(
    World& world, MigrationTargets const& targets,
    std::function<fleet::Result(migrations::Ledger const&)> const& work) {
  if (targets.scope == Scope::master)
    return {ask_master(world, Touch::reads, [&work](TargetSession const& place) {
      return work(migrations::read_ledger(place.session, place.target));
    })};
  // Each database is reached through the first of its tenants.
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> neighbours;
  auto database_of = [](fleet::Tenant const& tenant) {
    return std::make_pair(tenant.server, tenant.database_name);
  };
  std::vector<TargetOutcome> outcomes;
  std::vector<fleet::Tenant> first;
  for (fleet::Tenant const& tenant : targets.tenants) {
    auto& here = neighbours[database_of(tenant)];
    if (here.empty()) first.push_back(tenant);
    here.push_back(outcomes.size());
    outcomes.push_back({tenant.slug, std::nullopt, std::nullopt});
  }
  auto failed = [&](std::size_t target, Error error) {
    error.tenant = targets.tenants[target].slug;
    if (error.server.empty()) error.server = targets.tenants[target].server;
    outcomes[target].error = std::move(error);
  };
  auto one = [&](fleet::Tenant const& tenant, fleet::Session& session) {
    auto const& here = neighbours.at(database_of(tenant));
    std::vector<std::string> schemas;
    for (std::size_t target : here) schemas.push_back(targets.tenants[target].schema_name);
    fleet::Transaction transaction{session, fleet::Access::read_only};
    auto const ledgers = migrations::read_ledgers(session, Scope::tenant, schemas);
    transaction.commit();
    for (std::size_t i = 0; i < here.size(); ++i) try {
        outcomes[here[i]].result = work(ledgers[i]);
      } catch (Error const& error) {
        failed(here[i], error);
      }
    return fleet::Result{};
  };
  // Backwards: of more databases than may stay connected, those that a run begins with still are afterwards,
  // and the least recently used ones that make room for the others are those it is done with.
  std::reverse(first.begin(), first.end());
  fleet::FanOutOptions options{
      .jobs = world.settings.jobs, .timeout_ms = 0, .stop = world.interrupt.get_token()};
  for (fleet::Outcome const& outcome : world.fleet.each(first, options, one))
    if (outcome.error)
      for (std::size_t target : neighbours.at(database_of(outcome.tenant))) {
        outcomes[target].result.reset();
        failed(target, *outcome.error);
      }
  return outcomes;
}

Answer answer_from(std::vector<TargetOutcome> outcomes, std::vector<fleet::Column> columns,
                   std::vector<std::string> notes) {
  columns.insert(columns.begin(), fleet::Column{"target"});
  Rows rows{fleet::Result{std::move(columns)}, {}, outcomes.size()};
  for (TargetOutcome& outcome : outcomes) {
    if (outcome.error) {
      if (outcome.error->tenant.empty()) outcome.error->tenant = outcome.target;
      rows.failures.push_back(std::move(*outcome.error));
      continue;
    }
    for (std::size_t row = 0; row < outcome.result->rows(); ++row) {
      rows.result.append(outcome.target);
      for (std::size_t column = 0; column < outcome.result->columns().size(); ++column)
        rows.result.append(outcome.result->at(row, column));
    }
  }
  // One target's failure is the call's own.
  if (rows.asked == 1 && rows.failures.size() == 1) throw Error{rows.failures.front()};
  std::optional<ErrorKind> ended;
  if (rows.asked > 0 && rows.failures.size() == rows.asked) ended = ErrorKind::failed;
  return {std::move(rows), std::move(notes), ended};
}

Answer whole_in_a_step(World& world, Answer answer) {
  Rows const* rows = std::get_if<Rows>(&answer.value);
  if (world.gate.state() != runbooks::GateState::open || rows == nullptr || rows->failures.empty())
    return answer;
  Error error{rows->failures.front()};
  error.message = fmt::format("{} of {} targets failed, the first is {}: {}", rows->failures.size(),
                              rows->asked, error.tenant, error.message);
  for (std::size_t i = 1; i < std::min<std::size_t>(rows->failures.size(), 10); ++i)
    error.detail +=
        (error.detail.empty() ? "" : "\n") + rows->failures[i].tenant + ": " + rows->failures[i].message;
  throw error;
}

migrations::AcceptedProblems accepted_problems(Arguments const& arguments) {
  migrations::AcceptedProblems accepted;
  for (std::string const& word : arguments.list("accept")) {
    auto kind = migrations::parse_problem_kind(word);
    if (!kind || !migrations::acceptable(*kind))
      throw Error{ErrorKind::usage, "accept: " + fleet::in_quotes(word) + " is nothing that can be accepted"}
          .with_hint(fmt::format("these can be: {}", fmt::join(migrations::acceptable_words(), ", ")));
    accepted.insert(*kind);
  }
  return accepted;
}

void check_work(Arguments const& arguments) {
  accepted_problems(arguments);
  lock_timeout_of(arguments);
}

migrations::ApplyOptions apply_options(World& world, Arguments const& arguments,
                                       migrations::MigrationSet const& set, TargetSession const& place) {
  migrations::ApplyOptions options;
  options.schema_name = place.target.schema_name;
  if (arguments.has("owner"))
    options.owner = arguments.text("owner");
  else
    options.find_owner = [&place] { return owner_of(place); };
  options.applied_by = world.who.name();
  options.run_id = world.gate.run_id();
  options.accepted = accepted_problems(arguments);
  options.lock_timeout = lock_timeout_of(arguments).value_or(options.lock_timeout);
  options.lock_retries = static_cast<int>(arguments.integer("lock_retries", options.lock_retries));
  options.stop = world.interrupt.get_token();
  continue_history(world, set, place, options);
  return options;
}

std::vector<Parameter> work_parameters() {
  return {{.name = "accept",
           .type = Type::list,
           .brief = "go on in spite of: changed, missing, out_of_order, duplicate_number, gap, …"},
          {.name = "owner", .default_text = "the database's", .brief = "role that the files run as"},
          {.name = "lock_timeout",
           .default_text = "5s",
           .brief = "how long a statement waits for a lock that an application holds"},
          {.name = "lock_retries",
           .type = Type::integer,
           .default_text = "5",
           .brief = "how often a file is tried again after that, with growing pauses"},
          {.name = "jobs",
           .type = Type::integer,
           .default_text = "--jobs",
           .brief = "tenants worked on at once"}};
}

std::string names_text(std::vector<std::string> const& names) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > shown) text += fmt::format(", … {} more", names.size() - shown);
  return text;
}

bool keeps_audit(World& world) {
  return world.fleet.environment().tenants.kind == fleet::ListSource::Kind::registry;
}

void leave_audit(World& world, std::vector<AuditRow> const& rows, std::string const& reason) {
  if (rows.empty() || !keeps_audit(world)) return;
  auto lease =
      world.fleet.pool().acquire(world.fleet.master(), {.application_name = world.fleet.application_name()});
  leave_audit(world, *lease, rows, reason);
}

void leave_audit(World& world, fleet::Session& master, std::vector<AuditRow> const& rows,
                 std::string const& reason) {
  if (master.query("select to_regclass('identity.tenant_audit') is null").value() == "t") return;
  Json list = Json::array();
  for (AuditRow const& row : rows)
    list.push_back(
        {{"slug", row.tenant}, {"object", row.object}, {"action", row.action}, {"after", row.after}});
  fleet::Statement::Parameters parameters{list.dump(-1, ' ', false, Json::error_handler_t::replace),
                                          world.who.name(), world.who.host, std::nullopt, std::nullopt};
  if (!reason.empty()) parameters[3] = reason;
  if (!world.gate.run_id().empty()) parameters[4] = world.gate.run_id();
  master.query(
      {"insert into identity.tenant_audit (tenant_id, object, action, after, actor, client_host, reason, "
       "run_id) "
       "select t.id, r.object, r.action, r.after, $2, $3, $4, $5 from jsonb_to_recordset($1::jsonb) as "
       "r(slug text, object text, action text, after jsonb) left join identity.tenant t on t.slug = r.slug",
       std::move(parameters)});
}

}  // namespace scripting
