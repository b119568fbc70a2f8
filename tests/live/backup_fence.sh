#!/usr/bin/env bash
# A tenant is read-only while it is dumped, if that is wished. However the dump ends, the tenant has its status and every
# privilege back, and no archive counts that is not whole.
. "$(dirname "$0")/../support/sandbox.sh"

{ tenantsh sandbox up --servers 1 && tenantsh run master_init --yes && tenantsh run provision_tenant --input slug=acme --yes &&
    tenantsh seed generate --tenants acme --members 20; } >setup.log 2>&1 || { fail "a tenant" "$(tail -n 20 setup.log)"; finish; }
sockets=$(socket_of)
registry() { superuser master master "$1"; }
# Every privilege, and the settings of the database.
privileges() {
    superuser pg-1 tenant_acme "select c.oid::regclass, x.grantor::regrole, x.grantee::regrole, x.privilege_type, x.is_grantable from pg_class c, aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::\"char\", c.relowner))) x where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relnamespace::regnamespace::text not in ('tenantsh', 'pg_catalog', 'information_schema', 'pg_toast') order by 1, 2, 3, 4"
    superuser pg-1 tenant_acme "select 'setting', setrole::regrole, setconfig from pg_db_role_setting order by 1, 2"
}
good() { registry "select count(*) from identity.backup"; }
backup() { tenantsh run tenant_backup --input tenant=acme --input fence=read_only "$@" --yes; }
# A pg_dump that takes its time and leaves its pid.
mkdir slow
for program in "$bin"/*; do ln -s "$program" slow/; done
rm slow/pg_dump
printf '#!/bin/sh\ncase " $* " in *" --version "*) exec %s/pg_dump "$@" ;; esac\necho $$ >%s/dumping\nsleep 3\nexec %s/pg_dump "$@"\n' "$bin" "$work" "$bin" >slow/pg_dump
chmod +x slow/pg_dump
slowly() { rm -f dumping; (TENANTSH_PG_BINDIR=$work/slow backup "$@" >slowly.log 2>&1 </dev/null; echo $? >slowly.exit) & for _ in $(seq 100); do [ -s dumping ] && break; sleep 0.1; done; }
as_before() {   # NAME
    same "$1: active again" active "$(registry "select status from identity.tenant where slug = 'acme'")"
    same "$1: every privilege is back" "$before" "$(privileges)"
    same "$1: no archive counts" 0 "$(good)"
    check "$1: the application writes" "$(psql -XqAt "$(cat "$(registry "select substr(db_config_ref, 6) from identity.tenant where slug = 'acme'")")" -c "begin; insert into identity.organization (slug, display_name) values ('w', 'w'); rollback" 2>&1)"
}
before=$(privileges)

slowly
same "read-only while it is dumped" read_only "$(registry "select status from identity.tenant where slug = 'acme'")"
check "and the application cannot write" "$(psql -XqAt "$(cat "$(registry "select substr(db_config_ref, 6) from identity.tenant where slug = 'acme'")")" -c "insert into identity.organization (slug, display_name) values ('w', 'w')" 2>/dev/null && echo it could)"
kill -9 "$(cat dumping)"; wait
same "pg_dump killed: failed" 1 "$(cat slowly.exit)"
as_before "pg_dump killed"

slowly
superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'tenant_acme'" >/dev/null
wait
check "the connections die: failed" "$([ "$(cat slowly.exit)" != 0 ] || cat slowly.log)"
as_before "the connections die"

slowly
kill -INT "$(pgrep -f "build/tenantsh run tenant_backup|tenantsh run tenant_backup" | head -n 1)"; wait
same "Ctrl-C" 130 "$(cat slowly.exit)"
as_before "Ctrl-C"

# A folder that takes no more than a few kilobytes.
if mkdir tiny && mount -t tmpfs -o size=64k tmpfs tiny 2>/dev/null; then
    expect "disk full" 1 backup --input folder="$work/tiny"
    as_before "disk full"
    umount tiny
else
    echo "a full disk is left out: no tmpfs may be mounted here" >&2
fi

(TENANTSH_CRASH="effect:dump/pg_dump" backup; exit $?) >killed.log 2>&1 </dev/null
same "kill -9" 137 $?
same "kill -9: it is left read-only" read_only "$(registry "select status from identity.tenant where slug = 'acme'")"
run=$(last_run)
expect "kill -9: runs shows it" 0 tenantsh runs list --format csv
has "kill -9: interrupted" "$output" "$run,tenant_backup,interrupted"
expect "kill -9: abandoned" 0 tenantsh runs abandon "$run" --yes
as_before "kill -9, abandoned"
sleep 1   # an archive is named after its second; the one that was made is whole and would be found
(TENANTSH_CRASH="effect:dump/pg_dump" backup; exit $?) >killed.log 2>&1 </dev/null
check "killed again" "$([ $? = 137 ] || cat killed.log)"
expect "kill -9: resumed" 0 tenantsh runs resume "$(last_run)" --yes
same "kill -9, resumed: active again" active "$(registry "select status from identity.tenant where slug = 'acme'")"
same "kill -9, resumed: every privilege is back" "$before" "$(privileges)"
same "kill -9, resumed: one archive" 1 "$(good)"
finish
