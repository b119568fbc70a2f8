#!/usr/bin/env bash
# What a person can answer at a step, at a real terminal: show, shell, break, unasked, undo, by-hand, detach; what they
# see before they do; and how somebody else goes on.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }
tables() { admin "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"; }
await_tables() { for _ in $(seq 100); do [ "$(tables)" = "$2" ] && break; sleep 0.1; done; same "$1" "$2" "$(tables)"; }

cat >steps.lua <<'LUA'
runbook "steps" { brief = "five tables", inputs = { word = input.text { default = "hello" } }, locks = function() return { "tenant acme" } end }
local function there(name) return function(_, db) return db:value("select count(*) from pg_class where relname = $1", name) == 1, "looked for " .. name end end
local function make(name) return function(db) db:exec("create table public." .. name .. " (id int)") return { made = name } end end
local function drop(name) return function(_, _, db) db:exec("drop table if exists public." .. name) end end
step "one"   { on = master, probe = there "one", pre = function(_, db) expect(db:value("select true")) end, tx = make "one", undo = drop "one" }
step "two"   { on = master, timeout = "30s", tx = make "two", undo = drop "two" }
section "deep" (function()
  step "three" { on = master, tx = make "three", undo = "deep/four" }
  step "four"  { on = master, tx = make "four", undo = drop "four" }
end)
step "five"  { on = master, destructive = true, tx = function(db) db:exec("create table public.five (id int)") end }
step "six"   { manual = "call the customer", verify = function() expect(tenants ~= nil) end }
LUA
sed -i 's/, undo = "deep\/four"/, undo = drop "three"/' steps.lua

# ---- what is seen, show, shell ------------------------------------------------------------------------------
begin "tenantsh run ./steps.lua; echo ended \$?"
until_asked "one"
until_seen "steps › one" "on     master (sandbox)" "found  not done: looked for one" "its precondition was looked at and holds" \
    "create table public.one (id int)" "drop table if exists public.one" "[r]un, [s]kip, by-hand, unasked, s[h]ow, sh[e]ll, break, undo, detach, [a]bort?"
type_ "show"
until_seen "inputs of the run" "word = hello" "this step: pending"
until_asked "bort"
type_ "shell"
until_seen "sandbox · steps › one · read-only>"
type_ "servers:list()"
until_seen "pg-1"
type_ "runs:abandon('x')"
until_seen "is a write; a step of a run waits, and this prompt only reads"
type_ "for i = 1, 1e12 do end"
sleep 1
tmux_ send-keys -t main C-c
type_ "show(6 * 7)"
until_seen "42"
type_ '\q'
until_asked "bort"
same "nothing was done by looking" "" "$(tables)"
type_ "undo"
until_seen "this run did nothing before this step that could be undone"
until_asked "bort"

# ---- undo one step back, unasked, break ---------------------------------------------------------------------
type_ "run"
until_asked "two"
type_ "run"
until_asked "three"
same "two steps ran" "one two" "$(tables)"
type_ "undo"
until_asked "undo two"
until_seen "drop table if exists public.two"
type_ "undo"
until_asked "two"
same "the last one is taken back" "one" "$(tables)"
type_ "undo"
until_asked "undo one"
type_ "keep"
until_asked "reason"
type_ "changed my mind"
until_asked "two"
same "or kept, with a reason" "one" "$(tables)"
type_ "break"
until_asked "which step"
type_ "nowhere"
until_seen 'steps has no step "nowhere"'
until_asked "bort"
type_ "break"
until_asked "which step"
type_ "deep/four"
until_seen "stops at deep/four"
type_ "unasked"
until_asked "four"
same "unasked up to the breakpoint" "one three two" "$(tables)"
type_ "unasked"
until_asked "five"
until_seen "DESTRUCTIVE"
same "unasked up to the destructive step" "four one three two" "$(tables)"
type_ ""
until_asked "Enter alone answers nothing"
type_ "run"
until_asked "bort"
type_ "y"
until_asked "bort"
same "neither run nor y nor Enter confirms it" "four one three two" "$(tables)"
type_ "master"
until_asked "six"
same "its name does" "five four one three two" "$(tables)"
until_seen "call the customer"

# ---- detach, and somebody else ------------------------------------------------------------------------------
type_ "undo"
until_seen 'step "five" has no undo'
until_asked "bort"
type_ "detach"
until_asked "for whom"
type_ "bob"
until_asked "what should they know"
type_ "the customer sleeps until nine"
until_seen "detached before step six" "ended 4"
id=$(last_run)
expect "a detached run holds what it worked on" 6 tenantsh run ./steps.lua --yes --fresh
has "who, which, since when, how to go on" "$output" "tenant acme is held by run $id (steps)" "detached, since" "tenantsh runs resume $id" "tenantsh runs abandon $id"
expect "it is listed" 0 tenantsh runs list --format csv
has "as detached" "$output" "$id,steps,detached"
begin "SUDO_USER=carol tenantsh runs resume $id; echo ended \$?"
until_asked "Take it over"
until_seen "to bob: the customer sleeps until nine"
type_ "abort"
until_seen "ended 4"
begin "SUDO_USER=bob tenantsh runs resume $id; echo ended \$?"
until_asked "six"
until_seen "the customer sleeps until nine"
type_ "by-hand"
until_seen "done by hand" "ended 0"
expect "the lock is free" 0 tenantsh run ./steps.lua --yes --fresh --until one
admin "drop table public.one, public.two, public.three, public.four, public.five"

# ---- after a failure ----------------------------------------------------------------------------------------
cat >fails.lua <<'LUA'
runbook "fails" { brief = "an effect that stops half-way" }
step "half" { on = master, probe = function(_, db)
    if db:value("select count(*) from pg_class where relname = 'halfway'") == 0 then return "not_done" end
    return db:value("select count(*) from pg_class where relname = 'whole'") == 1 and "done" or "broken", "halfway is there"
  end,
  effect = function(_, db) db:exec("create table public.halfway (id int)") expect(db:value("select to_regclass('public.ready') is not null"), "not ready") db:exec("create table public.whole (id int)") end,
  undo = function(_, _, db) db:exec("drop table if exists public.halfway, public.whole") end }
LUA
begin "tenantsh run ./fails.lua; echo ended \$?"
until_asked "half"
type_ "run"
until_asked "failed"
until_seen "not ready"
type_ "retry"
until_asked "failed"
until_seen "halfway is there"
type_ "undo"
until_asked "undo half"
type_ "undo"
until_asked "half"
same "undo takes the half-done step back" "" "$(tables)"
admin "create table public.ready ()"
type_ "run"
until_seen "ended 0"
same "and then it runs" "halfway ready whole" "$(tables)"
begin "tenantsh run ./fails.lua --fresh; echo ended \$?"
until_seen "ended 0"
admin "drop table public.halfway, public.whole"
begin "tenantsh run ./fails.lua --fresh; echo ended \$?"
until_asked "half"
until_seen "takes" "once before"
type_ "abort"
until_seen "ended 4"
finish
