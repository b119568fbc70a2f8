#!/usr/bin/env bash
# What drift costs over a thousand schemas of one database: all digests in one pass, against `pg_dump --schema-only` of
# one such schema and against @pgkit/migra comparing two databases (when npm can install it). Wanted: ≤ 1.5 s.
# TENANTSH_SCHEMAS: how many. Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"

schemas=${TENANTSH_SCHEMAS:-1000}
tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
admin=$(superuser master master "select admin_user from identity.db_server where name = 'pg-1'")
mkdir set
cat >set/001_all.sql <<'SQL'
create type {schema_name}.mood as enum ('a', 'b');
create table {schema_name}.org (id bigint generated always as identity primary key, slug text not null unique, name text not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create table {schema_name}.member (id bigint generated always as identity primary key, org_id bigint not null references {schema_name}.org, name text not null, mood {schema_name}.mood, born date, email text, constraint email_ok check (email like '%@%'), created_at timestamptz not null default now());
create index member_org_idx on {schema_name}.member (org_id);
create index member_name_idx on {schema_name}.member (lower(name)) where mood = 'a';
create table {schema_name}.claim (id bigint generated always as identity primary key, member_id bigint not null references {schema_name}.member, amount numeric(18,4) not null default 0, status text not null default 'new', constraint status_ok check (status in ('new', 'paid')), created_at timestamptz not null default now());
create index claim_member_idx on {schema_name}.claim (member_id);
create index claim_status_idx on {schema_name}.claim (status);
create table {schema_name}.line (id bigint generated always as identity primary key, claim_id bigint not null references {schema_name}.claim, n int not null, amount numeric(18,4), unique (claim_id, n));
create table {schema_name}.role_permission (role text not null, permission text not null, primary key (role, permission));
create view {schema_name}.open_claim as select c.id, m.name from {schema_name}.claim c join {schema_name}.member m on m.id = c.member_id where c.status = 'new';
create function {schema_name}.touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
create trigger touch before update on {schema_name}.org for each row execute function {schema_name}.touch();
SQL
superuser pg-1 postgres "create database shared owner $admin"
{
    echo "create schema tenantsh; create table tenantsh.ledger (scope text, schema_name text, name text, sha256 text, applied_at timestamptz default now(), applied_by text default '', duration_ms bigint default 0, run_id text);"
    for i in $(seq "$schemas"); do
        echo "create schema t_$i;"
        sed "s/{schema_name}/t_$i/g" set/001_all.sql
        echo "insert into tenantsh.ledger (scope, schema_name, name, sha256) values ('tenant', 't_$i', '001_all.sql', '');"
    done
    echo "analyze;"
} >shared.sql
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") psql -X -q -v ON_ERROR_STOP=1 -h "$sockets" -p 5501 -U postgres -d shared -f shared.sql >/dev/null || exit 1
superuser pg-1 shared "grant all on schema tenantsh to $admin; grant all on tenantsh.ledger to $admin"
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, db_config_ref)
  select 't-' || i, 'T', 'active', (select id from identity.db_server where name = 'pg-1'), 'schema', 'shared', 't_' || i, 'env:NONE' from generate_series(1, $schemas) i"
ms() { local start=$EPOCHREALTIME; "$@" >out 2>&1; echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)); }
best() { local least= time; for _ in 1 2 3; do time=$(ms "$@"); [ -n "$least" ] && [ "$least" -le "$time" ] || least=$time; done; echo "$least"; }
vote=$(best tenantsh migrate drift --reference majority)
grep -F "as expected" out
full=$(best tenantsh migrate drift --set set)
grep -F "as expected" out
export PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser")
dump=$(best pg_dump -h "$sockets" -p 5501 -U postgres -d shared --schema-only --schema=t_1)
for database in one other; do superuser pg-1 postgres "create database $database"; done
sed "s/{schema_name}/t_1/g; 1i create schema t_1;" set/001_all.sql >one.sql
for database in one other; do psql -X -q -h "$sockets" -p 5501 -U postgres -d $database -f one.sql >/dev/null; done
migra=
if npm install --silent --no-audit --no-fund --prefix "$work/npm" @pgkit/migra >/dev/null 2>&1; then
    url() { echo "postgresql://postgres:$PGPASSWORD@/$1?host=$sockets&port=5501"; }
    migra=$(best node "$work/npm/node_modules/.bin/migra" "$(url one)" "$(url other)" --unsafe)
else
    echo "@pgkit/migra: npm cannot install it here" >&2
fi
awk -v s="$schemas" -v v="$vote" -v f="$full" -v d="$dump" -v m="$migra" 'BEGIN {
    printf "%-52s %8d ms   wanted 1500\n", s " schemas against their majority, one pass", v
    printf "%-52s %8d ms\n", s " schemas against the migrations", f
    printf "%-52s %8d ms   x %d = %d s\n", "pg_dump --schema-only of one schema", d, s, d * s / 1000
    if (m != "") printf "%-52s %8d ms   x %d = %d s\n", "@pgkit/migra, two databases of one schema", m, s, m * s / 1000
    printf "{\"drift_schemas\": %d, \"majority_ms\": %d, \"migrations_ms\": %d, \"pg_dump_one_ms\": %d, \"migra_two_ms\": %s}\n", s, v, f, d, m == "" ? "null" : m }'
