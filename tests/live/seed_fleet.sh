#!/usr/bin/env bash
# Seeds over tenants: profiles, secrets, and the runbook seed_fleet with a failure and a resume.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
for slug in acme birch cedar; do
    tenantsh run provision_tenant --input "slug=$slug" --yes >/dev/null 2>&1 </dev/null || fail "tenant $slug"
done
says() { superuser pg-1 "tenant_$1" "$2"; }

mkdir set
cat >set/001_status.sql <<'SQL'
-- tenantsh: seed
insert into claims.status (code, name, position, is_open) values ('parked', 'Parked', 65, true) on conflict (code) do nothing;
SQL
cat >set/002_demo.sql <<'SQL'
-- tenantsh: seed, profile development
insert into claims.status (code, name, position, is_open) values ('demo', 'Demo', 66, true) on conflict (code) do nothing;
SQL
cat >set/003_secret.sql <<'SQL'
-- tenantsh: seed
-- secrets: status_name
insert into claims.status (code, name, position, is_open)
values ('secret', 'of ' || length(current_setting('tenantsh.secret.status_name')), 67, true) on conflict (code) do nothing;
SQL

# ---- profiles and secrets -----------------------------------------------------------------------------------
export STATUS_NAME=hunter2secret
expect "a secret that is missing" 2 tenantsh seed run --set set --tenants acme --yes
has "is named before anything runs" "$output" '003_secret.sql needs the secret status_name' '--secret status_name=env:NAME'
same "and nothing ran" 0 "$(says acme "select count(*) from claims.status where code in ('parked', 'demo', 'secret')")"
expect "a seed of another profile is refused by name" 1 tenantsh seed run 002 --set set --tenants acme --yes
has "with the word that runs it" "$output" '002_demo.sql is of profile development' '--profile development'
expect "a profile and a secret" 0 tenantsh seed run --set set --tenants acme --profile development --secret status_name=env:STATUS_NAME --yes --format csv
same "three ran" "demo Demo parked Parked secret of 13" \
    "$(says acme "select string_agg(code || ' ' || name, ' ' order by code) from claims.status where code in ('parked', 'demo', 'secret')")"
expect "nothing is left to run" 0 tenantsh seed run --set set --tenants acme --profile development --secret status_name=env:STATUS_NAME --yes --format csv
same "not one row" "" "$(grep set/ <<<"$output")"
expect "status" 8 tenantsh seed status --set set --tenants acme,birch --format csv
has "shows profiles and states" "$output" 'acme,002_demo.sql,applied' 'development' 'birch,001_status.sql,pending'
cat >set/004_fails.sql <<'SQL'
-- tenantsh: seed
-- secrets: status_name
insert into claims.status (code, name, position, is_open)
values ('fails', current_setting('tenantsh.secret.status_name'), null, true) on conflict (code) do nothing;
SQL
expect "a seed that fails over its secret" 1 tenantsh seed run 004 --set set --tenants acme --secret status_name=env:STATUS_NAME --yes
check "does not say it" "$(grep -F hunter2 <<<"$output")"
check "nor do ledger, audit and our files" "$(grep -rlF hunter2secret "$TENANTSH_HOME" --include='*.json*' --include='*.md' 2>/dev/null; \
    says acme "select name from tenantsh.ledger l where l::text like '%hunter2%'"; \
    superuser master master "select id from identity.tenant_audit a where a::text like '%hunter2%'")"
rm set/004_fails.sql
cat >>tenantsh.toml <<'TOML'
[environment.prod]
master = "host=nowhere.invalid dbname=master"
guard = "protected"
TOML
expect "no profile in a protected environment" 1 tenantsh --env prod seed run --scope master --set set --profile development --yes --reason test
has "says so" "$output" 'profile "development" is not for environment prod, which is protected'
rm tenantsh.toml

# ---- the runbook --------------------------------------------------------------------------------------------
inputs=(--input canary=acme --input "set=$work/set" --input secrets=status_name=env:STATUS_NAME)
says cedar "alter table claims.status rename to status_away"
expect "one broken tenant stops the run" 1 tenantsh run seed_fleet "${inputs[@]}" --yes
id=$(last_run)
same "birch has its seeds" 2 "$(says birch "select count(*) from claims.status where code in ('parked', 'demo', 'secret')")"
says cedar "alter table claims.status_away rename to status"
expect "the resume does what is left" 0 tenantsh runs resume "$id" --yes
same "cedar too, without the development seed" "parked secret" \
    "$(says cedar "select string_agg(code, ' ' order by code) from claims.status where code in ('parked', 'demo', 'secret')")"
check "the journal holds the reference only" "$(grep -rlF hunter2secret "$TENANTSH_HOME/runs")"
expect "nothing is left to do" 0 tenantsh run seed_fleet "${inputs[@]}" --plan
expect "named ones run again" 0 tenantsh run seed_fleet "${inputs[@]}" --input names=001 --yes --fresh
finish
