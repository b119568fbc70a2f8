#!/usr/bin/env bash
# Five tenants' backups are proved by restoring them on a scratch server; a missed target, a missing backup and one that
# does not hold are exit 8 with the reason, and nothing of the drill stays. Then one tenant goes back to its archive.
. "$(dirname "$0")/../support/sandbox.sh"

printf '[environment.sandbox.application]\ncache_lifetime = "0s"\n' >tenantsh.toml
{ tenantsh sandbox up --servers 3 && tenantsh run master_init --yes && tenantsh run register_server --input name=pg-2 --yes &&
    tenantsh run register_server --input name=pg-3 --yes; } >setup.log 2>&1 || { fail "servers" "$(tail -n 20 setup.log)"; finish; }
sockets=$(socket_of)
for slug in acme birch cedar dogwood elm; do tenantsh run provision_tenant --input slug=$slug --input server=pg-1 --yes >>setup.log 2>&1; done
tenantsh seed generate --tenants all --members 20 >>setup.log 2>&1
registry() { superuser master master "$1"; }
place() { superuser pg-3 postgres "select 'database', datname from pg_database union all select 'role', rolname from pg_roles order by 1, 2"; }
drill() { tenantsh run restore_drill --input server=pg-3 "$@" --yes; }

for slug in acme birch cedar dogwood; do expect "a backup of $slug" 0 tenantsh run tenant_backup --input tenant=$slug --yes; done
before=$(place)
expect "a tenant without a backup is found" 8 drill
has "which" "$output" "1 missed: elm: there is no verified full backup"
has "what was measured" "$output" "rows in" "tables as the manifest says" "(target 4h)" "(target 1h)"
same "nothing of the drill stays on the scratch server" "$before" "$(place)"

expect "a backup of elm" 0 tenantsh run tenant_backup --input tenant=elm --yes
expect "all five are restored within the targets" 0 drill
same "nothing stays" "$before" "$(place)"
expect "a target that nobody meets" 8 drill --input rto=1ms
has "by whom it is missed" "$output" "5 missed" "acme took"
sleep 1.1
expect "a dump that is too old" 8 drill --input rpo=1s --input tenants=birch
has "how old" "$output" "birch's dump is"
expect "a target that is none" 2 drill --input rto=soon

archive=$(registry "select path from identity.backup b join identity.tenant t on t.id = b.tenant_id where slug = 'cedar'")
cp "$archive" kept
printf '\xff' | dd of="$archive" bs=1 seek=$(($(stat -c %s "$archive") / 2)) conv=notrunc status=none
expect "an archive that does not hold" 8 drill
has "which, and why" "$output" "1 missed: cedar:" "the SHA-256 is"
cp kept "$archive"
same "nothing stays" "$before" "$(place)"
same "the registry knows of no drill" 5 "$(registry "select count(*) from identity.tenant")"

# ---- killed in the middle: the resume does it again and leaves nothing ------------------------------------------
(TENANTSH_CRASH="effect:restore" drill --input tenants=acme; exit $?) >killed.log 2>&1 </dev/null
same "killed" 137 $?
expect "resumed" 0 tenantsh runs resume "$(last_run)" --yes
same "nothing stays" "$before" "$(place)"

# ---- production_restore: a migration ate a table ----------------------------------------------------------------
database=$(registry "select database_name from identity.tenant where slug = 'acme'")
members=$(superuser pg-1 "$database" "select count(*) from members.member")
archive=$(registry "select path from identity.backup b join identity.tenant t on t.id = b.tenant_id where slug = 'acme' order by taken_at desc limit 1")
superuser pg-1 "$database" "truncate members.member cascade" >/dev/null 2>&1
same "the members are gone" 0 "$(superuser pg-1 "$database" "select count(*) from members.member")"
expect "nobody confirmed" 4 tenantsh run production_restore --input tenant=acme --input path="$archive" --input reason="OPS-7" --yes
same "nothing was made" 5 "$(registry "select count(*) from identity.tenant")"
tenantsh runs abandon "$(last_run)" --yes >/dev/null 2>&1
sleep 1   # a dump is named after its second
expect "the tenant goes back to its archive" 0 tenantsh run production_restore --input tenant=acme --input path="$archive" --input reason="OPS-7" --confirm acme --yes
now=$(registry "select database_name from identity.tenant where slug = 'acme'")
check "to another database" "$([ "$now" != "$database" ] || echo "$now")"
same "the members are back" "$members" "$(superuser pg-1 "$now" "select count(*) from members.member")"
same "the present state was dumped first" 2 "$(registry "select count(*) from identity.backup b join identity.tenant t on t.id = b.tenant_id where t.slug = 'acme'")"
same "the former database is kept" suspended "$(registry "select status from identity.tenant where labels ? 'replaced_at'")"
same "the decision is on the record" "OPS-7" "$(registry "select after ->> 'reason' from identity.tenant_audit where action = 'production restore'")"
check "the application writes" "$(psql -XqAt "$(cat "$(registry "select substr(db_config_ref, 6) from identity.tenant where slug = 'acme'")")" -c "insert into identity.organization (slug, display_name) values ('back', 'back')" 2>&1)"
finish
