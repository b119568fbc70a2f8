// runs: approve, the word of another person.

#include <fmt/format.h>

#include "runbooks/engine/approval.hpp"
#include "runbooks/engine/inputs.hpp"
#include "runbooks/engine/planner.hpp"
#include "runbooks/engine/runner.hpp"
#include "runbooks/engine/wording.hpp"
#include "scripting/objects.hpp"
#include "scripting/run_verbs.hpp"

namespace scripting {

namespace {

using fleet::Error;
using fleet::ErrorKind;

constexpr std::size_t least_digest = 8;  // characters that a person gives

// What they put their name to: who asked, for what, the plan as it was made then.
std::string request_text(runbooks::RunRecord const& run, runbooks::ApprovalRequest const& request) {
  std::string text = fmt::format("{} on {} · run {} of {}, database login {}\n", run.runbook, run.environment,
                                 run.id, run.who, request.login);
  if (!run.inputs.empty()) text += runbooks::render_inputs(run.inputs, "  ") + "\n";
  text += runbooks::render_plan(runbooks::plan_from_json(request.plan)) + "\n";
  return text + fmt::format("digest of script, inputs and targets: {}\nan approval holds for {}",
                            request.digest.substr(0, 16), fleet::human_duration(request.valid));
}

// At a terminal the word; elsewhere the digest says that somebody looked at just this.
void ask_approver(World& world, Arguments const& arguments, runbooks::RunRecord const& run,
                  runbooks::ApprovalRequest const& request) {
  world.console.say(request_text(run, request));
  std::string const digest = arguments.text("digest");
  if (digest.size() >= least_digest && request.digest.starts_with(digest)) return;
  if (!digest.empty())
    throw Error{ErrorKind::refused, fmt::format("--digest says {}, what run {} waits with is {}", digest,
                                                run.id, request.digest.substr(0, 16))}
        .with_hint("look again; something was changed since");
  if (world.console.ask(
          {.text = fmt::format("approve run {}?", run.id),
           .choices = {{"approve", "it may run as shown", true}, {"decline", "say nothing", false}},
           .flag = "--digest " + request.digest.substr(0, 16)}) != "approve")
    throw Error{ErrorKind::declined, fmt::format("run {} is not approved", run.id)};
}

Answer approve_run(World& world, Arguments const& arguments) {
  refuse_nested(world);
  auto const found = runbooks::find_run(world.fleet, runs_folder(world), arguments.text("id"));
  runbooks::RunRecord const& run = found.record;
  auto const master = world.fleet.driver().connect(world.fleet.journal(), world.fleet.secrets(), {});
  if (arguments.boolean("revoke")) {
    auto const revoked = runbooks::revoke_approvals(*master, run.id);
    if (revoked == 0)
      throw Error{ErrorKind::not_found,
                  fmt::format("this login has no approval of run {} to take back", run.id)};
    return {std::monostate{}, {fmt::format("run {} is no longer approved by you", run.id)}, {}};
  }
  std::string const state = runbooks::state_of(run, world.who);
  if (!run.approval.is_object() || state == "done" || state == "abandoned" || state == "undone")
    throw Error{ErrorKind::usage, fmt::format("run {} ({}) does not wait for approval", run.id, state)};
  auto const request = runbooks::ApprovalRequest::from_json(run.approval);
  if (runbooks::login_of(*master) != request.login) ask_approver(world, arguments, run, request);
  runbooks::approve(*master, run.id, request, world.who.name(), arguments.text("comment"));
  auto const given = runbooks::approvals_of(*master, run.id, request.digest, {request.login}).size();
  std::string const next = given >= static_cast<std::size_t>(request.count)
                               ? fmt::format("{} goes on with: tenantsh runs resume {}", run.who, run.id)
                               : fmt::format("it has {} of {} approvals", given, request.count);
  return {std::monostate{}, {fmt::format("run {} is approved; {}", run.id, next)}, {}};
}

}  // namespace

void add_approvals(Registry& registry) {
  registry.add(Method{
      .object = "runs",
      .name = "approve",
      .effect = Effect::write,
      .parameters = {id_parameter,
                     {.name = "comment", .brief = "kept with the approval"},
                     {.name = "digest", .brief = "without a terminal: what was looked at, as shown by it"},
                     {.name = "revoke", .type = Type::boolean, .brief = "take this login's approval back"}},
      .returns = "nothing; what is approved is shown first",
      .errors =
          "refused for the login that asked, superuser or not, and when the digest is another; usage when "
          "the run waits for nothing; connect: approvals are kept in master",
      .brief =
          "Says that a run which waits for approval may begin. Bound to its script, inputs and targets: when "
          "one of them changes, or the time is over, it no longer counts.",
      .example = "runs:list()",
      .asks = false,
      .own_plan = true,
      .run = approve_run});
}

}  // namespace scripting
