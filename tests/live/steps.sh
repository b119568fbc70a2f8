#!/usr/bin/env bash
# What a step can say beyond its body: undo, release, each, timeout, point of no return, include; and what a resume
# does when the script has changed. On a real master, by runbooks as an operator would write them.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }
# said NAME TEXT…: the last command's output ($out) holds each.
said() {
    local name=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$out" || { fail "$name" "wanted: $text
$(cat "$out")"; return; }
    done
    pass "$name"
}
out=$work/out
# run STATUS COMMAND…
run() {
    local wanted=$1 status
    shift
    "$@" >"$out" 2>&1 </dev/null
    status=$?
    [ $status = "$wanted" ] || fail "$*: exit $status, wanted $wanted" "$(cat "$out")"
}

# ---- undo ---------------------------------------------------------------------------------------------------
cat >undo.lua <<'LUA'
runbook "undo_me" { brief = "three tables and a file", inputs = { fail = input.boolean { default = false } } }
step "first"  { on = master, tx = function(db) db:exec("create table public.first (id int)") end,
                undo = function(run, outputs, db) db:exec("drop table public.first") end }
step "second" { on = master, tx = function(db) db:exec("create table public.second (id int)") return { rows = 7 } end,
                undo = function(run, outputs, db) expect(outputs.rows == 7, "outputs are lost") db:exec("drop table public.second") end }
step "kept"   { on = master, tx = function(db) db:exec("create table public.kept (id int)") end }
step "third"  { on = master,
                tx = function(db, run) db:exec("create table public.third (id int)") expect(not run.fail, "told to fail") end,
                undo = function(run, outputs, db) db:exec("drop table public.third") end }
LUA
tables() { admin "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"; }
run 0 tenantsh run ./undo.lua --yes
same "the run made its tables" "first kept second third" "$(tables)"
id=$(last_run)
run 4 tenantsh runs undo "$id"
said "undo asks, and names the flag" "answer it with --yes"
same "nothing was undone unasked" "first kept second third" "$(tables)"
run 0 tenantsh runs undo "$id" --yes
said "undo goes backwards and says what stays" "third   undone" "second  undone" 'step "kept" has no undo'
same "undo took back what could be" "kept" "$(tables)"
same "the markers are gone too" "kept" "$(admin "select string_agg(step_path, ' ') from tenantsh.step_marker where run_id = '$id'")"
run 2 tenantsh runs undo "$id"
said "an undone run is not undone again" "is undone"
run 2 tenantsh runs resume "$id"
admin "drop table public.kept"
run 1 tenantsh run ./undo.lua --yes --input fail=true
same "a failed tx step left nothing" "first kept second" "$(tables)"
run 0 tenantsh runs undo "$(last_run)" --yes
same "undo of a half-finished run: the failed step is not undone, the done ones are" "kept" "$(tables)"
admin "drop table public.kept"

# Killed in the middle of undo, at each of its moments: undo again ends in the same state.
for moment in undo_intent commit effect undone; do
    run 0 tenantsh run ./undo.lua --yes
    id=$(last_run)
    (TENANTSH_CRASH="$moment:second" tenantsh runs undo "$id" --yes </dev/null; exit $?) >"$out" 2>&1
    same "undo is killed at $moment" 137 $?
    run 0 tenantsh runs undo "$id" --yes
    same "undo killed at $moment, then undo: same end" "kept" "$(tables)"
    admin "drop table public.kept"
done

# ---- point of no return -------------------------------------------------------------------------------------
cat >ponr.lua <<'LUA'
runbook "no_return" { brief = "past it there is no undo" }
step "before" { on = master, tx = function(db) db:exec("create table public.first (id int)") end,
                undo = function(run, outputs, db) db:exec("drop table public.first") end }
section "cut" (function()
  step "point" { on = master, point_of_no_return = true, tx = function(db) db:exec("create table public.second (id int)") end }
  step "settle" { on = master, tx = function(db) db:exec("select pg_sleep(1.5)") db:exec("create table public.third (id int)") end }
end)
step "after" { on = master, tx = function(db) db:exec("create table public.fourth (id int)") end }
LUA
run 4 tenantsh run ./ponr.lua --yes
said "--yes does not answer a point of no return" "--confirm master"
tenantsh runs resume "$(last_run)" --yes --confirm master >"$out" 2>&1 </dev/null &
victim=$!
for _ in $(seq 100); do [ "$(admin "select count(*) from pg_stat_activity where query like '%pg_sleep(1.5)%' and pid <> pg_backend_pid()")" = 1 ] && break; sleep 0.02; done
kill -TERM $victim; sleep 0.2; kill -TERM $victim   # a background job ignores SIGINT
wait $victim
same "a request to stop past the point of no return stops after its section" "130 first second third" "$? $(tables)"
said "and says so" "past the point of no return"
id=$(last_run)
run 1 tenantsh runs undo "$id" --yes
said "undo past it is refused" "past its point of no return"
same "and touches nothing" "first second third" "$(tables)"
run 0 tenantsh runs resume "$id" --yes
same "the run goes on" "first fourth second third" "$(tables)"
admin "drop table public.first, public.second, public.third, public.fourth"

# ---- release ------------------------------------------------------------------------------------------------
admin "create table public.status (tenant text primary key, status text); insert into public.status values ('acme', 'active')"
cat >release.lua <<'LUA'
runbook "release_me" { brief = "a status that must come back", inputs = { fail = input.boolean { default = false } } }
section "read only" (function()
  step "close" { on = master,
    tx = function(db)
      local before = db:value("select status from public.status where tenant = 'acme'")
      db:exec("update public.status set status = 'read_only'")
      return { before = before }
    end,
    release = function(run, outputs, db) db:exec("update public.status set status = $1", outputs.before) end }
  step "work" { on = master, tx = function(db, run)
      expect(db:value("select status from public.status") == "read_only", "not closed")
      expect(not run.fail, "told to fail")
      db:exec("create table public.first (id int)")
    end }
end)
step "after" { on = master, tx = function(db)
  expect(db:value("select status from public.status") == "active", "not put back")
  db:exec("create table public.second (id int)") end }
LUA
status() { admin "select status from public.status"; }
run 0 tenantsh run ./release.lua --yes
said "the section ends, the status comes back" "read only/close  put back"
same "before what follows" "active first second status" "$(status) $(tables)"
admin "drop table public.first, public.second"
run 1 tenantsh run ./release.lua --yes --input fail=true
same "also when the section fails" "active status" "$(status) $(tables)"
id=$(last_run)
sed -i 's/expect(not run.fail, "told to fail")//' release.lua
run 0 tenantsh runs resume "$id" --yes
said "a resume closes it again first" "read only/close  done"
same "and puts it back again" "active first second status" "$(status) $(tables)"
admin "drop table public.first, public.second"
for moment in commit effect done; do
    (TENANTSH_CRASH="$moment:read only/work" tenantsh run ./release.lua --yes </dev/null; exit $?) >"$out" 2>&1
    same "killed at $moment: nothing could put it back" "137 read_only" "$? $(status)"
    run 0 tenantsh runs resume "$(last_run)" --yes
    same "killed at $moment: the resume does" "active first second status" "$(status) $(tables)"
    admin "drop table public.first, public.second"
done
(TENANTSH_CRASH="release_intent:read only/close" tenantsh run ./release.lua --yes </dev/null; exit $?) >"$out" 2>&1
run 0 tenantsh runs resume "$(last_run)" --yes
same "killed before the release: the resume releases" "active first second status" "$(status) $(tables)"
admin "drop table public.first, public.second, public.status"

# ---- each ---------------------------------------------------------------------------------------------------
admin "create table public.work (item text primary key, done int not null default 0); insert into public.work select 'item-' || i from generate_series(1, 20) i"
cat >each.lua <<'LUA'
runbook "each_item" { brief = "one after the other", inputs = { bad = input.text { default = "none" } } }
step "work" { on = master, max_failures = 1,
  each = function() local items = {} for i = 1, 20 do items[i] = "item-" .. i end return items end,
  tx = function(db, run)
    expect(run.item ~= run.bad, "told to fail")
    db:exec("update public.work set done = done + 1 where item = $1", run.item)
    return { item = run.item }
  end,
  undo = function(run, outputs, db)
    expect(outputs.item == run.item, "outputs of another item")
    db:exec("update public.work set done = done - 1 where item = $1", run.item)
  end }
step "sum" { on = master, read_only = true, tx = function(db, run)
  expect(run.outputs["work"]["item-7"].item == "item-7", "outputs by item")
  return { done = db:value("select sum(done) from public.work") } end }
LUA
done_items() { admin "select sum(done) || ' of ' || count(*) || ', most ' || max(done) from public.work"; }
run 8 tenantsh run ./each.lua --plan
said "the plan names the items and the first one's SQL" "20 items: item-1, item-2" "update public.work set done = done + 1"
run 1 tenantsh run ./each.lua --yes --input bad=item-5
said "a failed item is named" "item-5  failed · told to fail" "1 of 20 items failed (item-5), 19 done"
same "the others were done" "19 of 20, most 1" "$(done_items)"
sed -i 's/expect(run.item ~= run.bad, "told to fail")//' each.lua
run 0 tenantsh runs resume "$(last_run)" --yes
same "a resume does only what is left" "20 of 20, most 1" "$(done_items)"
id=$(last_run)
same "items are journalled one by one" "20" "$(admin "select count(*) from runbook.item where run_id = '$id' and state = 'done'")"
run 0 tenantsh runs undo "$id" --yes
same "undo takes each back" "0 of 20, most 0" "$(done_items)"
for moment in commit effect item mirrored; do
    (TENANTSH_CRASH="$moment:work" tenantsh run ./each.lua --yes </dev/null; exit $?) >"$out" 2>&1
    same "an item killed at $moment" 137 $?
    run 0 tenantsh runs resume "$(last_run)" --yes
    same "an item killed at $moment: resumed, none twice" "20 of 20, most 1" "$(done_items)"
    run 0 tenantsh runs undo "$(last_run)" --yes
done
admin "drop table public.work"

# ---- timeout ------------------------------------------------------------------------------------------------
cat >timeout.lua <<'LUA'
runbook "timed" { brief = "one that takes too long" }
step "slow" { on = master, timeout = "1s", tx = function(db) db:exec("create table public.first (id int)") pcall(function() db:exec("select pg_sleep(30)") end) end }
LUA
run 1 tenantsh run ./timeout.lua --yes
said "a timeout stops the statement, also behind pcall" "timed out after 1.0 s"
same "and nothing of it is left" "" "$(tables)"
printf 'runbook "x" { brief = "b" }\nstep "s" { on = master, timeout = "soon", tx = function() end }\n' >bad.lua
run 2 tenantsh run ./bad.lua --plan
said "a bad timeout is named" 'timeout "soon" is no interval'

# ---- a script that changed ----------------------------------------------------------------------------------
cat >changed.lua <<'LUA'
runbook "changed" { brief = "edited between two goes" }
local function name() return "first" end
step "one" { on = master, tx = function(db) db:exec("create table public." .. name() .. " (id int)") end }
step "two" { on = master, tx = function(db) db:exec("create table public.second (id int)") end }
step "three" { on = master, tx = function(db) expect(false, "not yet") end }
LUA
begin_changed() { admin "set client_min_messages = warning; drop table if exists public.first, public.second, public.third"; run 1 tenantsh run ./changed.lua --yes; id=$(last_run); cp changed.lua now.lua; }
begin_changed
cp changed.lua original.lua
sed -i 's/expect(false, "not yet")/db:exec("create table public.third (id int)")/' changed.lua
run 0 tenantsh runs resume "$id" --yes
said "a fixed pending step needs no word" "edited, not done yet" "changed done"
same "and runs with the fix" "first second third" "$(tables)"
cp original.lua changed.lua; begin_changed
sed -i 's/return "first" end/return "other" end/; s/expect(false, "not yet")/return/' changed.lua
run 8 tenantsh runs diff "$id"
said "runs diff names the step whose helper changed" "edited after it was done"
run 4 tenantsh runs resume "$id" --yes
said "a done step edited through its helper needs a word" "step one was edited after it was done" "--edited keep"
run 0 tenantsh runs resume "$id" --yes --edited keep
same "its effect stays" "first second" "$(tables)"
cp original.lua changed.lua; begin_changed
sed -i 's/^step "two"/step "between" { on = master, tx = function(db) db:exec("create table public.between (id int)") end }\n&/; s/expect(false, "not yet")/return/' changed.lua
run 4 tenantsh runs resume "$id" --yes
said "an inserted step needs a choice" "step between is new, and steps after it are done" "--inserted run|skip"
run 2 tenantsh runs resume "$id" --yes --inserted perhaps
run 0 tenantsh runs resume "$id" --yes --inserted skip
same "skip: the run does without it" "first second" "$(tables)"
cp original.lua changed.lua; begin_changed
sed -i 's/^step "two"/step "between" { on = master, tx = function(db) db:exec("create table public.third (id int)") end }\n&/; s/expect(false, "not yet")/return/' changed.lua
run 0 tenantsh runs resume "$id" --yes --inserted run
same "run: it is done now" "first second third" "$(tables)"
cp original.lua changed.lua; begin_changed
sed -i 's/^step "two"/step "zwei"/; s/expect(false, "not yet")/return/' changed.lua
run 0 tenantsh runs resume "$id" --yes
said "a renamed step is recognised by its body" "renamed from two" "was two"
same "and not done twice" "first second" "$(tables)"
cp original.lua changed.lua; begin_changed
sed -i '/^step "two"/d; s/expect(false, "not yet")/return/' changed.lua
run 0 tenantsh runs resume "$id" --yes
said "a removed step is shown" "removed from the script"
admin "drop table if exists public.first, public.second, public.third"

# ---- include ------------------------------------------------------------------------------------------------
mkdir -p parts
cat >parts/table.lua <<'LUA'
runbook "table" { brief = "one table", inputs = { name = input.text {}, rows = input.number { default = 3 } }, locks = function(run) return { "table " .. run.name } end }
step "make" { on = master, tx = function(db, run) db:exec("create table public." .. run.name .. " as select generate_series(1, $1::int) as id", run.rows) return { rows = run.rows } end,
              undo = function(run, outputs, db) db:exec("drop table public." .. run.name) end }
step "look" { on = master, read_only = true, tx = function(db, run) expect(run.outputs["make"].rows == run.rows, "own outputs") end }
LUA
cat >include.lua <<'LUA'
runbook "outer" { brief = "twice the same part", inputs = { a = input.text { default = "first" } } }
include "one" { runbook = "./parts/table.lua", inputs = function(run) return { name = run.a } end }
include "two" { runbook = "./parts/table.lua", inputs = function(run) return { name = "second", rows = run.outputs["one/make"].rows + 1 } end }
LUA
run 8 tenantsh run ./include.lua --plan
said "the plan shows the parts by their addresses" "one/make" "two/make"
run 0 tenantsh run ./include.lua --yes
same "both ran with their own inputs" "3 4" "$(admin "select (select count(*) from public.first) || ' ' || (select count(*) from public.second)")"
run 0 tenantsh runs undo "$(last_run)" --yes
same "and are undone" "" "$(tables)"
sed -i 's/name = run.a/nme = run.a/' include.lua
run 2 tenantsh run ./include.lua --yes
said "an unknown inner input is named" 'table has no input "nme"'
printf 'runbook "self" { brief = "b" }\ninclude "again" { runbook = "./self.lua" }\n' >self.lua
run 2 tenantsh run ./self.lua --plan
said "a circle is refused" "self.lua includes itself"

finish
