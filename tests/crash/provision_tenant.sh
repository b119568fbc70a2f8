#!/usr/bin/env bash
# Kills provision_tenant in the middle of each step that acts. Undo then leaves servers, registry and secrets as they
# were before the run; killed again in the middle of that undo, the next undo still does. A resume ends in the state of
# an undisturbed run.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
# What a run leaves behind anywhere but in journal, audit and markers.
state() {
    local member
    for member in pg-1 pg-2; do
        superuser "$member" postgres "select 'database', datname, datdba::regrole, datacl from pg_database order by 2"
        superuser "$member" postgres "select 'role', rolname, rolcanlogin, rolpassword is not null from pg_authid order by 2"
        superuser "$member" postgres "select 'member', roleid::regrole, member::regrole from pg_auth_members order by 2, 3"
    done
    superuser master master "select 'tenant', slug, status, database_name, db_config_ref from identity.tenant order by 2"
    find "$TENANTSH_HOME/sandbox/secrets" -type f | sort
}
# killed MOMENT STEP COMMAND…: 0 when the process died there.
killed() {
    local crash="$1:$2"
    shift 2
    (TENANTSH_CRASH="$crash" "$@" </dev/null; exit $?) >"$work/killed.log" 2>&1
    [ $? = 137 ]
}

before=$(state)
expect "an undisturbed run ends" 0 tenantsh run provision_tenant --input slug=acme --yes
complete=$(state)
check "it left something to undo" "$([ "$before" != "$complete" ] || echo "nothing changed")"
expect "it is undone" 0 tenantsh runs undo "$(last_run)" --yes
same "undo of a finished run leaves everything as before" "$before" "$(state)"

steps=$(tenantsh runbooks show provision_tenant --format csv 2>/dev/null | awk -F, '$1 == "step" { print $2 }' | tr -d '"')
tried=0
while read -r step; do
    for moment in intent effect; do
        earlier=$(last_run)
        # A step that only reads has no intent: the run goes on to its end.
        if killed $moment "$step" tenantsh run provision_tenant --input slug=acme --yes; then tried=$((tried + 1)); fi
        if [ "$(last_run)" = "$earlier" ]; then pass "$step killed at $moment: before anything was written"
        else expect "$step killed at $moment: undo" 0 tenantsh runs undo "$(last_run)" --yes; fi
        same "$step killed at $moment: as before the run" "$before" "$(state)"
    done
done <<<"$steps"
check "steps were killed" "$([ $tried -ge 18 ] || echo "only $tried")"

for step in "roles" "database/create" "database/name" "application login"; do
    for moment in undo_intent effect undone; do
        expect "a run to undo" 0 tenantsh run provision_tenant --input slug=acme --yes
        killed $moment "$step" tenantsh runs undo "$(last_run)" --yes || fail "$step: undo was not killed at $moment" "$(cat "$work/killed.log")"
        expect "$step: undo killed at $moment, undo" 0 tenantsh runs undo "$(last_run)" --yes
        same "$step: undo killed at $moment: as before the run" "$before" "$(state)"
    done
done

for step in "database/create" "tenant set" "application login"; do
    killed effect "$step" tenantsh run provision_tenant --input slug=acme --yes || fail "$step was not killed"
    expect "$step killed: resume" 0 tenantsh runs resume "$(last_run)" --yes
    same "$step killed, resumed: the state of an undisturbed run" "$complete" "$(state)"
    expect "$step killed, resumed: undo" 0 tenantsh runs undo "$(last_run)" --yes
done
finish
