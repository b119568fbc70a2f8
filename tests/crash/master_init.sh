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
# up_to STEP: a master where everything before STEP is done, so that what is to be locked exists.
up_to() {
    local before
    forget_everything
    before=$(grep -B1 -xF "$1" <<<"$steps" | head -n 1)
    [ "$before" != "$1" ] || return 0   # the first step
    tenantsh run master_init --yes --until "$before" >/dev/null 2>&1 </dev/null || fail "$1: running up to it"
}
# hold MEMBER DATABASE LOCK: another session takes it and keeps it, until let_go MEMBER LOCK.
hold() {
    superuser "$1" "$2" "begin; $3; select pg_sleep(60)" >/dev/null 2>&1 &
    for _ in $(seq 100); do
        [ -z "$(superuser "$1" postgres "select 1 from pg_stat_activity where query = 'begin; $3; select pg_sleep(60)' and wait_event = 'PgSleep'")" ] || return 0
        sleep 0.05
    done
    fail "$3 was not had"
}
let_go() { superuser "$1" postgres "select pg_terminate_backend(pid) from pg_stat_activity where query = 'begin; $2; select pg_sleep(60)'" >/dev/null; }
# begin_run: goes on with the last run, or begins one, in the background; sets $victim.
begin_run() {
    local id
    id=$(run_id)
    if [ -n "$id" ]; then set -- runs resume "$id"; else set -- run master_init; fi
    tenantsh "$@" --yes >"$work/killed.log" 2>&1 </dev/null &
    victim=$!
}
# until_waiting STEP MEMBER [LIKE]: until a statement of the run waits for a lock.
until_waiting() {
    for _ in $(seq 200); do
        [ -z "$(superuser "$2" postgres "select 1 from pg_stat_activity where application_name like 'tenantsh %' and wait_event_type = 'Lock' and query like '${3:-%}'")" ] ||
            { pass "$1: statement is executing on the server"; return; }
        kill -0 $victim 2>/dev/null || break
        sleep 0.05
    done
    fail "$1: its statement was never seen waiting" "$(cat "$work/killed.log")"
}
# killed STEP MEMBER LOCK: kills the run, then lets go.
killed() {
    echo "$1" >>"$work/blocked"
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    let_go "$2" "$3"
    resume "$1 killed while the server executes"
}
# blocked STEP MEMBER DATABASE LOCK [DAMAGE]: DAMAGE is done to the database before the step, so that it has to act.
blocked() {
    local step=$1 member=$2 database=$3 lock=$4 damage=${5:-} reference=$reference
    if [ -n "$damage" ]; then
        up_to "$step"
        superuser "$member" "$database" "$damage" >/dev/null
        expect "$step: an undisturbed run repairs" 0 tenantsh runs resume "$(run_id)" --yes
        reference=$(state_of_master)
    fi
    up_to "$step"
    [ -z "$damage" ] || superuser "$member" "$database" "$damage" >/dev/null
    hold "$member" "$database" "$lock"
    begin_run
    until_waiting "$step" "$member"
    killed "$step" "$member" "$lock"
}
blocked "database" master postgres "lock table pg_database in exclusive mode"
blocked "preflight" master master "lock table pg_extension in exclusive mode"
blocked "reader role" master master "lock table pg_authid in exclusive mode"
blocked "migrations" master master "lock table pg_namespace in exclusive mode"
blocked "environment" master master "lock table identity.environment in exclusive mode"
blocked "first server/reader role" pg-1 postgres "lock table pg_authid in exclusive mode"
# What reads only the catalog waits when it is planned; the run's own look at its journal must be past by then.
up_to "environment"
hold master master "lock table identity.environment in exclusive mode"
begin_run
until_waiting "environment" master "insert into identity.environment%"
hold master master "lock table pg_statistic in access exclusive mode"
let_go master "lock table identity.environment in exclusive mode"
until_waiting "schemas" master "select count(*) from pg_class%"
killed "schemas" master "lock table pg_statistic in access exclusive mode"
blocked "first server/reach" pg-1 postgres "set local allow_system_table_mods = on; alter view pg_roles rename to roles_away"
blocked "first server/register" master master "lock table identity.db_server in exclusive mode"
blocked "first server/verify" pg-1 postgres "lock table pg_statistic in access exclusive mode"
blocked "reference data" master master "lock table rcm_master.modifier_injection_rule in access exclusive mode"
blocked "reference data" master master "lock table rcm_master.modifier_injection_rule in exclusive mode" \
    "delete from rcm_master.modifier_injection_rule"
blocked "validation" master master "lock table rcm_master.payer in access exclusive mode"
same "every step was killed while it executes" "$(sort <<<"$steps")" "$(sort -u "$work/blocked")"

finish
