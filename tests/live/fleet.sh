#!/usr/bin/env bash
# Twenty tenants: provisioned, asked at once, one of them broken, one backed up; secrets are found nowhere; stray PG*
# variables lead nowhere else.
. "$(dirname "$0")/../support/sandbox.sh"

expect "a sandbox with twenty tenants" 0 tenantsh sandbox up --tenants 20
sockets=$(socket_of)
expect "raised again: nothing is duplicated" 0 tenantsh sandbox up --tenants 20
same "twenty tenants, both servers in use" "20 2" "$(psql -X -A -t -F ' ' "$(dsn_of master)" -c "select count(*), count(distinct server_id) from identity.tenant where status = 'active'")"

expect "plausible data" 0 tenantsh seed generate --tenants all --members 20
expect "one question, one table" 0 tenantsh -e 'tenants:query("select count(*) from members.member")' --format csv
same "tenant first, twenty rows" "tenant,count|20" "$(head -n 1 <<<"$output")|$(grep -c '^tenant-[0-9]*,20$' <<<"$output")"
expect "the same from the command line" 0 tenantsh query 'select count(*) from members.member' --format json
same "json: an array of twenty objects" 20 "$(grep -o '"tenant": "tenant-[0-9]*", "count": 20' <<<"$output" | wc -l)"

superuser pg-1 postgres "alter database tenant_tenant_05 allow_connections false"
stdout=$(tenantsh -e 'tenants:query("select count(*) from members.member")' --format csv 2>"$work/errors" </dev/null)
same "one broken: exit 7" 7 $?
same "nineteen rows" 19 "$(grep -c '^tenant-' <<<"$stdout")"
has "the failure is named on standard error" "$(cat "$work/errors")" "tenant-05"
superuser pg-1 postgres "alter database tenant_tenant_05 allow_connections true"

for sql in 'delete from members.member' 'select lo_create(0)' 'vacuum' "copy members.member to program 'true'" \
    'select set_config($$role$$, $$none$$, false)' 'select 1; select 2' "with d as (delete from members.member returning 1) select * from d"; do
    expect "refused: $sql" 1 tenantsh query "$sql"
done
expect "and nothing was lost" 0 tenantsh query 'select count(*) from members.member' --tenants tenant-01 --format csv
has "twenty members" "$output" "tenant-01,20"

expect "a backup" 0 tenantsh run tenant_backup --input tenant=tenant-01 --yes
archive=$(psql -X -A -t "$(dsn_of master)" -c "select path from identity.backup")
check "pg_restore accepts it" "$("$bin/pg_restore" --list "$archive" 2>&1 >/dev/null)"
superuser pg-1 postgres "create database again"
check "and restores it" "$(PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") "$bin/pg_restore" -h "$sockets" -p 5501 -U postgres -d again --no-owner --no-privileges --exit-on-error "$archive" 2>&1)"
same "with its rows" 20 "$(superuser pg-1 again "select count(*) from members.member")"
same "and an empty queue that is there" 0 "$(superuser pg-1 again "select count(*) from pgboss.job")"

# ---- secrets ---------------------------------------------------------------------------------------------------
export ADMIN_SECRET=Zq9-vT4k-unfindable-7wX
(while [ ! -e "$work/stop" ]; do
    for process in /proc/[0-9]*; do
        [ "${process#/proc/}" = $$ ] || tr '\0' ' ' <"$process/cmdline" 2>/dev/null
    done
done) >"$work/cmdlines" 2>/dev/null &
watcher=$!
output=$(tenantsh --json run first_platform_admin --input email=ops@example.com --input password=env:ADMIN_SECRET --yes 2>&1 </dev/null)
output+=$(tenantsh run first_platform_admin --input email=other@example.com --input password=env:ADMIN_SECRET --input role=none --yes 2>&1 </dev/null)
output+=$(tenantsh run provision_tenant --input slug=watched --yes 2>&1 </dev/null)
output+=$(tenantsh runs list; for id in $(tenantsh runs list --format csv | tail -n +2 | cut -d, -f1); do tenantsh runs show "$id" 2>&1; done)
touch "$work/stop"
wait $watcher
secrets="$ADMIN_SECRET $(cat "$TENANTSH_HOME"/sandbox/secrets/*.admin "$TENANTSH_HOME"/sandbox/secrets/*.superuser | tr '\n' ' ') $(grep -ho "password=[^ ]*" -r "$TENANTSH_HOME/sandbox/secrets/tenants" | cut -d= -f2 | tr -d "'" | tr '\n' ' ')"
check "the list of secrets is no empty list" "$([ "$(wc -w <<<"$secrets")" -ge 27 ] || echo "$secrets" | wc -w)"
journal=$(superuser master master "select run::text from runbook.run; select attempt::text from runbook.attempt" ; superuser master master "select t::text from identity.tenant_audit t")
found=
for secret in $secrets; do
    grep -qF -- "$secret" <<<"$output" && found+="in the output: ${secret:0:3}…"$'\n'
    grep -qF -- "$secret" <<<"$journal" && found+="in the journal: ${secret:0:3}…"$'\n'
    grep -qF -- "$secret" "$work/cmdlines" && found+="in a command line: ${secret:0:3}…"$'\n'
    where=$(grep -rlF -- "$secret" "$TENANTSH_HOME/runs" "$TENANTSH_HOME/locks" "$TENANTSH_HOME/backups" "$HOME" 2>/dev/null)
    where+=$(find "$TENANTSH_HOME/sandbox" -name '*.log' -o -name log -type f | xargs -r grep -lF -- "$secret" 2>/dev/null)
    [ -z "$where" ] || found+="in $where"$'\n'
done
check "no secret in output, journal, mirrors, logs, manifests or command lines" "$found"
same "the password is stored as a hash" '$2a$' "$(superuser master master "select left(password_hash, 4) from security.platform_user where email = 'ops@example.com'")"
mkdir -p "$work/programs"
cat >"$work/programs/az" <<'AZ'
#!/bin/sh
# Stands in for the Azure CLI that an operator is logged in with.
[ "$*" = "keyvault secret show --vault-name ops --name admin --query value -o tsv" ] || exit 3
echo "$VAULT_SECRET"
AZ
chmod +x "$work/programs/az"
export VAULT_SECRET=Vq7-from-the-vault-3xT
PATH="$work/programs:$PATH" expect "a password from a vault, through az" 0 tenantsh run first_platform_admin --input email=vault@example.com --input password=azure:ops/admin --yes
same "is the one that was stored" t "$(PGOPTIONS= psql -X -A -t "$(dsn_of master)" -c "select password_hash = crypt('$VAULT_SECRET', password_hash) from security.platform_user where email = 'vault@example.com'")"
ADMIN_SECRET=password123456
expect "a default password is refused" 1 tenantsh run first_platform_admin --input email=weak@example.com --input password=env:ADMIN_SECRET --yes
has "and not shown" "$output" "default password"
check "not even then" "$(grep -F password123456 <<<"$output")"

# ---- stray variables -------------------------------------------------------------------------------------------
export PGHOST=/nowhere PGHOSTADDR=127.0.0.9 PGPORT=1 PGSERVICE=elsewhere PGSERVICEFILE=/nowhere/file PGDATABASE=elsewhere \
    PGUSER=nobody PGPASSWORD=wrong PGPASSFILE=/nowhere/pass PGOPTIONS='-c search_path=elsewhere' PGTARGETSESSIONATTRS=standby \
    PGSSLMODE=verify-full PGAPPNAME=elsewhere PGCONNECT_TIMEOUT=1 PGCLIENTENCODING=LATIN1 PGREQUIREPEER=nobody PGTZ=elsewhere
expect "stray PG* variables lead a query nowhere else" 0 tenantsh query 'select count(*) from members.member' --tenants tenant-02 --format csv
has "the answer is the sandbox's" "$output" "tenant-02,20"
expect "nor a runbook" 0 tenantsh run master_init --yes
expect "nor a dump" 0 tenantsh run tenant_backup --input tenant=tenant-02 --yes
expect "nor the sandbox" 0 tenantsh sandbox up
for variable in $(compgen -e | grep '^PG'); do unset "$variable"; done
finish
