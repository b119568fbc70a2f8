#!/usr/bin/env bash
# examples/schema_per_tenant as somebody would try it, and what is true in the database after it; the same set proved by
# migrate verify, and sets whose way back is wrong named by it.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 1 >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
cp -r "$root/examples/schema_per_tenant" tour
export PGHOST=$sockets PGPORT=5501 PGUSER=postgres PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser")
expect "the tour runs to its end" 0 tour/tour.sh
echo "$output" >"${TOUR_OUTPUT:-/dev/null}"
has "the baseline check names what was forgotten" "$output" "table customer_note" "missing" "index idx_invoice_unpaid"
has "drift names the one tenant and the index" "$output" "gamma" "index idx_invoice_customer_id"
has "the permission is there, for both roles" "$output" "CLERK" "NOTE.READ" "MANAGER"
sql() { psql -X -q -A -t -d shop -c "$1"; }
same "every tenant has every file, the platform its own" "acme 5,beta 5,gamma 5,master 3" \
    "$(sql "select string_agg(who, ',' order by who) from (select case scope when 'master' then 'master' else schema_name end || ' ' || count(*) as who from tenantsh.ledger group by scope, schema_name) w")"
cd tour || exit 1
expect "the set is proved: up, down, up" 0 tenantsh migrate verify --set migrations --format csv
has "every file of the tenants has its way back" "$output" "5 files: 5 the same after up, down, up; 0 without a way back"
expect "and for the platform" 0 tenantsh migrate verify --set migrations --scope master

# Ways back that are none.
mkdir wrong
printf 'create table {schema_name}.a (id int primary key);\ncreate index a_id on {schema_name}.a (id);\n-- migrate:down\ndrop index {schema_name}.a_id;\n' >wrong/001_a.sql
printf 'alter table {schema_name}.a add b int default 1;\n-- migrate:down\nalter table {schema_name}.a alter b drop default;\n' >wrong/002_b.sql
expect "a way back that leaves something" 8 tenantsh migrate verify --set wrong --format csv
has "is told by name" "$output" "001_a.sql,failed,down left table a is extra" "already exists"
rm wrong/001_a.sql
printf 'create table {schema_name}.a (id int);\n' >wrong/001_a.sql
expect "a column that stays" 8 tenantsh migrate verify --set wrong --format csv
has "is told by name too" "$output" "001_a.sql,no way back" "002_b.sql,failed" "down left column a.b is extra" "already exists"
printf 'create table {schema_name}.c (id int);\n' >wrong/002_c.sql
printf 'select 1;\n' >wrong/003_d.down.sql
expect "numbers that are there twice, a way back without a way up" 8 tenantsh migrate verify --set wrong --format csv
has "are told before anything runs" "$output" "002_c.sql,duplicate_number" "003_d.down.sql,unpaired" "nothing was run"
same "no scratch database is left" "" "$(sql "select datname from pg_database where datname like 'tenantsh_scratch%'")"
finish
