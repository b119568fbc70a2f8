#!/usr/bin/env bash
# Kills tenant_status at every boundary of the step that acts, in all directions. A resume ends in the state of an
# undisturbed run; undo in the one before, also when it is killed itself.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 &&
    tenantsh run provision_tenant --input slug=acme --yes >/dev/null 2>&1 || { fail "a tenant"; finish; }
sockets=$(socket_of)
# Privileges, settings, status: whatever a change of status touches but for the audit and times.
state() {
    superuser pg-1 tenant_acme "select c.oid::regclass, x.* from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::\"char\", c.relowner))) x where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') order by 1, 2, 3, 4, 5" \
        -c "select n.nspname, x.* from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x where n.nspname !~ '^pg_' and n.nspname <> 'tenantsh' order by 1, 2, 3, 4, 5" \
        -c "select x.* from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x where datname = current_database() order by 1, 2, 3, 4" \
        -c "select setrole::regrole, setconfig from pg_db_role_setting s join pg_database d on d.oid = setdatabase where datname = current_database() order by 1" \
        -c "select count(*) from pg_tables where schemaname = 'tenantsh' and tablename = 'fence'"
    superuser pg-1 postgres "select roleid::regrole, member::regrole from pg_auth_members order by 1, 2"
    superuser master master "select slug, status from identity.tenant order by 1"
}
to() { tenantsh run tenant_status --input tenant=acme --input status="$1" --input reason="${2:-try}" --yes "${@:3}"; }
# killed MOMENT COMMAND…: 0 when the process died there.
killed() {
    local crash="$1:status"
    shift
    (TENANTSH_CRASH="$crash" "$@" </dev/null; exit $?) >"$work/killed.log" 2>&1
    [ $? = 137 ]
}
to read_only >/dev/null 2>&1; to active >/dev/null 2>&1   # makes the fence's tables
declare -A whole
for status in read_only suspended active; do
    expect "an undisturbed run to $status" 0 to "$status"
    whole[$status]=$(state)
done
check "three states that differ" "$([ "${whole[read_only]}" != "${whole[suspended]}" ] && [ "${whole[read_only]}" != "${whole[active]}" ] || echo "they do not")"

tried=0
for way in "active read_only" "read_only suspended" "suspended read_only" "read_only active" "active suspended" "suspended active"; do
    read -r from target <<<"$way"
    for moment in intent effect done; do
        to "$from" >/dev/null 2>&1
        same "$way: where it begins" "${whole[$from]}" "$(state)"
        killed $moment to "$target" && tried=$((tried + 1))
        expect "$way killed at $moment: resume" 0 tenantsh runs resume "$(last_run)" --yes
        same "$way killed at $moment, resumed: as undisturbed" "${whole[$target]}" "$(state)"
        expect "$way killed at $moment, resumed: undo" 0 tenantsh runs undo "$(last_run)" --yes
        same "$way killed at $moment, undone: as before" "${whole[$from]}" "$(state)"
        killed $moment to "$target"
        expect "$way killed at $moment: undo" 0 tenantsh runs undo "$(last_run)" --yes
        same "$way killed at $moment, undone at once: as before" "${whole[$from]}" "$(state)"
    done
    for moment in undo_intent effect undone; do
        expect "$way: a run to undo" 0 to "$target"
        killed $moment tenantsh runs undo "$(last_run)" --yes || fail "$way: undo was not killed at $moment" "$(cat "$work/killed.log")"
        expect "$way: undo killed at $moment, undo" 0 tenantsh runs undo "$(last_run)" --yes
        same "$way: undo killed at $moment: as before" "${whole[$from]}" "$(state)"
    done
done
check "runs were killed" "$([ $tried -ge 12 ] || echo "only $tried")"
finish
