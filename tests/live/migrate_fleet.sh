#!/usr/bin/env bash
# The runbook migrate_fleet: waves that are confirmed and journalled, a tenant that is parked and worked on alone by the
# resume, a canary that stops everything, a run that was killed in a wave.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 ||
    { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
slugs="ash birch cedar dogwood elm fir"
for slug in $slugs; do
    superuser pg-1 postgres "create database tenant_$slug owner tenantsh_admin strategy file_copy" >/dev/null
    superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, db_config_ref)
        select '$slug', '$slug', 'active', id, 'database', 'tenant_$slug', 'env:NOBODY' from identity.db_server" >/dev/null
done
mkdir set && cat >set/001_a.sql <<'SQL'
create table a (id int);
SQL
sql() { superuser pg-1 "tenant_$1" "$2"; }
at_version() { for slug in $slugs; do printf '%s' "$(sql "$slug" "select coalesce(max(left(name, 3)), '-') from tenantsh.ledger" 2>/dev/null || printf -- '-')"; done; }
run() { tenantsh run migrate_fleet --input set="$work/set" --input canary=ash --input waves=2 --yes "$@"; }

expect "a plan: exit 8" 8 tenantsh run migrate_fleet --input set="$work/set" --input canary=ash --plan
same "and nothing was done" "------" "$(at_version)"
sql dogwood "create table a ()" >/dev/null
expect "a tenant is parked: the run ends at its last step" 1 run
has "and says why" "$output" "nobody is left" "dogwood: 001_a.sql: relation \"a\" already exists"
same "the others are done" "001001001-001001" "$(at_version)"
sql dogwood "drop table a" >/dev/null
before=$(superuser master master "select max(id) from identity.tenant_audit")
expect "mended and resumed" 0 tenantsh runs resume "$(last_run)" --yes
same "only it was worked on" "dogwood" "$(superuser master master "select distinct t.slug from identity.tenant_audit a
    join identity.tenant t on t.id = a.tenant_id where a.id > $before and a.action = 'migrate'")"
same "everyone is done" "001001001001001001" "$(at_version)"

echo 'create table b (id int);' >set/002_b.sql
sql ash "create table b ()" >/dev/null
expect "a canary that fails" 1 run
has "stops the run at its wave" "$output" "wave 1" "a canary failed: ash"
same "nobody else was touched" "001001001001001001" "$(at_version)"
sql ash "drop table b" >/dev/null
# Killed when the second wave's work is done and not yet journalled.
(TENANTSH_CRASH="effect:wave 2" tenantsh runs resume "$(last_run)" --yes </dev/null; exit $?) >/dev/null 2>&1
same "killed in the second wave" "002002002001001001" "$(at_version)"
expect "a resume goes on with the same waves" 0 tenantsh runs resume "$(last_run)" --yes
has "and knows that this one was done" "$output" "wave 1: every tenant has every file" "wave 3"
same "to the end" "002002002002002002" "$(at_version)"
finish
