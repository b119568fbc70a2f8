#!/usr/bin/env bash
# examples/foreign_fleet as somebody would try it; what is true afterwards; lists that cannot be.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 2 >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
cp -r "$root/examples/foreign_fleet" tour
password() { cat "$TENANTSH_HOME/sandbox/secrets/$1.superuser"; }
export PGHOST=$sockets PGPORT=5501 PGUSER=postgres PGPASSWORD BETA_PORT=5502 BETA_PASSWORD
PGPASSWORD=$(password pg-1) BETA_PASSWORD=$(password pg-2)
expect "the tour runs to its end" 0 tour/tour.sh
echo "$output" >"${TOUR_OUTPUT:-/dev/null}"
same "both environments answer alike" 2 "$(grep -c 'bakery | *2 | *30' <<<"$output")"
same "a suspended customer is left out, and said" 2 "$(grep -c '^bakery,2,20$' <<<"$output")"
has "the run is listed" "$output" "close_month"

sql() { local database=$1; shift; psql -X -q -A -t -d "$database" -c "$@"; }
same "the journal is where the configuration says" "inventory,platform" \
    "$(sql operations "select string_agg(distinct environment, ',' order by environment) from runbook.run")"
same "with both items of the run" 2 "$(sql operations "select count(*) from runbook.item i join runbook.run r on r.id = i.run_id where r.environment = 'platform'")"
same "the platform's database has no schema of ours" "" "$(sql platform "select nspname from pg_namespace where nspname in ('runbook', 'tenantsh', 'identity')")"
same "the month is closed where it was asked" "2026-10 2026-10,2026-11 " \
    "$(sql c_bakery "select string_agg(month, ',' order by month) from books.closed_month") $(PGPORT=5502 PGPASSWORD=$BETA_PASSWORD sql c_garage "select string_agg(month, ',' order by month) from books.closed_month") $(PGPORT=5502 PGPASSWORD=$BETA_PASSWORD sql c_museum "select string_agg(month, ',' order by month) from books.closed_month")"

cd tour || exit 1
export ALPHA_PASSWORD=$PGPASSWORD
rm -rf "$TENANTSH_HOME/runs"
expect "another machine, without the mirror, finds the runs in the journal" 0 tenantsh runs list --format csv
has "by their environment" "$output" "close_month"

# ---- lists that cannot be ------------------------------------------------------------------------------------
cp tenantsh.toml right.toml
# wrong NAME SED WANTED…
wrong() {
    local name=$1 edit=$2
    shift 2
    sed "$edit" right.toml >tenantsh.toml
    expect "$name" 2 tenantsh tenants list
    has "$name: says which" "$output" "$@"
}
wrong "a missing column" 's/code as slug/code as customer/' "the tenants query of environment platform lacks the column slug"
wrong "a misspelt one" 's/as database_name/as databse_name/' "lacks the column database_name"
wrong "a word that is no status" "s/else 'suspended'/else 'gone'/" "museum" "gone"
wrong "a server that is not in the list" "s/machine as server/'gamma' as server/" "gamma is not in the list of servers"
cp right.toml tenantsh.toml
sed -i 's/"c_museum"/"c_museum", "regoin": "south"/' tenants.json
expect "a misspelt key in a file" 2 tenantsh --env inventory tenants list
has "is named, with what was meant" "$output" "regoin" "did you mean region?"
finish
