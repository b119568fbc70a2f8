#include "scripting/status_change.hpp"

#include <fmt/format.h>

#include <optional>

#include "scripting/guard.hpp"
#include "scripting/migration_targets.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;
using fleet::TenantStatus;

constexpr int default_jobs = 8;  // each has a session on the tenant, one on master and one of the application

// Work on another thread hands its answer over as the one cell of a Result.
fleet::Result packed(Json const& json) {
  fleet::Result result{{{"answer"}}};
  result.append(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  return result;
}

Json unpacked(fleet::Result const& result) { return Json::parse(result.value().value_or("null")); }

// How many writes failed as they had to, and what no REVOKE stops.
Json summary(fleet::FenceProof const& proof) {
  std::size_t blocked = 0;
  Json open = Json::array();
  for (fleet::FenceAttempt const& one : proof.attempts) {
    if (one.result == "blocked" || one.result == "ended")
      ++blocked;
    else
      open.push_back(one.attempt + " as " + one.who);
  }
  Json told{{"blocked", blocked}};
  if (!open.empty()) told["open"] = std::move(open);
  return told;
}

std::vector<std::string> texts(Json const& list) {
  std::vector<std::string> found;
  for (Json const& one : list) found.push_back(one.get<std::string>());
  return found;
}

}  // namespace

FenceWish wish_of(TenantStatus status) {
  switch (status) {
    case TenantStatus::active: return FenceWish::down;
    case TenantStatus::read_only:
    case TenantStatus::retired: return FenceWish::read_only;
    case TenantStatus::suspended: return FenceWish::suspended;
    case TenantStatus::provisioning: return FenceWish::nothing;
  }
  return FenceWish::nothing;
}

Json to_json(fleet::Fence const& fence) {
  Json json{{"state", to_string(fence.state)}};
  if (fence.state == fleet::FenceState::down) return json;
  json["level"] = to_string(fence.level);
  json["since"] = fence.since;
  json["by"] = fence.by;
  if (!fence.reason.empty()) json["reason"] = fence.reason;
  if (!fence.run_id.empty()) json["run"] = fence.run_id;
  json["privileges"] = fence.privileges;
  if (!fence.gaps.empty()) json["gaps"] = fence.gaps;
  return json;
}

StatusChange::StatusChange(World& world, Arguments const& arguments)
    : world_(world), arguments_(arguments), to_(fleet::parse_tenant_status(arguments.text("status"))) {
  if (to_ == TenantStatus::provisioning)
    throw Error{ErrorKind::usage, "no tenant becomes provisioning again: nothing enforces that status"}
        .with_hint("active, read_only or suspended");
  if (to_ == TenantStatus::retired)
    throw Error{ErrorKind::usage, "retired is no status to set: it ends a tenant, after a last dump"}
        .with_hint("suspended keeps everybody out; active, read_only or suspended");
  reason_ = audit_reason(world, arguments.text("reason"));
  run_id_ = world.gate.run_id();
  if (reason_.empty() && !run_id_.empty()) reason_ = "run " + run_id_;
  if (reason_.empty() && !arguments.boolean("plan"))
    throw Error{ErrorKind::usage, "a change of status wants a reason: it is what others read in the audit"}
        .with_hint("reason = \"…\", or --reason TEXT");
  registry_ = keeps_audit(world);
  world.fleet.refresh();  // where it is may have changed since the list was read
  chosen_ = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
}

// `master`: in a transaction, the row stays locked until it ends: two of us go one after the other.
StatusChange::Registered StatusChange::registered(fleet::Tenant const& tenant, fleet::Session* master) const {
  if (!master) return {tenant.status, tenant.labels.count("sibling_of") > 0, tenant.db_config_ref};
  fleet::Result row;
  try {
    row = master->query(
        {"select status, labels ? 'sibling_of' as sibling, db_config_ref from identity.tenant where slug "
         "= $1 for update",
         {tenant.slug}});
  } catch (Error const& error) {
    if (error.sqlstate != "55P03") throw;
    throw Error{ErrorKind::locked, "somebody else is changing the status of " + tenant.slug}
        .with_hint("wait for it, then look: tenantsh tenants fence --tenants " + tenant.slug)
        .at_tenant(tenant.slug);
  }
  if (row.empty())
    throw Error{ErrorKind::not_found, "tenant " + tenant.slug + " is not registered any more"}.at_tenant(
        tenant.slug);
  return {fleet::parse_tenant_status(row.text(0, "status")), row.text(0, "sibling") == "t",
          row.text(0, "db_config_ref")};
}

void StatusChange::check_way(fleet::Tenant const& tenant, Registered const& now) const {
  auto refuse = [&](std::string const& why, std::string const& hint) {
    throw Error{ErrorKind::refused, fmt::format("tenant {} is {} and cannot become {}: {}", tenant.slug,
                                                to_string(now.status), to_string(to_), why)}
        .with_hint(hint)
        .at_tenant(tenant.slug);
  };
  if (now.status == TenantStatus::retired)
    refuse("it was retired, its database is kept only to be dropped",
           "restore it from its last dump beside the old one");
  if (now.status == TenantStatus::provisioning && !(now.sibling && to_ == TenantStatus::read_only))
    refuse("it is being made",
           "tenantsh run provision_tenant --input slug=" + tenant.slug + " makes it active");
  if (to_ == TenantStatus::active && now.sibling)
    refuse("it is a copy, and only one database may take a tenant's writes",
           "tenantsh run tenant_cutover makes it the tenant");
  if (to_ == TenantStatus::active && registry_ && now.db_config_ref.empty())
    refuse("it has no db_config_ref, so no application finds it",
           "tenants[\"" + tenant.slug + "\"]:issue_login{ role = … }");
}

fleet::FenceRequest StatusChange::request_for(fleet::Tenant const& tenant) const {
  return {
      .tenant = tenant,
      .level = to_ == TenantStatus::suspended ? fleet::FenceLevel::suspended : fleet::FenceLevel::read_only,
      .by = world_.who.name(),
      .holder = world_.who.application_name("fence " + tenant.slug),
      .reason = reason_,
      .run_id = run_id_,
      .take = arguments_.boolean("take")};
}

// A run that is over holds nothing: its fence outlived it on purpose.
bool StatusChange::held_by_ended_run(fleet::Fence const& fence) const {
  if (fence.run_id.empty() || fence.run_id == run_id_) return false;
  auto journal = world_.fleet.pool().acquire(
      world_.fleet.journal(),
      {.access = fleet::Access::read_only, .application_name = world_.fleet.application_name()});
  if (journal->query("select to_regclass('runbook.run') is null").value() == "t") return false;
  return journal
             ->query({"select state in ('done', 'undone', 'abandoned') from runbook.run where id = $1",
                      {fence.run_id}})
             .value() == "t";
}

// Raises and proves. What leaks is no fence: one that was not up before is lowered again.
Json StatusChange::put_up(fleet::Tenant const& tenant, fleet::Session& admin,
                          fleet::FenceRequest const& request, Json& proof) {
  fleet::ProofMeans const means{world_.fleet.driver(), world_.fleet.secrets(),
                                world_.who.application_name("prove fence"), world_.interrupt.get_token()};
  bool const prove = arguments_.boolean("prove", true);
  fleet::Fence const earlier = fleet::fence_state(admin, tenant);
  std::unique_ptr<fleet::Session> before;
  if (prove && earlier.state != fleet::FenceState::up && !tenant.db_config_ref.empty()) {
    try {
      before = fleet::application_session(tenant, means);
    } catch (Error const& error) {  // told by the proof, which tries the same
      if (error.kind == ErrorKind::interrupted) throw;
    }
  }
  fleet::FenceChange const change = fleet::raise_fence(admin, request);
  Json answer{{"fence", to_json(change.fence)}, {"changed", change.changed}, {"notes", change.notes}};
  if (change.fence.state == fleet::FenceState::up && !change.fence.run_id.empty() &&
      change.fence.run_id != run_id_ && !held_by_ended_run(change.fence))
    answer["notes"].push_back(fmt::format("{}: the fence is held by run {}, which lowers it when it ends",
                                          tenant.slug, change.fence.run_id));
  if (!prove) return answer;
  fleet::FenceProof const shown = fleet::prove_fence(admin, tenant, request.level, means, before.get());
  for (std::string const& note : shown.notes) answer["notes"].push_back(tenant.slug + ": " + note);
  proof = summary(shown);
  auto const leaks = shown.leaks();
  if (leaks.empty()) return answer;
  std::string kept = "the fence stays up, the status as it was";
  if (earlier.state == fleet::FenceState::down) {
    fleet::lower_fence(admin, request);
    kept = "the fence is lowered again, the status as it was";
  }
  throw Error{ErrorKind::failed,
              fmt::format("tenant {} can still be written: {}, {} as {}; {}", tenant.slug,
                          leaks.front().result, leaks.front().attempt, leaks.front().who, kept)}
      .with_detail(leaks.size() > 1 ? fmt::format("and {} more", leaks.size() - 1) : "")
      .with_hint("help(\"read_only\") says what no fence stops; tenants[\"" + tenant.slug +
                 "\"]:prove_fence() lists all")
      .at_tenant(tenant.slug);
}

// The audit row too where the status was right and only the fence was not.
void StatusChange::write_registry(fleet::Session& master, fleet::Tenant const& tenant, TenantStatus before) {
  if (before != to_)
    master.query({"update identity.tenant set status = $2 where slug = $1",
                  {tenant.slug, std::string{to_string(to_)}}});
  master.query(
      {"insert into identity.tenant_audit (tenant_id, object, action, before, after, actor, client_host, "
       "reason, run_id) select t.id, 'tenant ' || t.slug, $8, $2::jsonb, $3::jsonb, $4, $5, $6, $7 from "
       "identity.tenant t where t.slug = $1",
       {tenant.slug, Json{{"status", to_string(before)}}.dump(), Json{{"status", to_string(to_)}}.dump(),
        world_.who.name(), world_.who.host, reason_, run_id_.empty() ? std::nullopt : std::optional{run_id_},
        before == to_ ? "fence" : "status"}});
}

Json StatusChange::change(fleet::Tenant const& tenant, fleet::Session& admin) {
  std::optional<fleet::Pool::Lease> master;
  std::optional<fleet::Transaction> transaction;
  if (registry_) {
    master.emplace(world_.fleet.pool().acquire(world_.fleet.master(),
                                               {.application_name = world_.fleet.application_name()},
                                               world_.interrupt.get_token()));
    transaction.emplace(**master, fleet::Access::read_write, "set local lock_timeout = '10s'");
  }
  Registered const now = registered(tenant, master ? &**master : nullptr);
  check_way(tenant, now);
  fleet::FenceRequest request = request_for(tenant);
  request.take = request.take || held_by_ended_run(fleet::fence_state(admin, tenant));
  Json proof, answer;
  if (to_ == TenantStatus::active) {
    fleet::FenceChange const lowered = fleet::lower_fence(admin, request);
    answer = {{"fence", to_json(lowered.fence)}, {"changed", lowered.changed}, {"notes", lowered.notes}};
  } else {
    answer = put_up(tenant, admin, request, proof);
  }
  bool changed = answer["changed"].get<bool>();
  if (transaction && (changed || now.status != to_)) {
    write_registry(**master, tenant, now.status);
    transaction->commit();
    changed = true;
  }
  if (!registry_ && now.status != to_)
    answer["notes"].push_back(
        fmt::format("{}: the list of tenants of this environment is not ours; it says {}: change it "
                    "there",
                    tenant.slug, to_string(now.status)));
  Json told{{"before", to_string(now.status)}, {"after", to_string(to_)}, {"changed", changed}};
  told["fence"] = answer["fence"];
  if (!proof.is_null()) told["proof"] = proof;
  told["notes"] = answer["notes"];
  return told;
}

Answer StatusChange::run() {
  fleet::FanOutOptions const options{.jobs = static_cast<int>(arguments_.integer("jobs", default_jobs)),
                                     .stop = world_.interrupt.get_token()};
  auto outcomes = world_.fleet.each(
      chosen_.tenants, options,
      [this](fleet::Tenant const& tenant, fleet::Session& admin) { return packed(change(tenant, admin)); });
  world_.fleet.refresh();
  std::vector<std::string> notes = left_out_notes(chosen_);
  if (std::holds_alternative<TenantRef>(arguments_.self) && !arguments_.has("tenants")) {
    if (outcomes.front().error) throw Error{*outcomes.front().error};
    Json told = unpacked(*outcomes.front().result);
    for (std::string& note : texts(told["notes"])) notes.push_back(std::move(note));
    told.erase("notes");
    return {std::move(told), std::move(notes), {}};
  }
  Rows rows{fleet::Result{{{"tenant"},
                           {"before"},
                           {"after"},
                           {"changed", fleet::type_oid::boolean},
                           {"fence"},
                           {"privileges", fleet::type_oid::int8},
                           {"proved", fleet::type_oid::int8}}},
            {},
            outcomes.size()};
  for (fleet::Outcome& outcome : outcomes) {
    if (outcome.error) {
      rows.failures.push_back(std::move(*outcome.error));
      continue;
    }
    Json const told = unpacked(*outcome.result);
    rows.answered.push_back(outcome.tenant.slug);
    rows.result.append(outcome.tenant.slug);
    rows.result.append(told["before"].get<std::string>());
    rows.result.append(told["after"].get<std::string>());
    rows.result.append(told["changed"].get<bool>() ? "t" : "f");
    rows.result.append(told["fence"]["state"].get<std::string>());
    rows.result.append(std::to_string(told["fence"].value("privileges", 0)));
    rows.result.append(
        std::to_string(told.contains("proof") ? told["proof"]["blocked"].get<std::size_t>() : 0));
    for (std::string& note : texts(told["notes"])) notes.push_back(std::move(note));
  }
  if (outcomes.empty()) notes.push_back("no tenant was chosen");
  std::optional<ErrorKind> ended;
  if (!outcomes.empty() && rows.failures.size() == outcomes.size()) ended = ErrorKind::failed;
  return {std::move(rows), std::move(notes), ended};
}

std::vector<std::string> StatusChange::statements(fleet::Tenant const& tenant, fleet::Session& admin) {
  Registered now = registered(tenant, nullptr);
  if (registry_) {
    auto lease = world_.fleet.pool().acquire(
        world_.fleet.master(),
        {.access = fleet::Access::read_only, .application_name = world_.fleet.application_name()});
    fleet::Result const row =
        lease->query({"select status, labels ? 'sibling_of' as sibling, db_config_ref from identity.tenant "
                      "where slug = $1",
                      {tenant.slug}});
    if (!row.empty())
      now = {fleet::parse_tenant_status(row.text(0, "status")), row.text(0, "sibling") == "t",
             row.text(0, "db_config_ref")};
  }
  check_way(tenant, now);
  fleet::FenceRequest const request = request_for(tenant);
  std::vector<std::string> lines =
      to_ == TenantStatus::active ? fleet::lowering_sql(admin, request) : fleet::raising_sql(admin, request);
  if (registry_ && now.status != to_)
    lines.push_back(
        fmt::format("update identity.tenant set status = '{}' where slug = '{}' -- master, with its row in "
                    "identity.tenant_audit",
                    to_string(to_), tenant.slug));
  return lines;
}

std::vector<std::string> StatusChange::describe() {
  fleet::FanOutOptions const options{.jobs = static_cast<int>(arguments_.integer("jobs", default_jobs)),
                                     .stop = world_.interrupt.get_token()};
  auto const outcomes =
      world_.fleet.each(chosen_.tenants, options, [this](fleet::Tenant const& tenant, fleet::Session& admin) {
        Json lines = statements(tenant, admin);
        return packed(lines);
      });
  std::vector<std::string> lines;
  for (fleet::Outcome const& outcome : outcomes) {
    std::string const place = outcomes.size() > 1 ? outcome.tenant.slug + ": " : "";
    if (outcome.error) {
      if (outcomes.size() == 1) throw Error{*outcome.error};
      lines.push_back(place + "would fail: " + outcome.error->message);
    } else {
      for (std::string const& line : texts(unpacked(*outcome.result))) lines.push_back(place + line);
    }
  }
  return lines;
}

}  // namespace scripting
