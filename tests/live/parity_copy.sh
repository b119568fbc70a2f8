#!/usr/bin/env bash
# A tenant of the shipped set and a copy of it that pg_restore made on the other server, as tenants of the registry: the
# same down to grants and sequences, also when the copy is fenced; two tenants of their own differ in their rows only.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 2 --tenants 1 >/dev/null 2>&1 || { fail "a sandbox"; finish; }
sockets=$(socket_of)
for slug in acme beta; do expect "tenant $slug" 0 tenantsh run provision_tenant --input slug=$slug --input server=pg-1 --yes; done
expect "with rows" 0 tenantsh seed generate --tenants acme --members 300 --yes
superuser pg-1 tenant_acme "insert into pgboss.job (name) select 'n' from generate_series(1, 3)" 2>/dev/null
expect "its backup" 0 tenantsh tenants dump acme --at 20260427T150000Z --folder "$work/backups" --yes

# The roles of a tenant go where it goes.
superuser pg-1 postgres "select rolname, rolcanlogin from pg_roles where rolname like 'tenant_acme%'" | while IFS='|' read -r role login; do
    superuser pg-2 postgres "create role \"$role\" $([ "$login" = t ] && echo login)"
    superuser pg-2 postgres "grant \"$role\" to \"$(dsn_of pg-2 | sed 's/.*user=\([^ ]*\).*/\1/')\""
done
owner=$(superuser pg-1 postgres "select pg_get_userbyid(datdba) from pg_database where datname = 'tenant_acme'")
copy=tenant_acme_restore_20260427t1500z
superuser pg-2 postgres "create database $copy owner \"$owner\" template template0"
check "restored" "$(PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-2.superuser") "$bin/pg_restore" -h "$sockets" -p 5502 -U postgres -d $copy --exit-on-error "$work/backups/acme-20260427T150000Z.dump" 2>&1)"
superuser pg-1 postgres "select format('%s on database $copy to %I', string_agg(a.privilege_type, ', '), a.grantee::regrole::text) from pg_database, aclexplode(datacl) a where datname = 'tenant_acme' and a.grantee <> 0 and a.grantee <> datdba group by a.grantee" |
    while read -r grant; do superuser pg-2 postgres "grant $grant"; done
[ "$(superuser pg-1 postgres "select datacl::text ~ '[{,]=' from pg_database where datname = 'tenant_acme'")" = t ] || superuser pg-2 postgres "revoke all on database $copy from public"
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, db_config_ref, labels)
    select 'acme-restore-20260427t1500z', 'Acme, restored', 'provisioning', (select id from identity.db_server where name = 'pg-2'), 'database', '$copy', db_config_ref, '{\"sibling_of\": \"acme\"}' from identity.tenant where slug = 'acme'"

expect "a copy is the same" 0 tenantsh tenants parity acme --with acme-restore-20260427t1500z --format csv
has "all of it" "$output" "members.member,table,same,300,300,0"
check "nothing but tables that are the same" "$(grep -vE ',table,same,|^table,kind,|^acme as of|^not compared|is being written' <<<"$output")"
expect "in Lua" 0 tenantsh -e 'local p = tenants.acme:parity{ with = "acme-restore-20260427t1500z", tables = { "members.*" } }
    print(#p, p[1].table, p[1].state, p[1].differing)'
superuser pg-2 $copy "delete from members.member where id = (select min(id::text)::uuid from members.member)" >/dev/null 2>&1 ||
    superuser pg-2 $copy "set session_replication_role = replica; delete from members.member where id::text = (select min(id::text) from members.member)"
expect "and what differs has its values" 8 tenantsh -e 'local p = tenants.acme:parity{ with = "acme-restore-20260427t1500z", tables = { "members.member" } }
    print(p[1].state, p[1].differing, p[1].rows_here - p[1].rows_there)
    return p'
has "the number and the sides" "$output" "different	1	1"
expect "rows may drift" 0 tenantsh tenants parity acme --with acme-restore-20260427t1500z --tables members.member --drift 1
superuser pg-2 postgres "alter database $copy set default_transaction_read_only = on"
superuser pg-2 $copy "revoke insert, update, delete on all tables in schema members from tenant_acme_app" 2>/dev/null
superuser master master "update identity.tenant set status = 'read_only' where slug = 'acme-restore-20260427t1500z'"
expect "a fence is not held against the copy" 0 tenantsh tenants parity acme --with acme-restore-20260427t1500z --drift 1
has "and told" "$output" "not held against acme-restore-20260427t1500z" "since the write fence is up there"

expect "two tenants" 8 tenantsh tenants parity acme --with beta --format csv
check "are built alike, with roles of their own" "$(grep -E ',(structure|grant|setting|extension|database),' <<<"$output")"
expect "the help" 0 tenantsh help parity
has "tells what is not compared" "$output" "Not compared, and said each time"
finish
