#!/usr/bin/env bash
# Two operators on one tenant: when both begin in the same moment one wins and the other is told, whatever order they
# name the objects in, also from two homes that share nothing but master.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
dsn=$(dsn_of master)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$dsn" -c "$@"; }
admin "create table public.done (run text)"
for order in '"tenant acme", "tenant beta"' '"tenant beta", "tenant acme"'; do
    name=$([ "${order:8:4}" = acme ] && echo there || echo back)
    cat >$name.lua <<LUA
runbook "$name" { brief = "between two tenants", locks = function() return { $order } end }
step "move" { on = master, tx = function(db, run)
  db:value("select pg_advisory_xact_lock(hashtext('gate')) is not null")
  db:exec("insert into public.done values (\$1)", run.id) end }
LUA
done
# A second home, as another login of this machine or another machine has it.
mkdir -p "$work/elsewhere"
cat >tenantsh.toml <<TOML
[environment.shared]
master = "host=$sockets port=5500 dbname=master user=$(sed -n 's/.*user=\([^ ]*\).*/\1/p' <<<"$dsn")"
master_secret = "file:$(ls "$TENANTSH_HOME"/sandbox/secrets/master.admin)"
TOML
waiting() { admin "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'tenantsh %'"; }
# barred: whoever wins waits in its step until opened.
barred() {
    psql -X -q "$dsn" -c "select pg_advisory_lock(hashtext('gate'))" -c "select pg_sleep(120)" >/dev/null 2>&1 &
    holder=$!
    for _ in $(seq 200); do [ "$(admin "select count(*) from pg_stat_activity where query like 'select pg_sleep(120)%' and state = 'active'")" = 1 ] && return; sleep 0.02; done
    fail "the way is barred"
}
opened() { admin "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(120)%' and pid <> pg_backend_pid()" >/dev/null; wait $holder 2>/dev/null; }
# both NAME HOME_A RUNBOOK_A HOME_B RUNBOOK_B: begun in the same moment, ten times.
both() {
    local name=$1 time status one two wrong= told=
    for time in 1 2 3 4 5 6 7 8 9 10; do
        rm -f go
        barred
        (until [ -e go ]; do :; done; exec env TENANTSH_HOME="$2" tenantsh --env "$6" run "./$3.lua" --yes --fresh) >one.log 2>&1 </dev/null &
        one=$!
        (until [ -e go ]; do :; done; exec env TENANTSH_HOME="$4" tenantsh --env "$6" run "./$5.lua" --yes --fresh) >two.log 2>&1 </dev/null &
        two=$!
        touch go
        # The loser ends by itself; then the winner's way is opened.
        for _ in $(seq 400); do
            kill -0 $one 2>/dev/null && kill -0 $two 2>/dev/null || break
            sleep 0.02
        done
        for _ in $(seq 400); do [ "$(waiting)" = 0 ] || break; sleep 0.02; done
        opened
        wait $one; one=$?
        wait $two; two=$?
        status=$(printf '%s\n' $one $two | sort -n | tr '\n' ' ')
        [ "$status" = "0 6 " ] || wrong+="time $time: exits $one and $two: $(cat one.log two.log)"$'\n'
        grep -qhE 'is being worked on by run .*process [0-9]+, since 20' one.log two.log || told+="time $time: $(cat one.log two.log)"$'\n'
    done
    check "$name: ten times in the same moment, one wins and the other leaves with exit 6" "$wrong"
    check "$name: the other is told by whom and since when" "$told"
    same "$name: no lock and no lease is left" "0 0" "$(admin "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = 'master')") $(admin "select count(*) from runbook.lease")"
    check "$name: nor a lock file" "$(find "$2/locks" "$4/locks" -name '*.lock' 2>/dev/null)"
}
both "one runbook twice" "$TENANTSH_HOME" there "$TENANTSH_HOME" there sandbox
both "two objects named in opposite order" "$TENANTSH_HOME" there "$TENANTSH_HOME" back sandbox
both "from two homes, in opposite order" "$work/elsewhere" there "$work/elsewhere2" back shared
same "each winner did its work once" "30 30" "$(admin "select count(*) || ' ' || count(distinct run) from public.done")"

# Without a terminal, who comes later is told everything.
barred
tenantsh run ./there.lua --yes --fresh >one.log 2>&1 </dev/null &
first=$!
for _ in $(seq 200); do [ "$(waiting)" = 1 ] && break; sleep 0.02; done
told="of $(id -un)@$(uname -n), process $first, since 20"
expect "whoever comes later leaves with exit 6" 6 tenantsh run ./back.lua --yes
has "told who, where, since when, at which step" "$output" "tenant acme is being worked on by run" "(there) $told" 'at step "move"'
expect "also from another home" 6 env TENANTSH_HOME="$work/elsewhere" tenantsh --env shared run ./back.lua --yes
has "by what master knows" "$output" "(there) $told" 'at step "move"'
opened
wait $first
same "the first is not disturbed" 0 $?

finish
