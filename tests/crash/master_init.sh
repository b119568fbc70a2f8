#!/usr/bin/env bash
# Kills master_init at every durable moment of every step, and while the server executes each step's statement;
# resumes; the end state must be that of an undisturbed run, with no effect twice and no step lost.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 || { fail "sandbox up"; finish; }
sockets=$(socket_of)

expect "an undisturbed run ends" 0 tenantsh run master_init --yes
reference=$(state_of_master)
steps=$(tenantsh runbooks show master_init --format csv 2>/dev/null | awk -F, '$1 == "step" { print $2 }' | tr -d '"')
check "the reference state holds something" "$([ "$(wc -l <<<"$reference")" -gt 500 ] || echo "only $(wc -l <<<"$reference") lines")"

run_id() { ls -t "$TENANTSH_HOME"/runs/sandbox/*.jsonl 2>/dev/null | head -n 1 | sed 's/.*-\([a-z0-9]*\)\.jsonl$/\1/'; }

# resume NAME: goes on with the killed run (or begins one, when it died before its first durable line).
resume() {
    local id
    id=$(run_id)
    if [ -n "$id" ]; then expect "$1: resume" 0 tenantsh runs resume "$id" --yes
    else expect "$1: nothing was written, a new run" 0 tenantsh run master_init --yes; fi
    same "$1: same end state" "$reference" "$(state_of_master)"
}

# 1. At each moment the journal knows of.
while read -r step; do
    for moment in mirrored intent commit effect done; do
        forget_everything
        # In a subshell, so that bash's own word about the killed process goes to its log.
        (TENANTSH_CRASH="$moment:$step" tenantsh run master_init --yes </dev/null; exit $?) >"$work/killed.log" 2>&1
        status=$?
        case $status in
            137) resume "$step killed at $moment" ;;
            0) : ;;  # this step has no such moment (a check writes nothing)
            *) fail "$step killed at $moment: exit $status" "$(cat "$work/killed.log")" ;;
        esac
    done
done <<<"$steps"

# 2. While the server executes the statement: another session holds what the statement needs.
# blocked STEP MEMBER DATABASE LOCK
blocked() {
    local step=$1 member=$2 database=$3 lock=$4 holder victim waiting=
    forget_everything
    # Up to the step before, so that what is locked exists.
    local before
    before=$(grep -B1 -xF "$step" <<<"$steps" | head -n 1)
    if [ "$before" != "$step" ]; then
        tenantsh run master_init --yes --until "$before" >/dev/null 2>&1 </dev/null || { fail "$step: running up to $before"; return; }
    else
        tenantsh run master_init --plan >/dev/null 2>&1
    fi
    superuser "$member" "$database" "begin; $lock; select pg_sleep(60)" >/dev/null 2>&1 &
    holder=$!
    for _ in $(seq 100); do
        [ -n "$(superuser "$member" postgres "select 1 from pg_stat_activity where query like 'begin; lock%' and state = 'active' and wait_event = 'PgSleep'")" ] && break
        sleep 0.05
    done
    if [ -n "$(run_id)" ]; then tenantsh runs resume "$(run_id)" --yes >"$work/killed.log" 2>&1 </dev/null &
    else tenantsh run master_init --yes >"$work/killed.log" 2>&1 </dev/null & fi
    victim=$!
    for _ in $(seq 200); do
        waiting=$(superuser "$member" postgres "select pid from pg_stat_activity where application_name like 'tenantsh %' and wait_event_type = 'Lock'" | head -n 1)
        [ -n "$waiting" ] && break
        kill -0 $victim 2>/dev/null || break
        sleep 0.05
    done
    if [ -z "$waiting" ]; then fail "$step: its statement was never seen waiting" "$(cat "$work/killed.log")"
    else pass "$step: statement is executing on the server"; fi
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    superuser "$member" postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'" >/dev/null
    wait $holder 2>/dev/null
    resume "$step killed while the server executes"
}
blocked "database" master postgres "lock table pg_database in exclusive mode"
blocked "preflight" master master "lock table pg_extension in exclusive mode"
blocked "reader role" master master "lock table pg_authid in exclusive mode"
blocked "migrations" master master "lock table pg_namespace in exclusive mode"
blocked "environment" master master "lock table identity.environment in exclusive mode"
blocked "first server/reader role" pg-1 postgres "lock table pg_authid in exclusive mode"
blocked "first server/register" master master "lock table identity.db_server in exclusive mode"

finish
