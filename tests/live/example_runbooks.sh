#!/usr/bin/env bash
# The runbooks of examples/runbooks, as somebody else would write them: run, fail, resume, undo.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
for slug in acme birch cedar dogwood elm; do
    tenantsh run provision_tenant --input "slug=$slug" --yes >/dev/null 2>&1 </dev/null || fail "tenant $slug"
done
tenantsh seed generate --tenants all --yes >/dev/null 2>&1 </dev/null || fail "rows"
examples=$root/examples/runbooks
login() { cat "$TENANTSH_HOME/sandbox/secrets/tenants/$1.dsn" 2>/dev/null || find "$TENANTSH_HOME" -name "$1.dsn" -exec cat {} +; }
tenant_says() { tenantsh -e "tenants.$1:query('$2')" --format csv 2>&1 | tail -n 1; }

# ---- credentials --------------------------------------------------------------------------------------------
old=$(login acme) other=$(login birch)
expect "rotation ends" 0 tenantsh run "$examples/rotate_credentials.lua" --input tenants=acme,cedar --yes
check "acme has a new password" "$([ "$(login acme)" != "$old" ] || echo "the old one")"
same "birch was not chosen" "$other" "$(login birch)"
check "the new one opens the database" "$(psql -X -q -A -t "$(login acme)" -c 'select 1' 2>&1 | grep -vx 1)"
check "the old one does not" "$(psql -X -q -A -t "$old" -c 'select 1' 2>&1 | grep -v 'password authentication failed')"

# ---- a column -----------------------------------------------------------------------------------------------
expect "the plan tells" 8 tenantsh run "$examples/backfill_column.lua" --input canary=acme --plan
superuser pg-1 postgres "select 1" >/dev/null
cedar_at=$(tenantsh tenants list --format csv 2>/dev/null | awk -F, 'NR > 1 && $1 ~ /cedar/ { print }')
server=$(grep -o 'pg-[12]' <<<"$cedar_at" | head -n 1)
superuser "$server" tenant_cedar "alter table members.member rename to member_away" >/dev/null
expect "one broken tenant stops the step, not the others" 1 tenantsh run "$examples/backfill_column.lua" --input canary=acme --yes
same "elm is filled" "0" "$(superuser "$server" postgres "select 1" >/dev/null; tenantsh -e "tenants.elm:query('select count(*) as n from members.member where preferred_language is null')" --format csv 2>/dev/null | tail -n 1 | sed 's/.*,//')"
superuser "$server" tenant_cedar "alter table members.member_away rename to member" >/dev/null
expect "the resume does what is left" 0 tenantsh runs resume "$(last_run)" --yes
same "cedar is filled" "0" "$(tenantsh -e "tenants.cedar:query('select count(*) as n from members.member where preferred_language is null')" --format csv 2>/dev/null | tail -n 1 | sed 's/.*,//')"
expect "undo takes the column away again" 0 tenantsh runs undo "$(last_run)" --yes
same "nowhere is it left" "0" "$(tenantsh query "select count(*) as n from information_schema.columns where column_name = 'preferred_language'" --format csv 2>/dev/null | tail -n +2 | cut -d, -f2 | paste -sd+ | sed 's/[+0]*$//; s/^$/0/')"

# ---- a customer leaves --------------------------------------------------------------------------------------
expect "it stops before the database is closed: --yes is no answer" 4 tenantsh run "$examples/offboard_customer.lua" --input tenant=birch --input ticket=OPS-42 --yes
id=$(last_run)
same "the tenant is suspended" suspended "$(superuser master master "select status from identity.tenant where slug = 'birch'")"
on_server() { superuser "$(superuser master master "select s.name from identity.tenant t join identity.db_server s on s.id = t.server_id where slug = 'birch'")" postgres "$1"; }
expect "another tenant's name is no answer" 4 tenantsh runs resume "$id" --yes --confirm acme
same "and closes nothing" t "$(on_server "select datallowconn from pg_database where datname = 'tenant_birch'")"
expect "with its name it closes, then waits for a person" 4 tenantsh runs resume "$id" --yes --confirm birch
same "the database is closed" f "$(on_server "select datallowconn from pg_database where datname = 'tenant_birch'")"
expect "the customer stays after all: undo, which asks for the name again" 4 tenantsh runs undo "$id" --yes
expect "and takes all back" 0 tenantsh runs undo "$id" --yes --confirm birch
same "the tenant is open and active" "t active" "$(on_server "select datallowconn from pg_database where datname = 'tenant_birch'") $(superuser master master "select status from identity.tenant where slug = 'birch'")"
finish
