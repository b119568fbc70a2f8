#!/usr/bin/env bash
# Somebody else's fleet, read and worked on without a table of ours in it. Needs tenantsh and psql on PATH; PGHOST,
# PGPORT, PGUSER, PGPASSWORD of the server that holds the platform (it is also the machine alpha); BETA_PORT and
# BETA_PASSWORD of a second one on the same host. Run it in a copy of this folder: it writes the addresses into
# servers.toml.
set -euo pipefail
cd "$(dirname "$0")"
say() { printf '\n# %s\n' "$*"; }
# what EXIT COMMAND…: shows it, runs it, insists on its exit status.
what() {
    local wanted=$1 status=0
    shift
    printf '$ %s\n' "$*"
    "$@" || status=$?
    [ "$status" = "$wanted" ] || { echo "exit $status, not $wanted" >&2; exit 1; }
}
alpha() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
beta() { PGPORT=$BETA_PORT PGPASSWORD=$BETA_PASSWORD psql -X -q -v ON_ERROR_STOP=1 "$@"; }
export ALPHA_PASSWORD=$PGPASSWORD BETA_PASSWORD

say 'The platform as it is: its tables, two machines, three customers.'
alpha -d postgres -c 'create database platform' -c 'create database operations'
alpha -d platform -f platform.sql \
    -c "insert into ops.machine values ('alpha', 'north', '$PGHOST', $PGPORT, '$PGUSER'), ('beta', 'south', '$PGHOST', $BETA_PORT, '$PGUSER')" \
    -c "insert into ops.customer values ('bakery', 'The Bakery', 'live', 'alpha', 'c_bakery', 'gold'), ('garage', 'The Garage', 'live', 'beta', 'c_garage', 'silver'), ('museum', 'The Museum', 'off', 'beta', 'c_museum', 'gold')"
sed -i "s#/run/postgresql#$PGHOST#; s/5432/$PGPORT/; s/5433/$BETA_PORT/" servers.toml
books='create schema books; create table books.invoice (id int primary key, amount numeric); create table books.closed_month (month text primary key)'
alpha -d postgres -c 'create database c_bakery'
beta -d postgres -c 'create database c_garage' -c 'create database c_museum'
alpha -d c_bakery -c "$books" -c 'insert into books.invoice values (1, 10), (2, 20)'
beta -d c_garage -c "$books" -c 'insert into books.invoice values (1, 5)'
beta -d c_museum -c "$books"

say 'Once for each machine: the role that reads.'
for machine in alpha beta; do
    $machine -d postgres -c "do 'begin if to_regrole(''tenantsh_reader'') is null then create role tenantsh_reader; end if; end'" \
        -c 'grant pg_read_all_data to tenantsh_reader' -c "grant tenantsh_reader to \"$PGUSER\""
done

for environment in platform inventory; do
    say "Every verb that reads, in environment $environment."
    what 0 tenantsh --env $environment servers list
    what 0 tenantsh --env $environment servers reach
    what 0 tenantsh --env $environment tenants list
    what 0 tenantsh --env $environment -e 'tenants.bakery' -e 'servers.beta' -e 'tenants:where{ ["label.plan"] = "gold" }'
    what 0 tenantsh --env $environment query 'select count(*) as invoices, sum(amount) from books.invoice'
    what 0 tenantsh --env $environment query 'select * from books.invoice' --tenants 'label.plan=gold,status=*' --format csv
    what 1 tenantsh --env $environment query 'delete from books.invoice'
done
what 0 tenantsh -e 'sql("select code, lifecycle from ops.customer order by code")'

say 'A runbook: its plan, the run, the run again. The journal is in the database operations.'
what 8 tenantsh run ./close_month.lua --input month=2026-10 --plan
what 0 tenantsh run ./close_month.lua --input month=2026-10 --yes
what 0 tenantsh runs list
what 0 tenantsh --env inventory run ./close_month.lua --input month=2026-11 --input tenants=garage --yes
what 0 tenantsh --env inventory query 'select month from books.closed_month order by month' --format csv
