#!/usr/bin/env bash
# What other people's runbook engines got wrong, and that this one does not. Each check is named after what it
# prevents; the issue it was learnt from stands in brackets. Where each lesson is proven:
#
#   a skipped step never runs; skips survive retry and resume     terminal/lessons.sh, live/lessons.sh (inserted)
#   the Nth failed retry stops; abort fails at once; retry looks  terminal/lessons.sh, live/lessons.sh (no terminal)
#   a dry run, also of a resume or an undo, changes nothing       live/lessons.sh, live/plan_writes_nothing.sh
#   a failure before the first item keeps the cursor; kill -9     live/lessons.sh, live/steps.sh (each moment)
#   new inputs never vanish behind a resumed run                  live/lessons.sh
#   a nested step resumes and its parent goes on                  live/lessons.sh
#   keys typed early answer nothing                               terminal/lessons.sh
#   closed stdin, no tty, background, nohup: stop with a message  live/lessons.sh
#   cancel at each step of a cutover, locks held during undo      live/lessons.sh, terminal/lessons.sh (Ctrl-C)
#   a killed holder's orphan is named and not raced               live/lessons.sh
#   a swallowed error; COMMIT cut before and after                live/lessons.sh, live/in_doubt.sh
#   a secret is nowhere, the error around it readable             live/secret_nowhere.sh
#   an edited, renamed, removed, inserted step                    live/lessons.sh, live/steps.sh
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
dsn=$(dsn_of master)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$dsn" -c "$@"; }
tables() { admin "select coalesce(string_agg(relname, ' ' order by relname), '') from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"; }
drop_tables() {
    local table
    for table in $(tables); do admin "drop table public.$table"; done
}
out=$work/out
# until NAME COMMAND…: waits until it succeeds.
until_() {
    local name=$1
    shift
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
    fail "$name" "$(cat "$out")"
    return 1
}
# working PATTERN: a statement like it is executing on master.
working() { [ -n "$(admin "select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '$1'")" ]; }
# The whole world: every database, sequence and role, and every file below TENANTSH_HOME with its time.
world() {
    local member
    for member in master pg-1 pg-2; do
        PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser") pg_dumpall -h "$sockets" \
            -p "$(port_of "$member")" -U postgres --restrict-key=x 2>&1
    done
    find "$TENANTSH_HOME" -path '*/data' -prune -o -path '*/log' -prune -o \( -type f -printf '%p %s %T@\n' -o -type d -print \) | sort
}

# ---- a dry run changes nothing ---------------------------------------------------------------------------------
cat >dry.lua <<'LUA'
runbook "dry" { brief = "two tables and a status", inputs = { fail = input.boolean { default = true } },
                locks = function() return { "dry" } end }
section "closed" (function()
  step "close" { on = master, tx = function(db) db:exec("create table public.closed (id int)") end,
                 release = function(run, outputs, db) db:exec("drop table public.closed") end }
  step "first" { on = master, tx = function(db) db:exec("create table public.first (id int)") return { rows = 1 } end,
                 undo = function(run, outputs, db) db:exec("drop table public.first") end }
  step "second" { on = master,
    tx = function(db, run) db:exec("create table public.second (id int)") if run.fail then db:exec("delete from public.nowhere") end end,
    undo = function(run, outputs, db) db:exec("drop table public.second") end }
end)
step "each" { on = master, each = function() return { "a", "b", "c" } end,
  tx = function(db, run) db:exec("create table public." .. db:identifier("item_" .. run.item) .. " (id int)") end,
  undo = function(run, outputs, db) db:exec("drop table public." .. db:identifier("item_" .. run.item)) end }
LUA
before=$(world)
expect "a dry run has something to do" 8 tenantsh run ./dry.lua --plan --yes
same "a dry run changes no database and no file (gh-ost#1769)" "$before" "$(world)"
expect "a run that stops half-way" 1 tenantsh run ./dry.lua --yes
id=$(last_run)
before=$(world)
expect "a dry run beside a run that could be resumed" 8 tenantsh run ./dry.lua --plan --yes
same "a dry run beside a run that could be resumed changes nothing (capistrano-slack#24)" "$before" "$(world)"
expect "a dry resume says what is left" 8 tenantsh runs resume "$id" --plan --yes
has "a dry resume tells what is done and what would run" "$output" "closed/first" "already done" "closed/second" "would run" "create table public.second" "nothing was changed"
same "a dry resume changes no database and no file (safe-settings#925)" "$before" "$(world)"
expect "a dry undo says what it would take back" 8 tenantsh runs undo "$id" --plan --yes
has "a dry undo tells the statements" "$output" "would undo" "drop table public.first" "nothing was changed"
same "a dry undo changes no database and no file (safe-settings#925)" "$before" "$(world)"
expect "a dry abandon" 8 tenantsh runs abandon "$id" --plan --yes
expect "the table of changes" 0 tenantsh runs diff "$id"
expect "the journal" 0 tenantsh runs show "$id"
same "looking at a run changes nothing" "$before" "$(world)"
sed -i 's/if run.fail .* end end,$/end,/' dry.lua
expect "the real resume does it" 0 tenantsh runs resume "$id" --yes
same "what the dry ones only told" "first item_a item_b item_c second" "$(tables)"
expect "a finished run has nothing to resume, dry or not" 2 tenantsh runs resume "$id" --plan
expect "undo for real" 0 tenantsh runs undo "$id" --yes
same "takes back what its plan told" "" "$(tables)"

# ---- skips without a terminal ----------------------------------------------------------------------------------
cat >inserted.lua <<'LUA'
runbook "inserted" { brief = "first, nested, last" }
section "outer" (function() section "inner" (function()
  step "nested" { on = master, tx = function(db) db:exec("create table public.nested (id int)") end }
end) end)
step "last" { on = master, tx = function(db) expect(false, "not yet") end }
LUA
expect "a run that fails at its last step" 1 tenantsh run ./inserted.lua --yes
id=$(last_run)
sed -i 's/^section "outer".*/step "first" { on = master, tx = function(db) db:exec("create table public.first (id int)") end }\n&/' inserted.lua
expect "an inserted first step is skipped, the last fails again" 1 tenantsh runs resume "$id" --yes --inserted skip
sed -i 's/expect(false, "not yet")/db:exec("create table public.last (id int)")/' inserted.lua
expect "resumed once more, unasked" 0 tenantsh runs resume "$id" --yes
same "a skip survives a failure and a resume (Octopus#4132)" "last nested" "$(tables)"
drop_tables

# ---- retries without a terminal --------------------------------------------------------------------------------
cat >retry.lua <<'LUA'
runbook "retry" { brief = "fails until the world is right" }
step "build" { on = master,
  probe = function(run, db) return db:value("select to_regclass('public.built') is not null"), "looked" end,
  effect = function(run, db) expect(db:value("select to_regclass('public.allowed') is not null"), "not allowed") db:exec("create table public.built (id int)") end }
step "after" { on = master, tx = function(db) db:exec("create table public.after (id int)") end }
LUA
expect "a step that fails stops the run" 1 tenantsh run ./retry.lua --yes
id=$(last_run)
for attempt in 2 3; do expect "attempt $attempt fails" 1 tenantsh runs resume "$id" --yes; done
same "the Nth failed attempt stops, nothing after it runs (Octopus#2885)" "|4" "$(tables)|$(admin "select count(*) + 1 from runbook.attempt where run_id = '$id' and event = 'failed'")"
admin "create table public.built (id int)"
expect "the world is put right by hand" 0 tenantsh runs resume "$id" --yes
same "a retry looks at the world again, not at its memory (Octopus#5208)" 1 "$(admin "select count(*) from runbook.attempt where run_id = '$id' and event = 'already_done'")"
drop_tables
admin "create table public.allowed (id int)"
expect "a run that is done" 0 tenantsh run ./retry.lua --yes --until build
id=$(last_run)
admin "drop table public.built"
tenantsh runs resume "$id" --yes >"$out" 2>&1 </dev/null
same "a step journalled as done is not done again behind the operator's back (Octopus#707)" "after allowed" "$(tables)"
expect "a fresh run looks and does it again" 0 tenantsh run ./retry.lua --yes --fresh --until build
same "although its former run left a journal" "after allowed built" "$(tables)"
drop_tables

# ---- items -----------------------------------------------------------------------------------------------------
admin "create table public.cursor (item text primary key, done int not null default 0); insert into public.cursor select 'item-' || i from generate_series(1, 5) i"
cat >items.lua <<'LUA'
runbook "items" { brief = "five of them", inputs = { bad = input.text { default = "none" } } }
step "work" { on = master, each = function() return { "item-1", "item-2", "item-3", "item-4", "item-5" } end,
  pre = function(run) expect(run.bad ~= "all", "the store is away") end,
  tx = function(db, run) db:exec("update public.cursor set done = done + 1 where item = $1", run.item) end }
LUA
cursor() { admin "select string_agg(done::text, '' order by item) from public.cursor"; }
(TENANTSH_CRASH="mirrored:work" tenantsh run ./items.lua --yes </dev/null; exit $?) >"$out" 2>&1
id=$(last_run)
lost=0 steps=
for _ in 1 2 3 4 5 6 7; do   # killed right after each item it does
    steps+="$(cursor) "
    (TENANTSH_CRASH="item:work" tenantsh runs resume "$id" --yes </dev/null; exit $?) >"$out" 2>&1
    [ $? = 137 ] || break
done
same "kill -9 after each item loses none and does none twice (opik#7358)" "00000 10000 11000 11100 11110 11111 " "$steps"
same "and the run ends" "done 5" "$(admin "select state from runbook.run where id = '$id'") $(admin "select count(*) from runbook.item where run_id = '$id' and state = 'done'")"
admin "update public.cursor set done = 0"
(TENANTSH_CRASH="item:work" tenantsh run ./items.lua --yes --fresh </dev/null; exit $?) >"$out" 2>&1
id=$(last_run)
before=$(admin "select string_agg(item || state, ' ' order by item) from runbook.item where run_id = '$id'")
sed -i 's/run.bad ~= "all"/false/' items.lua
expect "a resume that fails before its first item" 1 tenantsh runs resume "$id" --yes
same "keeps what was done" "$before" "$(admin "select string_agg(item || state, ' ' order by item) from runbook.item where run_id = '$id' and state = 'done'")"
sed -i 's/expect(false, "the store is away")//' items.lua
expect "the next one goes on" 0 tenantsh runs resume "$id" --yes
same "a failure before the first item keeps the old cursor (maintenance_tasks#1036)" 11111 "$(cursor)"
drop_tables

# ---- inputs ----------------------------------------------------------------------------------------------------
cat >inputs.lua <<'LUA'
runbook "with_inputs" { brief = "what it was told", inputs = { word = input.text { default = "old" } } }
step "first" { on = master, tx = function(db, run) db:exec("create table public." .. db:identifier("first_" .. run.word) .. " (id int)") end }
step "second" { on = master, tx = function(db, run) db:exec("create table public." .. db:identifier("second_" .. run.word) .. " (id int)") end }
LUA
expect "a run that stops early" 0 tenantsh run ./inputs.lua --yes --until first
id=$(last_run)
expect "the same runbook with another input" 0 tenantsh run ./inputs.lua --yes --input word=new
same "new inputs never vanish behind a run that could be resumed (Archon#1551)" "first_new first_old second_new" "$(tables)"
expect "a resume takes no inputs" 2 tenantsh runs resume "$id" --yes --input word=new
expect "it has its own" 0 tenantsh runs resume "$id" --yes
same "the resumed run keeps the inputs it was begun with" "first_new first_old second_new second_old" "$(tables)"
expect "the same inputs again" 0 tenantsh run ./inputs.lua --yes --input word=third --until first
output=$(tenantsh run ./inputs.lua --yes --input word=third 2>&1 </dev/null)
has "an unfinished run with the same inputs is named, not resumed by itself" "$output" "was not finished" "this is a new run" "tenantsh runs resume"
drop_tables

# ---- nested steps ----------------------------------------------------------------------------------------------
mkdir -p parts
cat >parts/part.lua <<'LUA'
runbook "part" { brief = "a part", inputs = { name = input.text {} } }
section "deep" (function()
  step "before" { on = master, tx = function(db, run) db:exec("create table public." .. run.name .. "_before (id int)") return { made = run.name } end }
  step "fails" { on = master, tx = function(db, run) expect(false, "told to fail") end }
end)
step "after" { on = master, tx = function(db, run) db:exec("create table public." .. run.outputs["deep/before"].made .. "_after (id int)") end }
LUA
cat >nested.lua <<'LUA'
runbook "nested" { brief = "a section and a part" }
section "outer" (function()
  include "one" { runbook = "./parts/part.lua", inputs = function() return { name = "one" } end }
  step "rest" { on = master, tx = function(db) db:exec("create table public.rest (id int)") end }
end)
step "parent" { on = master, tx = function(db, run) db:exec("create table public.parent (id int)") expect(run.outputs["outer/one/deep/before"].made == "one", "outputs are lost") end }
LUA
expect "a nested step fails" 1 tenantsh run ./nested.lua --yes
has "and is named by its whole address" "$output" 'step "outer/one/deep/fails"'
id=$(last_run)
(TENANTSH_CRASH="intent:outer/one/deep/fails" tenantsh runs resume "$id" --yes </dev/null; exit $?) >"$out" 2>&1
same "killed there too" 137 $?
sed -i 's/expect(false, "told to fail")//' parts/part.lua
expect "the resume begins at the nested step" 0 tenantsh runs resume "$id" --yes
same "a nested step resumes and its parent goes on (st2#5024, rundeck#1433)" "one_after one_before parent rest" "$(tables)"
drop_tables

# ---- nobody there ----------------------------------------------------------------------------------------------
cat >ask.lua <<'LUA'
runbook "ask" { brief = "asks once" }
step "only" { on = master, tx = function(db) db:exec("create table public.only (id int)") end }
LUA
cat >needs.lua <<'LUA'
runbook "needs" { brief = "needs an input", inputs = { word = input.text { help = "any word" } } }
step "only" { on = master, tx = function(db) db:exec("create table public.only (id int)") end }
LUA
# stopped NAME STATUS: the last command stopped so, with a message, having done nothing.
stopped() {
    local status=$? name=$1 wanted=$2
    [ $status = "$wanted" ] && grep -q "$3" "$out" && [ -z "$(tables)" ] && pass "$name" ||
        fail "$name" "exit $status, wanted $wanted; tables: $(tables)
$(cat "$out")"
}
before=$(world)
tenantsh run ./ask.lua >"$out" 2>&1 <&-
stopped "a closed stdin stops with a message, nothing done (awx#1897)" 4 "answer it with --yes"
tenantsh run ./ask.lua >"$out" 2>&1 </dev/null
stopped "stdin from /dev/null stops with a message, nothing done (ansible PR #72065)" 4 "answer it with --yes"
printf 'run\nrun\nyes\n' | tenantsh run ./ask.lua >"$out" 2>&1
stopped "words in a pipe answer no question (ansible PR #72065)" 4 "answer it with --yes"
setsid -w tenantsh run ./ask.lua >"$out" 2>&1 </dev/null
stopped "without a controlling terminal it stops with a message (awx#1897)" 4 "answer it with --yes"
nohup tenantsh run ./ask.lua >"$out" 2>&1 </dev/null
stopped "under nohup it stops with a message (ansible PR #14755)" 4 "answer it with --yes"
tenantsh run ./ask.lua >"$out" 2>&1 &
wait $!
stopped "in the background it stops with a message (ansible PR #14755)" 4 "answer it with --yes"
tenantsh run ./needs.lua --yes >"$out" 2>&1 <&-
stopped "a missing input is no question: exit 2 that names the flag" 2 "input word=…"
printf 'word\n' | tenantsh run ./needs.lua --yes >"$out" 2>&1
stopped "nor is it read from a pipe" 2 "input word=…"
same "and none of them left a trace" "$before" "$(world)"
expect "a run that stops early" 0 tenantsh run ./inputs.lua --yes --until first
printf 'run\n' | tenantsh runs resume "$(last_run)" >"$out" 2>&1
same "a resume behind a pipe asks nobody either" 4 $?
drop_tables

# ---- cancel ----------------------------------------------------------------------------------------------------
# A cutover in small: fenced (put back when the section ends), compared, switched (no way back), settled.
admin "create table public.cutover (fenced bool, target text, settled bool, held bool); insert into public.cutover values (false, 'old', false, false)"
cat >cutover.lua <<'LUA'
runbook "cutover" { brief = "fence, compare, switch, settle", locks = function() return { "tenant acme" } end }
-- Works until the test lets it go on: it holds the row of public.gate meanwhile.
local function work(db, name) db:value("select pg_advisory_xact_lock(hashtext($1)) is not null", name) end
section "switch" (function()
  step "fence" { on = master,
    tx = function(db) work(db, "fence") db:exec("update public.cutover set fenced = true") end,
    release = function(run, outputs, db) work(db, "lift") db:exec("update public.cutover set fenced = false") end }
  step "compare" { on = master, tx = function(db) work(db, "compare") end }
  step "switch" { on = master, point_of_no_return = true,
    tx = function(db) work(db, "switch") db:exec("update public.cutover set target = 'new'") end }
  step "settle" { on = master, tx = function(db) work(db, "settle") db:exec("update public.cutover set settled = true") end }
end)
step "announce" { on = master, tx = function(db) work(db, "announce") end }
LUA
state() { admin "select format('fenced %s, %s, settled %s', fenced, target, settled) from public.cutover"; }
holder=
hold() {   # hold STEP: what the step needs; let_go frees it
    psql -X -q "$dsn" -c "select pg_advisory_lock(hashtext('$1'))" -c "select pg_sleep(120)" >/dev/null 2>&1 &
    holder=$!
    until_ "the step's way is barred" holding
}
holding() { working 'select pg_sleep(120)%'; }
let_go() { admin "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(120)%' and pid <> pg_backend_pid()" >/dev/null; wait $holder 2>/dev/null; }
waiting() { [ -n "$(admin "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'tenantsh %'")" ]; }
# cancelled STEP AFTERWARDS [PAST]: TERM (a background job ignores INT) while STEP works.
cancelled() {
    local step=$1 wanted=$2 status
    admin "update public.cutover set fenced = false, target = 'old', settled = false"
    hold "$step"
    tenantsh run ./cutover.lua --yes --fresh --confirm master >"$out" 2>&1 </dev/null &
    victim=$!
    until_ "$step is at work" waiting
    kill -TERM $victim
    if [ "${3:-}" = past ]; then
        until_ "$step: told that it waits" grep -q "past the point of no return" "$out"
        kill -TERM $victim
        let_go
    fi
    wait $victim
    status=$?
    [ "${3:-}" = past ] || let_go
    same "cancelled at $step: $wanted (vitess#19680)" "130 $wanted" "$status $(state)"
    id=$(last_run)
}
cancelled fence "fenced f, old, settled f"
cancelled compare "fenced f, old, settled f"
expect "before the point of no return it is undone" 0 tenantsh runs undo "$id" --yes
cancelled switch "fenced f, new, settled t" past
expect "past it undo is refused" 1 tenantsh runs undo "$id" --yes
cancelled settle "fenced f, new, settled t" past
expect "the rest can be resumed" 0 tenantsh runs resume "$id" --yes
cancelled announce "fenced f, new, settled t"

# While a cancelled run puts its fence back, and while an undo works, nobody else gets in.
admin "update public.cutover set fenced = false, target = 'old', settled = false"
hold compare
tenantsh run ./cutover.lua --yes --fresh --confirm master >"$out" 2>&1 </dev/null &
victim=$!
until_ "compare is at work" waiting
first=$holder
psql -X -q "$dsn" -c "select pg_advisory_lock(hashtext('lift'))" -c "select pg_sleep(119)" >/dev/null 2>&1 &
until_ "the release is barred" working 'select pg_sleep(119)%'
kill -TERM $victim
until_ "the fence is being lifted" admin "select 1 / count(*) from pg_locks where locktype = 'advisory' and not granted and objid = hashtext('lift')::bigint & 4294967295"
expect "during the release of a cancelled run a second run is refused (vitess#17620)" 6 tenantsh run ./cutover.lua --yes --confirm master
has "and told who, where, since when, at which step" "$output" "tenant acme is being worked on by" "(cutover) of $(id -un)@$(uname -n)" "since 20" 'at step "switch/fence"'
admin "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(119)%' and pid <> pg_backend_pid()" >/dev/null
holder=$first let_go
wait $victim
same "then it ends, the fence lifted" "130 fenced f, old, settled f" "$? $(state)"

cat >slow_undo.lua <<'LUA'
runbook "slow_undo" { brief = "an undo that takes its time", locks = function() return { "tenant acme" } end }
step "one" { on = master, tx = function(db) db:exec("create table public.one (id int)") end,
             undo = function(run, outputs, db) db:value("select pg_advisory_xact_lock(hashtext('undo')) is not null") db:exec("drop table public.one") end }
LUA
expect "a run to undo" 0 tenantsh run ./slow_undo.lua --yes
id=$(last_run)
hold undo
tenantsh runs undo "$id" --yes >"$out" 2>&1 </dev/null &
victim=$!
until_ "the undo is at work" waiting
expect "during an undo a second run is refused (vitess#17326)" 6 tenantsh run ./cutover.lua --yes --confirm master
expect "and so is a second undo" 6 tenantsh runs undo "$id" --yes
let_go
wait $victim
same "the undo ends undisturbed" "0 cutover" "$? $(tables)"
drop_tables

# ---- a run that is at work -------------------------------------------------------------------------------------
cat >unlocked.lua <<'LUA'
runbook "unlocked" { brief = "names nothing to lock" }
step "long" { on = master, tx = function(db) db:value("select pg_advisory_xact_lock(hashtext('long')) is not null") db:exec("create table public.long (id int)") end }
LUA
hold long
tenantsh run ./unlocked.lua --yes >"$out" 2>&1 </dev/null &
victim=$!
until_ "it is at work" waiting
expect "a run that is at work is not resumed beside itself, whatever it locks" 6 tenantsh runs resume "$(last_run)" --yes
has "who has it is said" "$output" "process $victim" 'at step "long"'
let_go
wait $victim
same "and it is not disturbed" "0 long" "$? $(tables)"
drop_tables

# ---- a killed holder -------------------------------------------------------------------------------------------
admin "create table public.orphan (at timestamptz default clock_timestamp(), pid int default pg_backend_pid())"
cat >orphan.lua <<'LUA'
runbook "orphan" { brief = "a statement that outlives its client", locks = function() return { "tenant acme" } end }
step "long" { on = master, tx = function(db)
  db:exec("insert into public.orphan default values")
  db:value("select pg_advisory_xact_lock(hashtext('orphan')) is not null") end }
LUA
# killed COMMAND…: begun, killed while its statement works; $orphan is the backend that goes on.
killed() {
    hold orphan
    "$@" >"$out" 2>&1 </dev/null &
    victim=$!
    until_ "its statement is at work" waiting
    kill -9 $victim
    wait $victim 2>/dev/null
    orphan=$(admin "select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'tenantsh %'")
}
killed tenantsh run ./orphan.lua --yes
id=$(last_run)
check "the backend of a killed run goes on working" "$([ -n "$orphan" ] || echo "no orphan")"
tenantsh run ./orphan.lua --yes >"$out" 2>&1 </dev/null &
victim=$!
until_ "the new run ends the orphan" grep -q "backend $orphan" "$out"
until_ "and begins" waiting
check "a new run names the orphan backend of the killed one (liquibase#1453)" "$(grep -q "run $id, which was killed, left running: backend $orphan in master" "$out" || cat "$out")"
let_go
wait $victim
same "and does not start a second effect beside it" "0 1" "$? $(admin "select count(*) from public.orphan")"
killed tenantsh run ./orphan.lua --yes --fresh
id=$(last_run)
tenantsh runs resume "$id" --yes >"$out" 2>&1 </dev/null &
victim=$!
until_ "the resume ends the orphan" grep -q "backend $orphan" "$out"
let_go
wait $victim
same "a resume names it too, and does the effect once" "0 2" "$? $(admin "select count(*) from public.orphan")"
killed tenantsh run ./orphan.lua --yes --fresh
let_go
until_ "the orphan ends by itself" admin "select 1 / (1 - count(*)) from pg_stat_activity where pid = $orphan"
expect "the lock of a killed holder frees itself (liquibase#1453)" 0 tenantsh run ./orphan.lua --yes --fresh
check "with nothing left to end" "$(grep -o "left running.*" <<<"$output")"
drop_tables

# ---- a swallowed error (the cut connections are in in_doubt.sh) ---------------------------------------------------
cat >swallow.lua <<'LUA'
runbook "swallow" { brief = "an error behind pcall" }
step "hidden" { on = master, tx = function(db)
  db:exec("create table public.hidden (id int)")
  pcall(db.exec, db, "select 1 / 0")
  pcall(function() db:exec("insert into public.hidden values (1)") end)
  return { fine = true }
end }
step "after" { on = master, tx = function(db) db:exec("create table public.after (id int)") end }
LUA
expect "a swallowed SQL error fails its step" 1 tenantsh run ./swallow.lua --yes
same "a swallowed SQL error never commits, and nothing after it runs" "" "$(tables)"

# ---- a script that changed -------------------------------------------------------------------------------------
cat >original.lua <<'LUA'
runbook "changed" { brief = "edited between two goes" }
local suffix = "st"
local limits = { most = 3, names = { "a", "b" } }
local function inner() return "fir" .. suffix end
local function outer() return inner() end
step "one" { on = master, tx = function(db) db:exec("create table public." .. outer() .. " (id int)") return limits.most end }
step "two" { on = master, tx = function(db) db:exec("create table public.second (id int)") end }
step "three" { on = master, tx = function(db) expect(false, "not yet") end }
LUA
begin_changed() {
    drop_tables
    cp original.lua changed.lua
    tenantsh run ./changed.lua --yes --fresh >"$out" 2>&1 </dev/null
    id=$(last_run)
    sed -i 's/expect(false, "not yet")/return/' changed.lua
    sed -i "$1" changed.lua
}
# asks NAME PATTERN…: without the word the resume stops having done nothing, with it it ends.
asks() {
    local name=$1
    shift
    expect "$name: shown" 8 tenantsh runs diff "$id"
    expect "$name: stops without the word" 4 tenantsh runs resume "$id" --yes
    has "$name: the table and the question" "$output" "$@"
    same "$name: nothing was done" "first second" "$(tables)"
}
begin_changed 's/return "fir" .. suffix/return "last" .. suffix/'
asks "a helper of a helper changed (temporal-ruby#171)" "one" "edited after it was done" "--edited keep"
begin_changed 's/local suffix = "st"/local suffix = "s"/'
asks "a constant of a helper changed" "edited after it was done" "--edited keep"
begin_changed 's/most = 3/most = 4/'
asks "a table of constants changed" "edited after it was done" "--edited keep"
begin_changed '/^step "two"/d'
tenantsh runs resume "$id" --yes >"$out" 2>&1 </dev/null
same "a done step that was removed is shown, kept, and the run ends" "0 first second" "$? $(tables)"
has "as removed" "$(cat "$out")" "two" "removed from the script"
begin_changed 's/^step "two"/step "zwei"/; s/public.second/public.zweite/'
asks "a done step that was renamed and edited is a new one" "zwei" "new in the place of two" "step zwei is new, and step two, which was in its place, is done" "--inserted run|skip"
expect "skipped it is not done beside the old one" 0 tenantsh runs resume "$id" --yes --inserted skip
same "what the old one did stays" "first second" "$(tables)"
begin_changed 's/^step "two"/-- a remark\n&/'
expect "a remark above a step is no change" 0 tenantsh runs resume "$id" --yes
drop_tables

finish
