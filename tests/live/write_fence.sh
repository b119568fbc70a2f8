#!/usr/bin/env bash
# What an operator does with a tenant's status: the runbook with one failure and one resume, the command line, a fence
# that is killed while it goes up or down, a server that is gone, and a schema in a shared database.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
superuser pg-1 postgres "alter system set max_prepared_transactions = 5"
tenantsh sandbox down >/dev/null 2>&1; tenantsh sandbox up --servers 1 >/dev/null 2>&1
for slug in acme beta; do tenantsh run provision_tenant --input slug=$slug --yes >/dev/null 2>&1; done
tenantsh seed generate --tenants acme --members 5 --yes >/dev/null 2>&1
app_dsn=$(cat "$TENANTSH_HOME/sandbox/secrets/tenants/acme.dsn" 2>/dev/null || cat "$(find "$TENANTSH_HOME" -name acme.dsn)")
app() { psql -X -q -A -t "$app_dsn" -c "$1" 2>&1; }
status() { superuser master master "select status from identity.tenant where slug = '${1:-acme}'"; }
# Every privilege on what a fence touches, defaults written out, and the settings of the database.
privileges() {
    superuser pg-1 "${1:-tenant_acme}" "select c.oid::regclass, x.* from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::\"char\", c.relowner))) x where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'tenantsh') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') order by 1, 2, 3, 4, 5" \
        -c "select n.nspname, x.* from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x where n.nspname !~ '^pg_' and n.nspname <> 'tenantsh' order by 1, 2, 3, 4, 5" \
        -c "select x.* from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x where datname = current_database() order by 1, 2, 3, 4" \
        -c "select setrole::regrole, setconfig from pg_db_role_setting s join pg_database d on d.oid = setdatabase where datname = current_database() order by 1"
}
before=$(privileges)

# ---- the runbook: refused by a prepared transaction, resumed -----------------------------------------------------------
app "begin; update members.member set language = language; prepare transaction 'nightly'" >/dev/null
expect "a prepared transaction stops the run" 1 tenantsh run tenant_status --input tenant=acme --input status=read_only --input reason="month end" --yes
has "it is named, with what to do" "$output" 'a prepared transaction is open in database tenant_acme: "nightly" of tenant_acme_app' "rollback prepared 'nightly'" "tenantsh runs resume"
same "nothing was changed" "active" "$(status)"
same "no privilege either" "$before" "$(privileges)"
app "rollback prepared 'nightly'"
expect "the run is resumed" 0 tenantsh runs resume "$(last_run)" --yes
has "and says what was tried and what is left" "$output" "blocked: 11" "large object" 'help("read_only")'
run=$(last_run)
same "the registry says so" "read_only" "$(status)"
has "the audit says why" "$(superuser master master "select before, after, reason, run_id from identity.tenant_audit where action = 'status' order by id desc limit 1")" '{"status": "active"}|{"status": "read_only"}|month end|'"$run"
has "the application reads" "$(app "select count(*) > 0 from members.member")" t
has "and does not write" "$(app "update members.member set language = 'x'")" "read-only transaction"
has "not with BEGIN READ WRITE" "$(app "begin read write; update members.member set language = 'x'")" "permission denied for table member"
has "not through its own options" "$(PGOPTIONS='-c default_transaction_read_only=off' app "delete from claims.claim")" "permission denied for table claim"
superuser pg-1 postgres "alter role tenant_acme_app set default_transaction_read_only = off"
has "not with a setting of its own" "$(app "update members.member set language = 'x'")" "permission denied for table member"
has "fence says so" "$(tenantsh tenants fence --tenants acme)" "default_transaction_read_only is off for tenant_acme_app"
expect "set again, it is closed" 0 tenantsh tenants set_status --tenants acme --status read_only --reason "month end" --yes
has "for that role too" "$(app "update members.member set language = 'x'")" "read-only transaction"
expect "fence is content" 0 tenantsh tenants fence --tenants acme
superuser pg-1 postgres "alter role tenant_acme_app reset default_transaction_read_only"
expect "a dump of a fenced tenant" 0 tenantsh run tenant_backup --input tenant=acme --yes
same "leaves it fenced" "read_only" "$(status)"
expect "the run is undone" 0 tenantsh runs undo "$run" --yes
same "every privilege is back" "$before" "$(privileges)"
same "and the status" "active" "$(status)"
has "the application writes" "$(app "update members.member set language = language returning 'written'" | head -n 1)" written

# ---- the command line --------------------------------------------------------------------------------------------------
expect "without a reason" 2 tenantsh tenants set_status --tenants acme --status read_only --yes
has "it is asked for" "$output" "wants a reason"
expect "a status that nobody sets" 2 tenantsh tenants set_status --tenants acme --status retired --reason x --yes
expect "several at once" 0 tenantsh tenants set_status --tenants acme,beta --status suspended --reason "payment" --yes --format csv
has "each told" "$output" "acme,active,suspended,t,up" "beta,active,suspended,t,up"
has "the application does not connect" "$(app "select 1")" "permission denied for database"
expect "the admin does: a backup of a suspended tenant" 0 tenantsh run tenant_backup --input tenant=acme --yes
expect "several back" 0 tenantsh tenants set_status --tenants acme,beta --status active --reason "paid" --yes
same "as before" "$before" "$(privileges)"
superuser master master "update identity.tenant set status = 'provisioning' where slug = 'beta'"
expect "a tenant that is being made" 1 tenantsh tenants set_status --tenants beta --status read_only --reason x --yes
has "is refused with the way" "$output" "it is being made" "provision_tenant"
superuser master master "update identity.tenant set status = 'retired' where slug = 'beta'"
expect "a retired one" 1 tenantsh tenants set_status --tenants beta --status active --reason x --yes
superuser master master "update identity.tenant set status = 'active' where slug = 'beta'"
expect "the page that says what is left" 0 tenantsh help read_only
has "names them" "$output" "superusers" "large objects" "the owner on purpose" "COMMIT PREPARED"

# ---- an archive of a fenced tenant -------------------------------------------------------------------------------------
# Its GRANTs are the fenced ones; the copy is given back what the original had, and is fenced in its own right.
tenantsh tenants set_status --tenants acme --status read_only --reason "dump" --yes >/dev/null 2>&1
objects() { privileges "$1" | grep -v '^[0-9]*|[0-9]*|[A-Z]' | sort; }
admin() { PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.admin" 2>/dev/null || cat "$TENANTSH_HOME"/sandbox/secrets/pg-1*admin*) "$@"; }
expect "the admin dumps it" 0 admin pg_dump -h "$sockets" -p 5501 -U tenantsh_admin -Fc -f acme.dump tenant_acme
tenantsh tenants set_status --tenants acme --status active --reason "dumped" --yes >/dev/null 2>&1
admin psql -X -q -h "$sockets" -p 5501 -U tenantsh_admin -d postgres -c "create database tenant_acme_copy owner tenant_acme_owner template template0"
expect "and restores it beside" 0 admin pg_restore -h "$sockets" -p 5501 -U tenantsh_admin --no-owner --role=tenant_acme_owner --exit-on-error -d tenant_acme_copy acme.dump
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, labels)
    select 'acme-copy', 'copy', 'provisioning', server_id, placement, 'tenant_acme_copy', '{\"sibling_of\": \"acme\"}' from identity.tenant where slug = 'acme'"
has "its fence came along" "$(tenantsh -e 'tenants["acme-copy"]:fence()' 2>&1)" '"state": "carried"' "came with a copy"
expect "a sibling becomes read_only" 0 tenantsh tenants set_status --tenants acme-copy --status read_only --reason "restored" --yes
expect "proved there" 0 tenantsh tenants prove_fence --tenants acme-copy
expect "and is told from the original" 0 tenantsh tenants fence --tenants acme,acme-copy
superuser master master "update identity.tenant set db_config_ref = 'env:NOWHERE' where slug = 'acme-copy'"
expect "a copy does not become active: one database takes writes" 1 tenantsh tenants set_status --tenants acme-copy --status active --reason "taken" --yes
has "and says what makes it the tenant" "$output" "it is a copy, and only one database may take a tenant's writes" "tenantsh run tenant_cutover"
superuser master master "update identity.tenant set labels = '{}' where slug = 'acme-copy'"
expect "as a tenant of its own it becomes active" 0 tenantsh tenants set_status --tenants acme-copy --status active --reason "taken" --yes
same "with what the original has" "$(objects tenant_acme)" "$(objects tenant_acme_copy)"
superuser master master "update identity.tenant set status = 'retired' where slug = 'acme-copy'"

# ---- killed at random --------------------------------------------------------------------------------------------------
# Either the fence is up and whole, or everything is as before; and no tenant becomes read_only in the registry before
# it is.
kills=${TENANTSH_KILLS:-16} bad= killed=0
for i in $(seq 1 "$kills"); do
    to=$([ $((i % 2)) = 1 ] && echo read_only || echo active) said=$(status)
    tenantsh tenants set_status --tenants acme --status $to --reason "try $i" --yes >/dev/null 2>&1 &
    sleep "0.$(printf %02d $((RANDOM % 25)))"
    kill -9 $! 2>/dev/null && killed=$((killed + 1))
    wait $! 2>/dev/null
    # Its backends end with their statements.
    while [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where datname = 'tenant_acme'")" != 0 ]; do :; done
    if [ "$(superuser pg-1 tenant_acme "select to_regclass('tenantsh.fence') is not null and exists (select from tenantsh.fence)" 2>/dev/null || superuser pg-1 tenant_acme "select to_regclass('tenantsh.fence') is not null")" = t ]; then
        tenantsh tenants prove_fence --tenants acme >/dev/null 2>&1 || bad+="$i: leaks"$'\n'
    else
        [ "$(privileges)" = "$before" ] || bad+="$i: other privileges"$'\n'
        [ "$said" = read_only ] || [ "$(status)" = active ] || bad+="$i: the registry says $(status), nothing holds"$'\n'
    fi
done
check "killed at $kills moments, $killed of them in time" "$bad"
expect "set once more" 0 tenantsh tenants set_status --tenants acme --status active --reason "end" --yes
same "every privilege is there" "$before" "$(privileges)"

# ---- two operators at once ---------------------------------------------------------------------------------------------
bad=
for i in $(seq 1 6); do
    for to in read_only suspended active; do
        tenantsh tenants set_status --tenants acme --status $to --reason "operator $to" --yes >/dev/null 2>&1 &
    done
    wait
    tenantsh tenants fence --tenants acme >fence.log 2>&1 || bad+="$i: $(cat fence.log)"$'\n'
done
check "whoever comes last, registry and fence agree" "$bad"
expect "active again" 0 tenantsh tenants set_status --tenants acme --status active --reason "end" --yes
same "with every privilege" "$before" "$(privileges)"

# ---- a server that is gone ---------------------------------------------------------------------------------------------
data=$(find "$TENANTSH_HOME" -maxdepth 4 -path '*pg-1*' -name postmaster.pid | head -n 1)
kill -QUIT "$(head -n 1 "$data")"
while [ -e "/proc/$(head -n 1 "$data" 2>/dev/null)" ] && [ -e "$data" ]; do sleep 0.05; done
expect "a dead server" 3 tenantsh -e 'tenants.acme:set_status{ status = "read_only", reason = "x" }'
has "is said" "$output" "not running"
same "the registry is as it was" "active" "$(status)"
tenantsh sandbox up --servers 1 >/dev/null 2>&1

# ---- a schema in a shared database -------------------------------------------------------------------------------------
cp -r "$root/examples/schema_per_tenant" tour
export PGHOST=$sockets PGPORT=5501 PGUSER=postgres PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser")
tour/tour.sh >/dev/null 2>&1 || fail "the tour"
cd tour || exit 1
psql -X -q -d shop -c "create role shop_app login password 'x'" -c "grant usage on schema acme, beta to shop_app" \
    -c "grant select, insert, update, delete on all tables in schema acme, beta to shop_app" \
    -c "create role acme_batch login password 'x'" -c "grant usage on schema acme to acme_batch" \
    -c "grant insert on all tables in schema acme to acme_batch"
shop=$(privileges shop)
table=$(psql -X -q -A -t -d shop -c "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'acme' order by 1 limit 1")
as() { PGUSER=$1 PGPASSWORD=x psql -X -q -A -t -d shop -c "$2" 2>&1; }
expect "a tenant that is a schema" 0 tenantsh tenants set_status --tenants acme --status read_only --reason "month end" --yes
has "what does not hold is said" "$output" "shop_app writes in other schemas too" "the list of tenants of this environment is not ours"
has "its tables are closed" "$(as shop_app "delete from $table")" "permission denied for table"
has "to a login of its own as well, by default" "$(as acme_batch "show default_transaction_read_only")" on
same "its neighbour's are open" "" "$(as shop_app "delete from ${table/acme/beta} where false")"
expect "proved" 0 tenantsh tenants prove_fence --tenants acme
expect "and back" 0 tenantsh tenants set_status --tenants acme --status active --reason "done" --yes
same "as it was" "$shop" "$(privileges shop)"
finish
