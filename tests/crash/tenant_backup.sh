#!/usr/bin/env bash
# Kills tenant_backup at every durable moment of every step. What lies on the disk then counts as good only when it is;
# a resume ends with one good archive, registered once; the tenant has the status it had. With the fence, too, where the
# writes of a tenant can be stopped.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 --tenants 1 >/dev/null 2>&1 && tenantsh seed generate all --members 20 --yes >/dev/null 2>&1 ||
    { fail "a sandbox"; finish; }
sockets=$(socket_of)
age-keygen -o key 2>/dev/null
recipient=$(age-keygen -y key)
backups=$TENANTSH_HOME/backups/sandbox/tenant-01
status() { superuser master master "select status from identity.tenant where slug = 'tenant-01'"; }
# Whether the application's own role can write: true or the reason.
writes() { superuser pg-1 tenant_tenant_01 "select current_setting('default_transaction_read_only') || ' ' || coalesce((select string_agg(privilege_type, ',' order by privilege_type) from information_schema.role_table_grants where table_name = 'member' and table_schema = 'members' and grantee <> 'postgres' and privilege_type in ('INSERT', 'UPDATE', 'DELETE')), 'none')"; }
states() { tenantsh backups list --format json 2>/dev/null | jq -r '.[].state' | sort | uniq -c | sed 's/^ *//' | paste -sd ' '; }
# Every archive that the list calls good is one: pg_restore reads all of it.
truth() {
    local archive
    tenantsh backups list --format json 2>/dev/null | jq -r '.[] | select(.state == "good") | .path' | while read -r archive; do
        case $archive in
            *.age) tenantsh backups verify "$archive" --identity "$work/key" >/dev/null 2>&1 || echo "$archive is called good" ;;
            *) pg_restore --file=/dev/null "$archive" 2>&1 && tenantsh backups verify "$archive" >/dev/null 2>&1 || echo "$archive is called good" ;;
        esac
    done
}
forget() { rm -rf "$backups"; superuser master master "delete from identity.backup"; }

# killing NAME INPUT…: at each moment of each step, then a resume.
killing() {
    local name=$1 steps step moment earlier tried=0
    shift
    forget
    expect "$name: an undisturbed run ends" 0 tenantsh run tenant_backup --input tenant=tenant-01 "$@" --yes --fresh
    steps=$(tenantsh runbooks show tenant_backup --format csv 2>/dev/null | awk -F, '$1 == "step" { print $2 }' | tr -d '"')
    while read -r step; do
        for moment in mirrored intent commit effect done release_intent released; do
            forget
            earlier=$(last_run)
            (TENANTSH_CRASH="$moment:$step" tenantsh run tenant_backup --input tenant=tenant-01 "$@" --yes --fresh </dev/null; exit $?) >"$work/killed.log" 2>&1
            case $? in
                137) tried=$((tried + 1)) ;;
                0) continue ;;   # this step has no such moment
                *) fail "$name: $step killed at $moment" "$(cat "$work/killed.log")"; continue ;;
            esac
            check "$name: $step killed at $moment: nothing half is called good" "$(truth)"
            if [ "$(last_run)" = "$earlier" ]; then
                expect "$name: $step killed at $moment: nothing was written, a new run" 0 tenantsh run tenant_backup --input tenant=tenant-01 "$@" --yes --fresh
            else
                expect "$name: $step killed at $moment: resume" 0 tenantsh runs resume "$(last_run)" --yes
            fi
            same "$name: $step killed at $moment: one good archive, known to master once" "1 good 1" \
                "$(states) $(superuser master master "select count(*) from identity.backup")"
            check "$name: $step killed at $moment: it holds" "$(truth)"
            same "$name: $step killed at $moment: the tenant is as it was" "$before" "$(status) $(writes)"
            check "$name: $step killed at $moment: nothing else lies there" "$(find "$backups" -name '*.partial' -o -name '.tenantsh-plain*')"
        done
    done <<<"$steps"
    check "$name: steps were killed" "$([ $tried -ge 7 ] || echo "only $tried")"
}

before="$(status) $(writes)"
killing plain
killing "encrypted folder" --input format=directory --input recipients="$recipient" --input keep_count=3
if [[ $(tenantsh help lua) == *set_status* ]]; then
    killing fenced --input fence=read_only
    # However it ends: here because the dump is refused.
    expect "a dump that fails behind the fence" 2 tenantsh run tenant_backup --input tenant=tenant-01 --input fence=read_only --input recipients=age1nobody --yes --fresh
    same "the tenant is as it was" "$before" "$(status) $(writes)"
else
    echo "skipped: the fence input, because tenants.set_status does not exist"
fi
finish
