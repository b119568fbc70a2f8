#!/usr/bin/env bash
# Those of the lessons in live/lessons.sh that need a person at a terminal: skips, retries, keys typed early,
# Ctrl-C, two operators at once.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
dsn=$(dsn_of master)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$dsn" -c "$@"; }
tables() { admin "select coalesce(string_agg(relname, ' ' order by relname), '') from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"; }
drop_tables() {
    local table
    for table in $(tables); do admin "drop table public.$table"; done
}
# until_ NAME COMMAND…: waits until it succeeds.
until_() {
    local name=$1
    shift
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
    fail "$name" "$(screen | sed '/^ *$/d' | tail -n 30)"
}
# hold NAME: what the step of that name waits for, until let_go.
hold() {
    psql -X -q "$dsn" -c "select pg_advisory_lock(hashtext('$1'))" -c "select pg_sleep(120)" >/dev/null 2>&1 &
    holder=$!
    until_ "the step's way is barred" holding
}
holding() { [ -n "$(admin "select 1 from pg_stat_activity where state = 'active' and query like 'select pg_sleep(120)%'")" ]; }
let_go() { admin "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(120)%' and pid <> pg_backend_pid()" >/dev/null; wait $holder 2>/dev/null; }
waiting() { [ -n "$(admin "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'tenantsh %'")" ]; }

# ---- skips -----------------------------------------------------------------------------------------------------
cat >skip.lua <<'LUA'
runbook "skip" { brief = "first, nested, without a section, last" }
step "first" { on = master, tx = function(db) db:exec("create table public.first (id int)") end }
section "outer" (function() section "inner" (function()
  step "nested" { on = master, tx = function(db) db:exec("create table public.nested (id int)") end }
end) end)
step "middle" { on = master, tx = function(db) db:exec("create table public.middle (id int)") end }
step "wobbly" { on = master, tx = function(db)
  db:exec("insert into public.allowed values (1)")   -- is not there at first
  db:exec("create table public.wobbly (id int)") end }
step "last" { on = master, tx = function(db) db:exec("create table public.last (id int)") end }
LUA
skip() { until_asked "$1"; type_ "skip"; until_asked "reason"; type_ "${2:-not here}"; }
begin "tenantsh run ./skip.lua; echo ended \$?"
skip "first" "the first is not needed"
skip "nested"
until_asked "middle"
type_ "run"
until_asked "wobbly"
type_ "run"
until_asked "wobbly failed"
type_ "retry"
until_asked "wobbly\?"
type_ "run"
until_asked "wobbly failed"
type_ "retry"
until_asked "wobbly\?"
same "a step that keeps failing is asked about again and again, never passed over (Octopus#2885)" "middle" "$(tables)"
admin "create table public.allowed (id int)"
type_ "run"
skip "last"
until_seen "ended 0"
same "a skipped first, nested, section-less or last step never runs (braintree/runbook#24)" "allowed middle wobbly" "$(tables)"
same "each skip is in the journal with its reason" "first nested last" "$(admin "select string_agg(regexp_replace(step_path, '.*/', ''), ' ' order by seq) from runbook.attempt where run_id = '$(last_run)' and event = 'skipped' and note is not null")"
drop_tables

begin "tenantsh run ./skip.lua; echo ended \$?"
skip "first"
skip "nested"
until_asked "middle"
type_ "run"
until_asked "wobbly"
type_ "run"
until_asked "wobbly failed"
type_ "abort"
until_seen "ended 1"
id=$(last_run)
same "abort fails at once: one attempt, nothing after it (Octopus#707)" "middle 1" "$(tables) $(admin "select count(*) from runbook.attempt where run_id = '$id' and event = 'failed'")"
admin "create table public.allowed (id int)"
expect "the resume, unasked" 0 tenantsh runs resume "$id" --yes
same "skips survive a retry and a resume (Octopus#4132)" "allowed last middle wobbly" "$(tables)"
drop_tables

# ---- a retry looks again ---------------------------------------------------------------------------------------
cat >look.lua <<'LUA'
runbook "look" { brief = "a probe and an effect that fails late" }
step "build" { on = master,
  probe = function(run, db) return db:value("select to_regclass('public.built') is not null"), "it is there" end,
  effect = function(run, db)
    db:exec("insert into public.tries default values")
    db:exec("insert into public.gate values (1)")   -- is not there at first
    db:exec("create table public.built (id int)") end }
step "after" { on = master, tx = function(db) db:exec("create table public.after (id int)") end }
LUA
admin "create table public.tries (at timestamptz default now())"
begin "tenantsh run ./look.lua; echo ended \$?"
until_asked "build\?"
type_ "run"
until_asked "build failed"
admin "create table public.gate (id int)"
type_ "retry"
until_asked "build\?"
type_ "run"
until_asked "after"
same "a retry does what is not there, whatever was journalled (Octopus#5208)" "built gate tries 2" "$(tables) $(admin "select count(*) from public.tries")"
type_ "abort"
until_seen "ended 4"
admin "drop table public.built, public.gate; truncate public.tries"
begin "tenantsh run ./look.lua --fresh; echo ended \$?"
until_asked "build\?"
type_ "run"
until_asked "build failed"
admin "create table public.built (id int)"   # somebody does it meanwhile
type_ "retry"
until_asked "after"
same "and does not do again what is there" 1 "$(admin "select count(*) from public.tries")"
tmux_ send-keys -t main C-d
until_seen "ended 4"
same "the end of input is no answer" "built tries" "$(tables)"
drop_tables

# ---- keys typed early ------------------------------------------------------------------------------------------
cat >early.lua <<'LUA'
runbook "early" { brief = "a long step, then questions" }
step "long" { on = master, tx = function(db) db:value("select pg_advisory_xact_lock(hashtext('long')) is not null") end }
step "after" { on = master, tx = function(db) db:exec("create table public.after (id int)") end }
step "grave" { on = master, destructive = true, tx = function(db) db:exec("create table public.grave (id int)") end }
LUA
hold long
begin "tenantsh run ./early.lua; echo ended \$?"
until_asked "long"
type_ "run"
until_ "the long step works" waiting
for word in run run "" r master; do type_ "$word"; done
let_go
until_asked "after"
same "keys typed during a long step answer no later prompt (ansible PR #30323)" "" "$(tables)"
type_ "run"
until_asked "grave"
type_ ""
until_seen "Enter alone answers nothing"
type_ "run"
until_seen "the name, typed: do it"
same "nor does run or Enter where a name is wanted" "after" "$(tables)"
type_ "abort"
until_seen "ended 4"
drop_tables
begin "tenantsh run ./early.lua </dev/null & wait \$!; echo ended \$?"
until_seen "answer it with --yes" "ended 4"
begin "tenantsh run ./early.lua & wait \$!; echo ended \$?"
until_seen "answer it with --yes" "ended 4"
pass "a job in the background of a terminal stops with a message instead of asking (ansible PR #14755)"
begin "nohup tenantsh run ./early.lua; cat nohup.out; echo ended \$?"
until_seen "answer it with --yes" "ended"
same "and nothing was done" "" "$(tables)"

# ---- Ctrl-C ----------------------------------------------------------------------------------------------------
admin "create table public.cutover (fenced bool, target text, settled bool)"
cat >cutover.lua <<'LUA'
runbook "cutover" { brief = "fence, switch, settle", locks = function() return { "tenant acme" } end }
local function work(db, name) db:value("select pg_advisory_xact_lock(hashtext($1)) is not null", name) end
section "switch" (function()
  step "fence" { on = master,
    tx = function(db) work(db, "fence") db:exec("update public.cutover set fenced = true") end,
    release = function(run, outputs, db) db:exec("update public.cutover set fenced = false") end }
  step "compare" { on = master, tx = function(db) work(db, "compare") end }
  step "switch" { on = master, point_of_no_return = true,
    tx = function(db) work(db, "switch") db:exec("update public.cutover set target = 'new'") end }
  step "settle" { on = master, tx = function(db) work(db, "settle") db:exec("update public.cutover set settled = true") end }
end)
step "announce" { on = master, tx = function(db) work(db, "announce") db:exec("create table public.announced (id int)") end }
LUA
state() { admin "select format('fenced %s, %s, settled %s', fenced, target, settled) from public.cutover"; }
for step in fence compare switch settle announce; do
    admin "truncate public.cutover; insert into public.cutover values (false, 'old', false)"
    hold $step
    begin "tenantsh run ./cutover.lua --yes --fresh --confirm master; echo ended \$?"
    until_ "$step works" waiting
    tmux_ send-keys -t main C-c
    wanted="fenced f, old, settled f"
    case $step in
        switch | settle)
            until_seen "past the point of no return"
            tmux_ send-keys -t main C-c
            wanted="fenced f, new, settled t" ;;
        announce) wanted="fenced f, new, settled t" ;;
    esac
    [ $step = fence ] || [ $step = compare ] || [ $step = announce ] || let_go
    until_seen "ended 130"
    let_go
    same "Ctrl-C at $step ends in a whole state: $wanted (vitess#19680)" "$wanted cutover" "$(state) $(tables)"
done
admin "update public.cutover set fenced = false, target = 'old', settled = false"
begin "tenantsh run ./cutover.lua --fresh; echo ended \$?"
until_asked "fence"
type_ "run"
until_asked "compare"
tmux_ send-keys -t main C-c
until_seen "ended 130"
same "Ctrl-C at a question puts the fence back too" "fenced f, old, settled f" "$(state)"

# ---- two operators ---------------------------------------------------------------------------------------------
begin "tenantsh run ./cutover.lua --fresh; echo ended \$?"
first=$terminal
until_asked "fence"
type_ "run"
until_asked "compare"
begin_beside "clear; tenantsh run ./cutover.lua --fresh; echo ended \$?"
second=$terminal
until_seen "tenant acme is being worked on by run $(last_run) (cutover) of $(id -un)@$(uname -n), process " ", since 20" 'at step "switch/compare"' "ended 6"
pass "the second operator is told who, where, since when, at which step"
terminal=$first
until_asked "compare"
type_ "run"
until_asked "switch"
type_ "abort"
until_seen "ended 4"
same "the first one was not disturbed" "fenced f, old, settled f" "$(state)"
terminal=$second
type_ "clear; tenantsh run ./cutover.lua --fresh; echo ended \$?"
until_asked "fence"
type_ "abort"
until_seen "ended 4"
pass "and when it has ended the second gets its turn"

finish
