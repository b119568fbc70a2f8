#!/usr/bin/env bash
# The real PgBouncer in transaction mode between tenantsh and a tenant server: queries work, read-only three times over,
# and what runs through it leaves no setting behind for the pool's other clients. Once with a PgBouncer that refuses
# start-up options, once with one that drops them without a word.
. "$(dirname "$0")/../support/sandbox.sh"

pgbouncer=$(command -v pgbouncer || command -v /usr/sbin/pgbouncer || true)
if [ -z "$pgbouncer" ]; then
    echo "skipped: pgbouncer is not installed and is not to be had (apt-get install pgbouncer)"
    exit 77
fi
tenantsh sandbox up --servers 1 --tenants 3 >/dev/null 2>&1 || { fail "a sandbox with three tenants"; finish; }
sockets=$(socket_of)
superuser pg-1 tenant_tenant_01 "create table public.note (id int primary key, text text); insert into note values (1, 'one');
    grant select, insert on note to public; create view public.innocent as select 1 as n"

# ---- the pooler ------------------------------------------------------------------------------------------------
admin=$(superuser master master "select admin_user from identity.db_server")
secret=$(superuser master master "select admin_secret_ref from identity.db_server")
mkdir pooler && chmod 700 pooler
printf '"%s" "%s"\n' "$admin" "$(cat "${secret#file:}")" >pooler/users
as_pooler=()
if [ "$(id -u)" = 0 ]; then chown -R postgres pooler; as_pooler=(runuser -u postgres --); fi
# start_pooler EXTRA SETTINGS…: one server connection for each database, so that every client gets the same.
start_pooler() {
    {
        printf '[databases]\n* = host=%s port=5501\n[pgbouncer]\n' "$sockets"
        printf 'listen_addr =\nlisten_port = 6432\nunix_socket_dir = %s\nlogfile = %s\npidfile = %s\n' "$work/pooler" "$work/pooler/log" "$work/pooler/pid"
        printf 'auth_type = scram-sha-256\nauth_file = %s\npool_mode = transaction\ndefault_pool_size = 1\nmax_client_conn = 100\n' "$work/pooler/users"
        printf '%s\n' "$@"
    } >pooler/ini
    [ "$(id -u)" != 0 ] || chown postgres pooler/ini
    "${as_pooler[@]}" "$pgbouncer" -q "$work/pooler/ini" >pooler/out 2>&1 &
    pooler=$!
    for _ in $(seq 100); do [ -S pooler/.s.PGSQL.6432 ] && return; sleep 0.1; done
    fail "pgbouncer came up" "$(cat pooler/out pooler/log)"
    finish
}
stop_pooler() { "${as_pooler[@]}" kill -INT "$(cat pooler/pid)"; wait "$pooler" 2>/dev/null; }
# The application, through the same pooler.
application() { PGPASSWORD=$(cat "${secret#file:}") psql -X -q -A -t -h "$work/pooler" -p 6432 -U "$admin" -d tenant_tenant_01 -c "$1" 2>&1; }
superuser master master "update identity.db_server set host = '$work/pooler', port = 6432"

through_the_pooler() {
    expect "$1: a query across tenants" 0 tenantsh query 'select count(*) as n from identity.organization' --format csv
    same "$1: three rows" 4 "$(wc -l <<<"$output")"
    expect "$1: streamed from one" 0 tenantsh query 'select generate_series(1, 100000) as n' --tenants tenant-01 --format csv
    same "$1: every row" 100001 "$(wc -l <<<"$output")"
    expect "$1: with parameters" 0 tenantsh query 'select text from note where id = $1' --param 1 --tenants tenant-01 --format csv
    has "$1: the value" "$output" "tenant-01,one"
    # Twice in a process: the second goes through kept connections.
    expect "$1: who asks, and how" 0 tenantsh --timeout 7s --format csv -e "for i = 1, 2 do show(tenants['tenant-01']:query{
        sql = [[select current_user as who, current_setting('transaction_read_only') as ro, current_setting('statement_timeout') as st, current_setting('lock_timeout') as lt]],
        lock_timeout_ms = 3000}) end"
    same "$1: as the reader, read-only, with both timeouts, every time" 2 "$(grep -c '^tenantsh_reader,on,7s,3s$' <<<"$output")"
    expect "$1: a write is refused" 1 tenantsh query "delete from note" --tenants tenant-01
    # What the parse does not see the transaction refuses.
    superuser pg-1 tenant_tenant_01 "create or replace function public.sly() returns int language sql as 'insert into public.note values (2, null) returning 1';
        create or replace view public.innocent as select public.sly() as n; grant select on innocent to public"
    expect "$1: a write that only the server can see" 1 tenantsh query "select n from innocent" --tenants tenant-01
    has "$1: is refused by the transaction" "$output" "read-only transaction"
    expect "$1: the statement timeout holds" 1 tenantsh --timeout 200ms query "select pg_sleep(60)" --tenants tenant-01
    has "$1: and says so" "$output" "57014"
    same "$1: the application gets its backend back as it was" "$admin off 0" \
        "$(application "select current_user || ' ' || current_setting('default_transaction_read_only') || ' ' || current_setting('statement_timeout')")"
    check "$1: and may write" "$(application "insert into note values (3, 'three') on conflict do nothing")"
}

start_pooler
through_the_pooler "options refused"
cp -r "$root/migrations/tenant" set && echo 'create table public.late (id int primary key);' >set/900_late.sql
expect "a migration does not run through it" 1 tenantsh migrate up --set set --tenants tenant-01 --yes
has "and says what stands in the way" "$output" "connection pooler"
stop_pooler
start_pooler 'ignore_startup_parameters = options,extra_float_digits'
through_the_pooler "options dropped"
stop_pooler

superuser master master "update identity.db_server set host = '$sockets', port = 5501"
expect "without the pooler" 0 tenantsh query 'select current_user as who' --format csv
same "the reader as before" 3 "$(grep -c ',tenantsh_reader$' <<<"$output")"
finish
