#!/usr/bin/env bash
# Seeds: the proof that they may run again, and running what is pending.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
shipped=$root/migrations
scratch() { superuser "$1" postgres "select count(*) from pg_database where datname like 'tenantsh_scratch%'"; }

# ---- the shipped seeds --------------------------------------------------------------------------------------
expect "the shipped master seeds may run again; nobody else edits them" 0 tenantsh seed verify --scope master --format csv
same "all of them were tried" "$(grep -l '^-- tenantsh: seed' "$shipped"/master/*.sql | wc -l)" "$(grep -c ',nothing,' <<<"$output")"
expect "so may the tenant's" 0 tenantsh seed verify --scope tenant --format csv
same "all of those too" "$(grep -l '^-- tenantsh: seed' "$shipped"/tenant/*.sql | wc -l)" "$(grep -c ',nothing,' <<<"$output")"
same "no scratch database is left" "0 0" "$(scratch master) $(scratch pg-1)"

# ---- three that may not -------------------------------------------------------------------------------------
mkdir set
cat >set/001_plan.sql <<'SQL'
create schema plan;
create table plan.plan (code text primary key, name text not null, price numeric(18, 4) not null, loaded_at timestamptz);
create table plan.note (id bigint generated always as identity primary key, text text not null);
SQL
cat >set/002_good.sql <<'SQL'
-- tenantsh: seed
insert into plan.plan (code, name, price) values ('A', 'Basic', 10), ('B', 'Plus', 20) on conflict (code) do nothing;
SQL
expect "a seed that only adds is proved" 0 tenantsh seed verify --set set
cat >set/003_doubles.sql <<'SQL'
-- tenantsh: seed
insert into plan.note (text) values ('hello');
SQL
cat >set/004_overwrites.sql <<'SQL'
-- tenantsh: seed
insert into plan.plan as p (code, name, price) values ('A', 'Basic', 10)
on conflict (code) do update set price = excluded.price where p.price is distinct from excluded.price;
SQL
cat >set/005_now.sql <<'SQL'
-- tenantsh: seed
insert into plan.plan (code, name, price, loaded_at) values ('C', 'Late', 30, now()) on conflict (code) do nothing;
SQL
expect "three seeds are at fault" 8 tenantsh seed verify --set set --format csv
has "each by its name, table, row and column" "$output" \
    '002_good.sql,nothing' '003_doubles.sql,doubles,plan.note,id=' '004_overwrites.sql,overwrites,plan.plan,code=A,price,9.0000,10.0000' \
    '005_now.sql,volatile,plan.plan,code=C,loaded_at,' 'leave the column out of DO UPDATE SET' '1 of 4 seeds proved'
expect "one by name" 8 tenantsh seed verify 004 --set set --format csv
same "and no other" "004_overwrites.sql" "$(grep -oE '^[0-9]{3}_[^,]*' <<<"$output" | sort -u)"
expect "it may, when it says so" 0 tenantsh seed verify 004 --set set --overwrite '004*'
echo 'insert into plan.nowhere values (1);' >set/006_broken.sql
expect "a set that cannot be applied" 1 tenantsh seed verify --set set
has "is named with its line" "$output" '006_broken.sql:1:' 'plan.nowhere'
rm set/006_broken.sql
same "and leaves no database" 0 "$(scratch master)"
same "master itself was not touched" "f" "$(superuser master master "select to_regnamespace('plan') is not null")"

cat >set/007_secret.sql <<'SQL'
-- tenantsh: seed
-- secrets: plan_name
insert into plan.plan (code, name, price) values ('S', current_setting('tenantsh.secret.plan_name'), 1) on conflict (code) do nothing;
SQL
expect "a seed that asks for a secret is proved without it" 0 tenantsh seed verify 007 --set set
printf -- '-- tenantsh: seed, profile demo, overwrite\nupdate plan.plan set price = 1;\n' >set/008_demo.sql
expect "one that says that it overwrites may" 0 tenantsh seed verify 008 --set set

# ---- a killed one -------------------------------------------------------------------------------------------
printf -- '-- tenantsh: seed\nselect pg_sleep(60);\n' >set/006_slow.sql
tenantsh seed verify --set set >/dev/null 2>&1 &
victim=$!
for _ in $(seq 100); do [ "$(superuser master postgres "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()")" = 0 ] || break; sleep 0.1; done
kill -9 $victim
wait $victim 2>/dev/null
same "a killed one leaves its database" 1 "$(scratch master)"
rm set/006_slow.sql
tenantsh seed verify 002 --set set >/dev/null 2>&1
same "which the next one drops" 0 "$(scratch master)"

# ---- a set for schemas --------------------------------------------------------------------------------------
mkdir schemas
cat >schemas/001_item.sql <<'SQL'
create table {schema_name}.item (code text primary key, name text not null);
SQL
cat >schemas/002_items.sql <<'SQL'
-- tenantsh: seed
insert into {schema_name}.item (code, name) values ('x', 'X') on conflict (code) do update set name = excluded.name;
SQL
expect "a set written with {schema_name} is proved in a schema" 8 tenantsh seed verify --scope tenant --set schemas --format csv
has "where the edit is found" "$output" '002_items.sql,overwrites,tenant_scratch.item,code=x,name,~,X'
finish
