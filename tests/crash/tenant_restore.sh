#!/usr/bin/env bash
# Kills tenant_restore in the middle of each step that acts, and pg_restore in the middle of its work. A resume ends in
# the state of an undisturbed run; an undo leaves everything as it was before, also when it is killed itself.
. "$(dirname "$0")/../support/sandbox.sh"

# sql MEMBER DATABASE SQL…: each by itself.
sql() {
    local member=$1 database=$2 each
    shift 2
    for each in "$@"; do superuser "$member" "$database" "$each" || return; done
}

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
tenantsh run provision_tenant --input slug=acme --yes >/dev/null 2>&1 </dev/null || fail "a tenant"
tenantsh seed generate --tenants all --members 30 --yes >/dev/null 2>&1 </dev/null
expect "a backup" 0 tenantsh run tenant_backup --input tenant=acme --yes
archive=$(sql master master "select path from identity.backup")
restore() { tenantsh run tenant_restore --input tenant=acme --input path="$archive" --yes; }
database=$(tenantsh -e "tenants.acme:restored_as{ path = '$archive' }.database" 2>/dev/null)
state() {
    sql pg-1 postgres "select 'database', regexp_replace(datname, '__[a-z0-9]+$', '__RUN'), datdba::regrole, datacl, regexp_replace(shobj_description(oid, 'pg_database'), 'run .*', 'run RUN') from pg_database order by 2" \
        "select 'role', rolname from pg_roles order by 2" "select 'member', roleid::regrole, member::regrole from pg_auth_members order by 2, 3"
    sql master master "select 'tenant', slug, status, database_name, labels from identity.tenant order by 2"
    if [ "$(sql pg-1 postgres "select count(*) from pg_database where datname = '$database'")" = 1 ]; then
        sql pg-1 "$database" "select sum(n_live_tup) > 100 from pg_stat_user_tables" "select count(*), sum(hashtextextended(m::text, 0)::numeric) from members.member m" \
            "select count(*) from pg_constraint" "select count(*) from pg_index" "select count(*) from pg_statistic s join pg_class c on c.oid = s.starelid where c.oid >= 16384" | sed 's/^[0-9]*$/&/'
    fi
}
killed() { # MOMENT STEP COMMAND…: 0 when the process died there.
    local crash="$1:$2"
    shift 2
    (export TENANTSH_CRASH="$crash"; "$@" </dev/null; exit $?) >"$work/killed.log" 2>&1
    [ $? = 137 ]
}

before=$(state)
expect "an undisturbed run ends" 0 restore
complete=$(state)
check "it left something to undo" "$([ "$before" != "$complete" ] || echo "nothing changed")"
expect "it is undone" 0 tenantsh runs undo "$(last_run)" --yes
same "undo leaves everything as before" "$before" "$(state)"

steps=$(tenantsh runbooks show tenant_restore --format csv 2>/dev/null | awk -F, '$1 == "step" { print $2 }' | tr -d '"')
tried=0
while read -r step; do
    for moment in intent effect commit done; do
        earlier=$(last_run)
        if ! killed $moment "$step" restore; then
            # A step that only reads, and what a step of this kind has no moment for: the run goes on to its end.
            [ "$(last_run)" = "$earlier" ] || tenantsh runs undo "$(last_run)" --yes >/dev/null 2>&1 </dev/null
            continue
        fi
        tried=$((tried + 1))
        if [ "$(last_run)" = "$earlier" ]; then
            same "$step killed at $moment: before anything was written" "$before" "$(state)"
            continue
        fi
        if [ $moment = effect ]; then
            expect "$step killed at $moment: undo" 0 tenantsh runs undo "$(last_run)" --yes
            same "$step killed at $moment, undone: as before" "$before" "$(state)"
            killed $moment "$step" restore || fail "$step was not killed again"
        fi
        expect "$step killed at $moment: resume" 0 tenantsh runs resume "$(last_run)" --yes
        same "$step killed at $moment, resumed: the state of an undisturbed run" "$complete" "$(state)"
        tenantsh runs undo "$(last_run)" --yes >/dev/null 2>&1 </dev/null
        same "and undone: as before" "$before" "$(state)"
    done
done <<<"$steps"
check "steps were killed" "$([ $tried -ge 10 ] || echo "only $tried")"

for step in "registry row" "archive" "name"; do
    for moment in undo_intent effect undone; do
        expect "a run to undo" 0 restore
        killed $moment "$step" tenantsh runs undo "$(last_run)" --yes || fail "$step: undo was not killed at $moment" "$(cat "$work/killed.log")"
        expect "$step: undo killed at $moment, undo" 0 tenantsh runs undo "$(last_run)" --yes
        same "$step: undo killed at $moment: as before the run" "$before" "$(state)"
    done
done

# In the middle of pg_restore: as soon as a table of the archive is there.
met_at_work() {
    tenantsh run tenant_restore --input tenant=acme --input path="$archive" --yes >"$work/held" 2>&1 </dev/null &
    victim=$!
    for _ in $(seq 600); do
        copy=$(sql pg-1 postgres "select datname from pg_database where datname like '${database//_/\\_}\\_\\_%'")
        [ -n "$copy" ] && [ "$(sql pg-1 "$copy" "select count(*) from pg_class where relname = 'member'" 2>/dev/null)" = 1 ] && return 0
        kill -0 $victim 2>/dev/null || return 1
    done
    return 1
}
if met_at_work; then
    kill -KILL $victim
    wait $victim 2>/dev/null
    expect "killed in the middle of pg_restore: resume" 0 tenantsh runs resume "$(last_run)" --yes
    same "the state of an undisturbed run" "$complete" "$(state)"
else
    fail "pg_restore was not met at work" "$(cat "$work/held")"
fi
finish
