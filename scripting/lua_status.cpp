// The status of tenants, and the write fence that makes it true.

#include <fmt/format.h>

#include "fleet/operator.hpp"
#include "scripting/status_change.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

Answer set_status(World& world, Arguments const& arguments) { return StatusChange{world, arguments}.run(); }

std::vector<std::string> describe_set_status(World& world, Arguments const& arguments) {
  return StatusChange{world, arguments}.describe();
}

bool one_tenant(Arguments const& arguments) {
  return std::holds_alternative<TenantRef>(arguments.self) && !arguments.has("tenants");
}

// What each chosen tenant's database answers to `ask`, as the admin and reading only, or proving.
std::vector<fleet::Outcome> ask_each(
    World& world, Arguments const& arguments, fleet::Chosen const& chosen,
    std::function<fleet::Result(fleet::Tenant const&, fleet::Session&)> const& ask) {
  fleet::FanOutOptions const options{.jobs = static_cast<int>(arguments.integer("jobs", world.settings.jobs)),
                                     .stop = world.interrupt.get_token()};
  return world.fleet.each(chosen.tenants, options, ask);
}

// Whether the process that raised it still lives; "" when it was another machine's.
std::string holder_state(std::string const& holder) {
  fleet::ApplicationName const name = fleet::parse_application_name(holder);
  fleet::ApplicationName const here =
      fleet::parse_application_name(fleet::this_operator().application_name("here"));
  if (name.process.pid == 0 || name.host != here.host) return "";
  return fleet::is_alive(name.process) ? "at work" : "gone";
}

// What registry and database disagree on; "" when they agree.
std::string disagreement(fleet::Tenant const& tenant, fleet::Fence const& fence) {
  FenceWish const wish = wish_of(tenant.status);
  std::string const status{to_string(tenant.status)};
  if (fence.state == fleet::FenceState::carried)
    return "its rows came with a copy: nothing but the revoked privileges holds";
  bool const up = fence.state == fleet::FenceState::up;
  if (wish == FenceWish::down && up) return "the fence is up, the registry says " + status;
  if ((wish == FenceWish::read_only || wish == FenceWish::suspended) && !up)
    return "the fence is down, the registry says " + status;
  if (wish == FenceWish::suspended && fence.level != fleet::FenceLevel::suspended)
    return "the application may connect, the registry says " + status;
  if (wish == FenceWish::read_only && up && fence.level == fleet::FenceLevel::suspended)
    return "the application may not connect, the registry says " + status;
  if (!fence.gaps.empty())
    return fmt::format("{} open: {}",
                       fence.gaps.size() == 1 ? "1 gap is" : fmt::format("{} gaps are", fence.gaps.size()),
                       fence.gaps.front());
  return "";
}

Answer fence(World& world, Arguments const& arguments) {
  world.fleet.refresh();  // compared with what master says now
  fleet::Chosen const chosen = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
  std::vector<fleet::Fence> fences(chosen.tenants.size());
  auto outcomes = ask_each(world, arguments, chosen, [&](fleet::Tenant const& tenant, fleet::Session& admin) {
    fleet::Transaction const reading{admin, fleet::Access::read_only};
    fences[static_cast<std::size_t>(&tenant - chosen.tenants.data())] = fleet::fence_state(admin, tenant);
    return fleet::Result{};
  });
  if (one_tenant(arguments)) {
    if (outcomes.front().error) throw Error{*outcomes.front().error};
    fleet::Tenant const& tenant = chosen.tenants.front();
    Json told = to_json(fences.front());
    told["status"] = to_string(tenant.status);
    std::string const holder = holder_state(fences.front().holder);
    if (!holder.empty()) told["holder"] = holder;
    std::string const wrong = disagreement(tenant, fences.front());
    if (wrong.empty()) return {std::move(told), {}, {}};
    told["wrong"] = wrong;
    return {std::move(told),
            {fmt::format("set the status again, or the one that is true: tenantsh tenants set_status "
                         "--tenants {} --status …",
                         tenant.slug)},
            ErrorKind::pending};
  }
  Rows rows{fleet::Result{{{"tenant"},
                           {"status"},
                           {"fence"},
                           {"level"},
                           {"since"},
                           {"by"},
                           {"run"},
                           {"reason"},
                           {"privileges", fleet::type_oid::int8},
                           {"wrong"}}},
            {},
            outcomes.size()};
  std::optional<ErrorKind> ended;
  auto append = [&rows](std::string const& cell) {
    rows.result.append(cell.empty() ? std::nullopt : std::optional<std::string_view>{cell});
  };
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    fleet::Tenant const& tenant = chosen.tenants[i];
    if (outcomes[i].error) {
      rows.failures.push_back(std::move(*outcomes[i].error));
      continue;
    }
    fleet::Fence const& found = fences[i];
    bool const down = found.state == fleet::FenceState::down;
    std::string const wrong = disagreement(tenant, found);
    if (!wrong.empty()) ended = ErrorKind::pending;
    rows.answered.push_back(tenant.slug);
    append(tenant.slug);
    append(std::string{to_string(tenant.status)});
    append(std::string{to_string(found.state)});
    append(down ? "" : std::string{to_string(found.level)});
    append(found.since);
    append(found.by);
    append(found.run_id);
    append(found.reason);
    rows.result.append(std::to_string(found.privileges));
    append(wrong);
  }
  if (!outcomes.empty() && rows.failures.size() == outcomes.size()) ended = ErrorKind::failed;
  return {std::move(rows), left_out_notes(chosen), ended};
}

Answer prove_fence(World& world, Arguments const& arguments) {
  fleet::Chosen const chosen = fleet::choose(world.fleet.tenants(), receiver_selection(arguments));
  std::vector<fleet::Fence> fences(chosen.tenants.size());
  std::vector<fleet::FenceProof> proofs(chosen.tenants.size());
  fleet::ProofMeans const means{world.fleet.driver(), world.fleet.secrets(),
                                world.who.application_name("prove fence"), world.interrupt.get_token()};
  auto outcomes = ask_each(world, arguments, chosen, [&](fleet::Tenant const& tenant, fleet::Session& admin) {
    auto const at = static_cast<std::size_t>(&tenant - chosen.tenants.data());
    fences[at] = fleet::fence_state(admin, tenant);
    proofs[at] = fleet::prove_fence(admin, tenant, fences[at].level, means);
    return fleet::Result{};
  });
  bool const one = one_tenant(arguments);
  if (one && outcomes.front().error) throw Error{*outcomes.front().error};
  std::vector<fleet::Column> columns{
      {"who"}, {"attempt"}, {"result"}, {"sqlstate"}, {"must_hold", fleet::type_oid::boolean}};
  if (!one) columns.insert(columns.begin(), {"tenant"});
  Rows rows{fleet::Result{std::move(columns)}, {}, one ? 0 : outcomes.size()};
  std::vector<std::string> notes = left_out_notes(chosen);
  std::optional<ErrorKind> ended;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    std::string const& slug = chosen.tenants[i].slug;
    if (outcomes[i].error) {
      rows.failures.push_back(std::move(*outcomes[i].error));
      continue;
    }
    rows.answered.push_back(slug);
    for (fleet::FenceAttempt const& made : proofs[i].attempts) {
      if (!one) rows.result.append(slug);
      rows.result.append(made.who);
      rows.result.append(made.attempt);
      rows.result.append(made.result);
      rows.result.append(made.sqlstate.empty() ? std::nullopt
                                               : std::optional<std::string_view>{made.sqlstate});
      rows.result.append(made.must_hold ? "t" : "f");
    }
    for (std::string const& note : proofs[i].notes) notes.push_back(slug + ": " + note);
    auto const leaks = proofs[i].leaks();
    if (leaks.empty()) continue;
    ended = ErrorKind::pending;
    if (fences[i].state != fleet::FenceState::up) {
      notes.push_back(slug + ": no fence is up, so these writes are meant to get through");
      continue;
    }
    Error leak{ErrorKind::failed, fmt::format("the fence of {} leaks: {} as {} is not blocked", slug,
                                              leaks.front().attempt, leaks.front().who)};
    leak.tenant = slug;
    leak.hint =
        "set the status again: what came open since is revoked; help(\"read_only\") says what no fence stops";
    if (one) throw Error{leak};
    rows.failures.push_back(std::move(leak));
  }
  if (!one && !outcomes.empty() && rows.failures.size() == outcomes.size()) ended = ErrorKind::failed;
  return {std::move(rows), std::move(notes), ended};
}

Parameter const tenants_parameter{.name = "tenants",
                                  .type = Type::selection,
                                  .default_text = "all",
                                  .brief = "all, a slug, a glob, key=value[,key=value] or @file"};
Parameter const jobs_parameter{
    .name = "jobs", .type = Type::integer, .default_text = "--jobs", .brief = "tenants worked on at once"};

}  // namespace

void add_status(Registry& registry) {
  registry.add(Method{
      .object = "tenants",
      .name = "set_status",
      .effect = Effect::write,
      .parameters = {{.name = "status", .required = true, .brief = "active, read_only or suspended"},
                     {.name = "take",
                      .type = Type::boolean,
                      .brief = "also when the fence is held by a run that has not ended"},
                     {.name = "prove",
                      .type = Type::boolean,
                      .default_text = "true",
                      .brief = "try the writes that must fail, and go back when one does not"},
                     tenants_parameter,
                     {.name = "jobs",
                      .type = Type::integer,
                      .default_text = "8",
                      .brief = "tenants worked on at once"}},
      .returns =
          "table: before, after, changed, fence (state, level, since, by, reason, run, privileges, gaps), "
          "proof (blocked: how many, open). Of several: a result: tenant, before, after, changed, fence, "
          "privileges, proved; tenants "
          "that failed in .errors",
      .errors = "usage without a reason or for another status; refused for a tenant that is provisioning or "
                "retired, "
                "a prepared transaction, a fence that another run holds, what the admin may not revoke; "
                "failed when a "
                "write that must fail does not; locked; connect; sql",
      .brief =
          "Changes the status where it counts: read_only and suspended take every writing privilege away in "
          "PostgreSQL, end the sessions from before and try to write; active gives back exactly what was "
          "there. "
          "The audit says why. help(\"read_only\") says what is left open.",
      .example = "tenants.acme:set_status{ status = \"read_only\", reason = \"month end\", plan = true }",
      .receiver = Receiver::both,
      .run = set_status,
      .describe = describe_set_status});
  registry.add(Method{
      .object = "tenants",
      .name = "fence",
      .parameters = {tenants_parameter, jobs_parameter},
      .returns =
          "table: state (up, down, carried: the rows of a copy), status, level, since, by, reason, run, "
          "holder (at work, "
          "gone), privileges, gaps, wrong. Of several: a result of these. Ended pending when registry and "
          "database disagree",
      .errors = "connect per tenant",
      .brief = "The write fence as each tenant's database tells it: since when, by whom, why, in which run, "
               "and whether "
               "it fits the status in the registry.",
      .example = "tenants.acme:fence().state",
      .receiver = Receiver::both,
      .run = fence});
  registry.add(Method{
      .object = "tenants",
      .name = "prove_fence",
      .parameters = {tenants_parameter, jobs_parameter},
      .returns = "result: who, attempt, result (blocked, ended, leaks, unclear), sqlstate, must_hold; of "
                 "several also "
                 "tenant. Ended pending when no fence is up",
      .errors = "failed when a fence is up and a write that must fail does not; connect",
      .brief =
          "Tries to write as the application and as the owners, with BEGIN READ WRITE and with the default "
          "switched off. Each attempt touches no row and is rolled back.",
      .example = "tenants.acme:prove_fence()",
      .receiver = Receiver::both,
      .run = prove_fence});
}

}  // namespace scripting
