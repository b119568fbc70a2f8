#!/usr/bin/env bash
# Kills tenant_cutover at every moment of every step. At most one database takes the tenant's writes afterwards, and
# after the resume exactly one does: the copy's.
. "$(dirname "$0")/../support/sandbox.sh"

printf '[environment.sandbox.application]\ncache_lifetime = "1s"\n' >tenantsh.toml
{ tenantsh sandbox up --servers 1 && tenantsh run master_init --yes && tenantsh run provision_tenant --input slug=acme --yes &&
    tenantsh run tenant_backup --input tenant=acme --yes && tenantsh run tenant_restore --input tenant=acme --yes; } >setup.log 2>&1 ||
    { fail "a tenant and its copy" "$(tail -n 20 setup.log)"; finish; }
sockets=$(socket_of)
registry() { superuser master master "$1"; }
application_dsn() { cat "$(registry "select substr(db_config_ref, 6) from identity.tenant where slug = '$1'")"; }
# The databases that take a write of the application's login.
writers() {
    local database base
    base=$(application_dsn acme)
    for database in $(superuser pg-1 postgres "select datname from pg_database where datname like 'tenant\_acme%' order by 1"); do
        psql -XqAt "$(sed "s/dbname=[^ ]*/dbname=$database/" <<<"$base")" -c "begin; insert into identity.organization (slug, display_name) values ('w', 'w'); rollback" \
            >/dev/null 2>&1 && echo "$database"
    done
}
killed() {
    local crash="$1:$2"
    shift 2
    (TENANTSH_CRASH="$crash" "$@" </dev/null; exit $?) >"$work/killed.log" 2>&1
    [ $? = 137 ]
}
other() { registry "select slug from identity.tenant where labels ->> 'sibling_of' = 'acme' and status <> 'retired'"; }

same "before, the tenant's own" tenant_acme "$(writers)"
tried=0
steps=$(tenantsh runbooks show tenant_cutover --format csv 2>/dev/null | awk -F, '$1 == "step" { print $2 }' | tr -d '"')
while read -r step; do
    for moment in intent effect commit done release_intent released; do
        sibling=$(other)
        wanted=$(registry "select database_name from identity.tenant where slug = '$sibling'")
        earlier=$(last_run)
        killed $moment "$step" tenantsh run tenant_cutover --input tenant=acme --input sibling="$sibling" --input drift=any --confirm acme --yes || continue
        tried=$((tried + 1))
        # Killed before anything was written: there is nothing to resume.
        if [ "$(last_run)" = "$earlier" ]; then same "$step killed at $moment: nothing has begun" 1 "$(writers | wc -l)"; continue; fi
        check "$step killed at $moment: at most one writer" "$([ "$(writers | wc -l)" -le 1 ] || writers)"
        expect "$step killed at $moment: resume" 0 tenantsh runs resume "$(last_run)" --confirm acme --yes
        same "$step killed at $moment: then the copy, alone" "$wanted" "$(writers)"
        same "$step killed at $moment: active" active "$(registry "select status from identity.tenant where slug = 'acme'")"
    done
done <<<"$steps"
check "steps were killed" "$([ $tried -ge 12 ] || echo "only $tried")"
finish
