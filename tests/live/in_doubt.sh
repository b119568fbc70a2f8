#!/usr/bin/env bash
# A connection that is cut while the server works at COMMIT, a swallowed error, a lock held by somebody else, an orphan:
# what happened is found out, never guessed.
. "$(dirname "$0")/../support/sandbox.sh"
command -v socat >/dev/null || { echo "socat is not installed" >&2; exit 1; }

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of pg-1)" -c "$@"; }
out=$work/out

# ---- a swallowed error --------------------------------------------------------------------------------------
cat >swallow.lua <<'LUA'
runbook "swallow" { brief = "an error behind pcall" }
step "hidden" { on = master, tx = function(db)
  db:exec("create table public.hidden (id int)")
  pcall(function() db:exec("select 1 / 0") end)
end }
LUA
expect "a swallowed SQL error fails the step" 1 tenantsh run ./swallow.lua --yes
same "and nothing of it is committed" "" "$(superuser master master "select relname from pg_class where relname = 'hidden'")"

# ---- the connection is cut at COMMIT ------------------------------------------------------------------------
mkdir "$work/proxy"
chmod 755 "$work/proxy"
proxy_pid=
proxy() {
    rm -f "$work/proxy/.s.PGSQL.5501"
    setsid socat "UNIX-LISTEN:$work/proxy/.s.PGSQL.5501,fork" "UNIX-CONNECT:$sockets/.s.PGSQL.$(port_of pg-1)" 2>/dev/null &
    proxy_pid=$!
    for _ in $(seq 100); do [ -S "$work/proxy/.s.PGSQL.5501" ] && return; sleep 0.02; done
}
cut_proxy() { kill -9 -- "-$proxy_pid" 2>/dev/null; wait "$proxy_pid" 2>/dev/null; }
trap 'status=$?; cut_proxy; (exit $status); end_sandbox' EXIT   # its status is the script's
superuser pg-1 postgres "create table public.slow (id int); grant all on public.slow to public;
  create function public.slowly() returns trigger language plpgsql as 'begin perform pg_sleep(2); return null; end';
  create constraint trigger slowly after insert on public.slow deferrable initially deferred for each row execute function public.slowly()" >/dev/null
cat >cut.lua <<LUA
runbook "cut" { brief = "a commit that takes its time" }
step "slow" {
  on = { name = "proxied", host = "$work/proxy", port = 5501, admin_user = "tenantsh_admin", admin_secret = "file:$TENANTSH_HOME/sandbox/secrets/pg-1.admin", database = "postgres" },
  tx = function(db) db:exec("insert into public.slow values (1)") return { inserted = 1 } end,
}
LUA
[ -f "$TENANTSH_HOME/sandbox/secrets/pg-1.admin" ] || sed -i "s#pg-1.admin#$(ls "$TENANTSH_HOME/sandbox/secrets" | grep pg-1 | grep -v superuser | head -n 1)#" cut.lua
# COMMIT can be seen waiting: in the trigger, before it has happened, or for a standby that does not exist, after.
until_committing() {
    for _ in $(seq 200); do
        [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where query = 'COMMIT' and wait_event = '$1' and state = 'active'")" = 1 ] && return
        sleep 0.02
    done
    fail "COMMIT was seen waiting for $1" "$(cat "$out"; superuser pg-1 postgres "select pid, state, wait_event, query from pg_stat_activity where application_name like 'tenantsh%'")"
}
standby() { superuser pg-1 postgres "alter system set synchronous_standby_names = '$1'" >/dev/null; superuser pg-1 postgres "select pg_reload_conf()" >/dev/null; sleep 0.2; }
end_commit() { superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where query = 'COMMIT' and state = 'active'" >/dev/null; }
begin() { tenantsh run ./cut.lua --fresh --yes >"$out" 2>&1 </dev/null & victim=$!; }

proxy
standby nobody
begin
until_committing SyncRep
cut_proxy
standby ''
proxy
wait $victim
same "cut after the server committed, before its answer: the run goes on" 0 $?
check "and says by what it knows" "$(grep -q 'the marker of step slow is there' "$out" || cat "$out")"
same "done once" 1 "$(admin "select count(*) from public.slow")"

begin
until_committing PgSleep
cut_proxy
proxy
wait $victim
same "cut while the server works at COMMIT: its backend is waited for, and commits" 0 $?
check "and it is said so" "$(grep -q 'the marker of step slow is there' "$out" || cat "$out")"
same "done once more" 2 "$(admin "select count(*) from public.slow")"

begin
until_committing PgSleep
cut_proxy
proxy
end_commit
wait $victim
same "cut, and its backend ended before it committed: not done" 3 $?
check "and it is said so" "$(grep -q 'nothing of the step was done' "$out" || cat "$out")"
same "nothing was added" 2 "$(admin "select count(*) from public.slow")"
expect "the resume does it" 0 tenantsh runs resume "$(last_run)" --yes
same "once" 3 "$(admin "select count(*) from public.slow")"

begin
until_committing PgSleep
end_commit
wait $victim
check "its backend ended before it committed: not done, and said so" "$([ $? != 0 ] && grep -qE 'nothing of the step was done|terminating connection' "$out" || cat "$out")"
same "nothing was added by it" 3 "$(admin "select count(*) from public.slow")"

standby nobody
begin
until_committing SyncRep
cut_proxy
standby ''
wait $victim
same "cut, and the server stays away: in doubt" 5 $?
check "it says that it cannot be told" "$(grep -q 'cannot be told' "$out" || cat "$out")"
expect "a resume without the server stays in doubt" 5 tenantsh runs resume "$(last_run)" --yes
proxy
expect "with the server it finds the marker" 0 tenantsh runs resume "$(last_run)" --yes
same "done once" 4 "$(admin "select count(*) from public.slow")"

# ---- two of us ----------------------------------------------------------------------------------------------
cat >held.lua <<'LUA'
runbook "held" { brief = "takes a while", locks = function() return { "tenant acme" } end }
step "long" { on = master, tx = function(db) db:exec("select pg_sleep(3)") end }
LUA
tenantsh run ./held.lua --yes >"$out" 2>&1 </dev/null &
holder=$!
for _ in $(seq 100); do [ -n "$(superuser master master "select 1 from pg_stat_activity where query like 'select pg_sleep(3)%' and state = 'active'")" ] && break; sleep 0.05; done
tenantsh run ./held.lua --yes >"$work/second" 2>&1 </dev/null
same "the second run is told: exit 6" 6 $?
check "who, where, since when, at which step" "$(for text in "$(id -un)@" "process $holder" "since 20" 'held'; do grep -qF -- "$text" "$work/second" || { echo "no $text"; cat "$work/second"; }; done)"
wait $holder
same "the first is not disturbed" 0 $?

finish
