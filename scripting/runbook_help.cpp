#include "scripting/runbook_help.hpp"

namespace scripting {

namespace {

constexpr std::string_view runbook_page =
    R"(A runbook file declares and does nothing else; its steps act when it is run.

  runbook "name" {
    brief = "what is true when it has ended",
    inputs = { slug = input.text { help = "…" }, rows = input.number { default = 3 } },
    locks = function(run) return { "tenant " .. run.slug } end,
    approvals = 1, approval_valid = "8h",     of other people, before it may begin (help "approvals")
  }
  step "name" { … }                           help "step" lists its keys
  section "name" (function() step … end)      steps with the address name/step
  include "name" {                            the steps of another runbook, with the address name/…
    runbook = "register_server",              a shipped one, or a path from this file: "./part.lua"
    inputs = function(run) return { … } end,
  }

Input types: text, number, boolean, enum { "a", "b" }, tenant, server, selection, path, interval, secret;
keys: help, default (a value, or a function of the inputs before it), optional, check; tenant also status.

In a step's functions
  run.INPUT, run.outputs["address"], run.item, run.id, run.started, run.who, run.runbook
  expect(value, "what was expected" [, hint])   fails the step when the value is false or nil; with "finding" behind
                                                the hint the run then ends with exit 8: a check that found something
  environment                                   name, guard, master, known_servers

Locks are taken before the first step, in one order for all, and freed when the process ends, however it ends.
While planning, and in probe, pre, when and verify, whatever would write is refused.
)";

constexpr std::string_view step_page = R"(A step says what it does in exactly one of three keys:

  tx = function(db, run)        effect and marker commit in one transaction of the target: exactly once
  effect = function(run, db)    what no transaction covers: CREATE DATABASE, pg_dump; needs a probe
  manual = "what to do"         a person does it and says so; verify checks

Where, and on what
  on = master                   or "master server", a tenant, a server, { server = …, database = … }, or a function
                                of run that returns one
  each = function(run)          a list of names or tenants:where{…}: the step is done for one item after the other,
                                the bodies find theirs in run.item; each item is journalled, a resume does what is left
  max_failures = 2              how many items may fail before the step stops; default 0

Before and after
  when = function(run)          false: not needed
  probe = function(run, db)     "done" | "not_done" | "broken", then a line of evidence, then outputs
  pre = function(run, db)       fails the step before it acts
  verify = function(run, outputs, db)
  read_only = true              a check: its tx only reads, is not asked about, and leaves no marker
  timeout = "30s"               stops the statement, and what an effect is doing (s, m, h, d)

The way back
  undo = function(run, outputs, db)      runs undo ID calls it, last step first; of a tx step in one transaction that
                                         takes the marker away, so it too happens exactly once; of an effect it must
                                         cope with a step that stopped anywhere
  undo = "address"                       the undo of that step takes this one's effect along
  release = function(run, outputs, db)   when the step's section ends, however it ends; a resume of an unfinished
                                         section does the step again first

What is asked
  confirm = "wording"           the question
  destructive = true            --yes does not answer it; the target's name, typed or in --confirm, does
  point_of_no_return = true     the same; from here to the end of the section Ctrl-C waits, and undo is refused

A body's return value is journalled and found in run.outputs["address"]; of a step with each by item.
After a crash a step is never guessed at: the marker, then a backend still at work, then the probe tell.
)";

constexpr std::string_view answers_page =
    R"(At a step a person sees where they are (runbook › address), what it acts on, its kind, the SQL or
command with its values (secrets as references), what the probe found, how long it took in past runs, and what would
take it back. A question takes a word, or the key in brackets; Enter alone answers nothing.

  run          do it; at a destructive step or a point of no return the name of the tenant (or target) instead
  skip         leave it out; the reason is journalled
  by-hand      I did it myself; verify must pass
  retry        after a failure: look at the world again, then do it again
  unasked      run it, and go on unasked to the next destructive step
  break        name a step to stop at; --break ADDRESS does so from the start
  show         everything: the whole SQL, the inputs, earlier tries
  shell        a prompt that only reads; \q comes back to the question
  undo         take back the last thing this run did (after a failure: what this step did), then ask there again
  detach       leave the run as it is, for later or for somebody else, with a note; what it holds stays held, and
               other runs are refused until it is resumed or abandoned
  abort        stop here; what is to be released is put back, the run can be resumed

Without a terminal nothing is asked: --yes runs every step that is neither destructive nor a point of no return,
--confirm NAME answers those; what neither answers ends the run with exit 4.
tenantsh runs hand-over ID --to LOGIN --note TEXT gives a run that waits to somebody else; going on with a run of
another person that was not handed over wants a word, or --take.
)";

constexpr std::string_view approvals_page = R"(runbook "name" { approvals = 1, approval_valid = "8h", … }

A run of it asks for approval and ends with exit 4, before its first step. Another person looks and approves:

  tenantsh runs approve ID                 shows inputs, plan and digest, and wants the word approve
  tenantsh runs approve ID --digest 5f2c…  the same without a terminal
  tenantsh runs approve ID --revoke        takes it back
  tenantsh runs resume ID                  then begins

Who a person is, the database says: the login that the session to master was opened with. The login that asked cannot
approve, a superuser's neither (the table itself refuses it), and the login that resumes does not count. An approver
needs to read schema runbook and to insert into runbook.approval.

An approval is bound to the script, the inputs and the targets of the steps. When one of them changed, or after
approval_valid (8h), it no longer counts: a resume says what moved and asks anew. Undo wants no approval.

A plan can be kept without asking anybody: tenantsh run NAME --plan --out FILE, and later tenantsh run NAME --from
FILE, which is refused with what moved when script, inputs, targets or the steps left to do are not as they were.
)";

constexpr std::string_view notifications_page =
    R"(Who is told what becomes of a run while its operator is away. In tenantsh.toml:

  [environment.NAME.notify]               also [environment.sandbox.notify]; a project's file over the user's, key by key
  command = ["/usr/local/bin/page", "--team", "db"]    run directly, never by a shell; ended after 10 s
  webhook = "env:OPS_WEBHOOK"             a secret's reference, or the https:// URL; POST by curl, 10 s
  on      = ["waiting", "failed", "done"] which events; default: all
  after   = "60s"                         how long a question waits at a terminal before it is told; "0s": at once

Events
  waiting    a question at a terminal was not answered in that time, or the run stopped at one without a terminal
  failed     the run or its undo failed, is in doubt, or was interrupted; not when somebody answered abort
  done       the run or its undo is done

The command gets the message on standard input, the webhook as the body: one JSON object
  event, environment, runbook, run, operator, step (waiting, failed), text (a line for people), error {message, kind,
  hint} (failed), next (the command that goes on, when one would), tenant (when the run is about one), inputs, at,
  elapsed_ms (done)
and the command has TENANTSH_EVENT, TENANTSH_RUN, TENANTSH_RUNBOOK and TENANTSH_STEP in its environment. Slack, Teams and
Mattermost show "text". Secrets are references.

A run never waits for a notification. At the end tenantsh waits for those still being sent, 10 s at most (Ctrl-C: not at
all); what could not be sent is told there, and the exit status stays what it was. Plans and checks notify nobody.
)";

}  // namespace

std::string_view runbook_help(std::string_view topic) {
  if (topic == "runbook") return runbook_page;
  if (topic == "step") return step_page;
  if (topic == "answers") return answers_page;
  if (topic == "approvals") return approvals_page;
  if (topic == "notifications") return notifications_page;
  return {};
}

}  // namespace scripting
