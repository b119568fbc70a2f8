#!/usr/bin/env bash
# A fleet of empty tenant databases brought to the shipped set: three that are broken are parked with their reasons, the
# others go on, and the next run touches those three alone. Then the run is killed at random moments: every tenant
# stands at a whole migration each time, and the next run finishes. TENANTSH_FLEET tenants (40), TENANTSH_KILLS (6).
. "$(dirname "$0")/../support/sandbox.sh"
fleet=${TENANTSH_FLEET:-40} kills=${TENANTSH_KILLS:-6}

tenantsh sandbox up --servers 2 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 &&
    tenantsh run register_server --yes --input name=pg-2 >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
slug() { printf 't-%03d' "$1"; }
member() { echo "pg-$((1 + $1 % 2))"; }
# sql SLUG-NUMBER SQL…: as a superuser in that tenant's database.
sql() { superuser "$(member "$1")" "tenant_$(slug "$1")" "${@:2}"; }
admin=$(superuser master master "select admin_user from identity.db_server limit 1")
create_all() {
    local server
    for server in 1 2; do
        for i in $(seq "$fleet"); do
            [ "$(member "$i")" = "pg-$server" ] || continue
            echo "drop database if exists \"tenant_$(slug "$i")\" with (force);"
            echo "create database \"tenant_$(slug "$i")\" owner \"$admin\" strategy file_copy;"
        done >"create-$server.sql"
        superuser "pg-$server" postgres 'set client_min_messages = warning' -f "create-$server.sql" >/dev/null
    done
}
create_all
for i in $(seq "$fleet"); do
    echo "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, db_config_ref)
          select '$(slug "$i")', 'Tenant $i', 'active', id, 'database', 'tenant_$(slug "$i")', 'env:NOBODY' from identity.db_server where name = '$(member "$i")';"
done >tenants.sql
superuser master master 'set synchronous_commit = off' -f tenants.sql >/dev/null
files=$(ls "$root"/migrations/tenant/*.sql | wc -l)

# Three that cannot: one is read-only, one has a table of its own in the way, one is locked by somebody.
superuser "$(member 3)" postgres "alter database \"tenant_$(slug 3)\" set default_transaction_read_only = on" >/dev/null
sql 5 "create schema members; create table members.member (id int); alter schema members owner to \"$admin\"" >/dev/null
tenantsh migrate up --tenants "$(slug 8)" --until 009 --yes >/dev/null 2>&1
superuser "$(member 8)" "tenant_$(slug 8)" 'begin' -c 'lock table members.member' -c 'select pg_sleep(600)' >/dev/null 2>&1 &
for _ in $(seq 100); do
    [ "$(sql 8 "select count(*) from pg_locks where relation = 'members.member'::regclass and mode = 'AccessExclusiveLock' and granted")" = 1 ] && break
    sleep 0.1
done

expect "the plan names what it would do" 8 tenantsh migrate --plan --canary "$(slug 1)" --waves 10%
has "canary first, then a wave, then everyone else" "$output" "canary: apply $files files (001_schemas.sql … 027_pgboss_schedule_seed.sql) to $(slug 1)" \
    "wave 1: " "everyone else: "
expect "three of the fleet are parked: exit 7" 7 tenantsh migrate --canary "$(slug 1)" --waves "10%, 50%" --jobs 8 --lock-timeout 300ms --lock-retries 2 --yes --format csv
has "each with its true reason" "$output" \
    "$(slug 3): " "cannot execute" "read-only transaction" \
    "$(slug 5): 001_schemas.sql: schema \"members\" already exists" \
    "$(slug 8): 010_members_coverage.sql" "lock timeout"
has "and counted" "$output" "$((fleet - 3)) done, 3 parked"
same "the others have all of the set" "$((fleet - 3))" "$(grep -c ",done,.*,$files,[0-9]*,[0-9]*,0," <<<"$output")"
same "who is parked is still known afterwards" "$(printf '%s\n' "$(slug 3)" "$(slug 5)" "$(slug 8)")" \
    "$(tenantsh migrate parked --format csv 2>/dev/null | tail -n +2 | cut -d, -f1)"
expect "the skew: two versions" 8 tenantsh migrate skew --format csv
has "most are at the last file" "$output" "027_pgboss_schedule_seed.sql,0,0,$((fleet - 3))," "009_members_address.sql,18,0,1,$(slug 8)"
same "an audit row before and after, also of those that failed" "$fleet migrate begin,$fleet migrate" \
    "$(superuser master master "select string_agg(n || ' ' || action, ',' order by action desc) from
       (select action, count(distinct tenant_id) n from identity.tenant_audit where action in ('migrate', 'migrate begin') group by 1) c")"

# Mended: only those three are worked on.
superuser "$(member 3)" postgres "alter database \"tenant_$(slug 3)\" reset default_transaction_read_only" >/dev/null
sql 5 "drop schema members cascade" >/dev/null 2>&1
superuser "$(member 8)" postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()" >/dev/null
begun=$(superuser master master "select coalesce(max(id), 0) from identity.tenant_audit")
expect "the same command again: exit 0" 0 tenantsh migrate --canary "$(slug 1)" --waves "10%, 50%" --jobs 8 --lock-timeout 300ms --lock-retries 2 --yes --format csv
has "all of the others are up to date" "$output" "$((fleet - 3)) up to date"
same "exactly those three were worked on" "$(printf '%s\n' "$(slug 3)" "$(slug 5)" "$(slug 8)")" \
    "$(superuser master master "select t.slug from identity.tenant_audit a join identity.tenant t on t.id = a.tenant_id
       where a.id > $begun and a.action = 'migrate' order by 1")"
expect "nobody is parked any more" 0 tenantsh migrate parked
# Parked before any wave, and mended by other means than a run that applies something.
mkdir other && echo 'select 1;' >other/001_other.sql
expect "a set that cannot be these tenants'" 1 tenantsh migrate --set other --tenants "$(slug 9)" --yes
same "who was parked at once is known as well" "$(slug 9)" "$(tenantsh migrate parked --format csv 2>/dev/null | tail -n +2 | cut -d, -f1)"
expect "found up to date" 0 tenantsh migrate --tenants "$(slug 9)" --yes
expect "it is parked no longer" 0 tenantsh migrate parked
expect "nothing is to do" 0 tenantsh migrate --plan

# A canary that fails stops everything; a limit of failures stops the rest.
create_all
for i in 2 4 6; do sql "$i" "create schema claims" >/dev/null; done
expect "a canary that fails: nobody else is begun" 7 tenantsh migrate --canary "$(slug 2)" --yes --format csv
has "and it says so" "$output" "stopped: a canary failed" "$((fleet - 1)) not begun"
expect "a limit of failures" 7 tenantsh migrate --max-failures 2 --jobs 1 --until 001 --yes --format csv
has "the third is never reached" "$output" "stopped: max_failures is reached" "2 parked"
expect "a limit that is none" 2 tenantsh migrate --max-failures many --yes
expect "waves that are none" 2 tenantsh migrate --waves 10%,x --yes
expect "a canary that does not exist" 2 tenantsh migrate --canary nobody --yes

# `migrate up` leaves its rows for each tenant too, before the work; where they cannot be written nothing is done.
ten="t-01*"
superuser master master "create function public.no_audit() returns trigger language plpgsql as 'begin raise exception ''the audit is full''; end'" \
    -c "create trigger no_audit before insert on identity.tenant_audit for each row execute function public.no_audit()" >/dev/null
before=$(tenantsh migrate skew --tenants "$ten" --format csv 2>/dev/null)
expect "no audit, no work" 1 tenantsh migrate up --tenants "$ten" --until 003 --yes --jobs 4
has "and it says why" "$output" "the audit is full"
same "every tenant stands where it stood" "$before" "$(tenantsh migrate skew --tenants "$ten" --format csv 2>/dev/null)"
superuser master master "drop trigger no_audit on identity.tenant_audit" -c "drop function public.no_audit()" >/dev/null
begun=$(superuser master master "select coalesce(max(id), 0) from identity.tenant_audit")
expect "with it again: all ten" 0 tenantsh migrate up --tenants "$ten" --until 003 --yes --jobs 4
same "a row before and a row after for each of them" "10 true" \
    "$(superuser master master "select count(distinct b.tenant_id) || ' ' || bool_and(b.id < a.id) from identity.tenant_audit a
       join identity.tenant_audit b using (tenant_id) where a.id > $begun and b.id > $begun and a.action = 'migrate' and b.action = 'migrate begin'")"
expect "nothing to do there" 0 tenantsh migrate up --tenants "$ten" --until 003 --yes
same "leaves no row" "20" "$(superuser master master "select count(*) from identity.tenant_audit where id > $begun")"

# What a whole migration looks like after each file, from a tenant that is moved one by one.
fingerprint="select (select count(*) from tenantsh.ledger) || ' ' || md5(coalesce(string_agg(line, chr(10) order by line), '')) from (
  select a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v')
     and c.relnamespace in (select oid from pg_namespace where nspname !~ '^pg_|information_schema|tenantsh')
  union all select conrelid::regclass || conname || pg_get_constraintdef(oid) from pg_constraint
     where connamespace in (select oid from pg_namespace where nspname !~ '^pg_|information_schema|tenantsh')
  union all select indexdef from pg_indexes where schemaname !~ '^pg_|tenantsh'
  union all select nspname from pg_namespace where nspname !~ '^pg_|information_schema|tenantsh') lines"
create_all
for file in "$root"/migrations/tenant/*.sql; do
    tenantsh migrate up --tenants "$(slug 1)" --until "$(basename "$file")" --yes >/dev/null 2>&1
    sql 1 "$fingerprint"
done | sort >whole
same "one fingerprint a file" "$files" "$(wc -l <whole)"
create_all
seen_half=0 broken=
for kill in $(seq "$kills"); do
    tenantsh migrate --jobs 6 --yes >/dev/null 2>&1 </dev/null &
    runner=$!
    # Looking at every tenant comes first: the larger the fleet, the later the first file.
    sleep "$(awk -v n="$fleet" -v r="$RANDOM" 'BEGIN { printf "%.2f", (0.2 + r / 32768 * 0.6) * n / 40 }')"
    kill -KILL "$runner" 2>/dev/null
    wait "$runner" 2>/dev/null
    for i in $(seq "$fleet"); do
        [ "$(sql "$i" "select to_regclass('tenantsh.ledger') is null")" = f ] || continue
        sql "$i" "$fingerprint"
    done >now
    broken+=$(grep -vE '^0 ' now | sort -u | comm -23 - whole)
    grep -qvE "^(0|$files) " now && seen_half=$((seen_half + 1))
    # Everyone is done: begin anew.
    [ "$(grep -c "^$files " now)" -lt "$fleet" ] || create_all
done
same "killed $kills times at random: every tenant stands at a whole migration" "" "$broken"
check "some of these moments were in the middle of a tenant ($seen_half)" "$([ "$seen_half" -gt 0 ] || echo none)"
expect "the next run finishes" 0 tenantsh migrate --jobs 8 --yes
expect "and nothing is left to do" 0 tenantsh migrate status
# Ctrl-C: a clean end.
create_all
tenantsh migrate --jobs 4 --yes --format csv >interrupted.csv 2>interrupted.txt </dev/null &
runner=$!
sleep 0.6
kill -TERM "$runner"
wait "$runner"
status=$?
check "ended by a signal: exit 130, or done before it" "$([ $status = 130 ] || [ $status = 143 ] || [ $status = 0 ] || { echo "exit $status"; cat interrupted.txt; })"
expect "it goes on after that" 0 tenantsh migrate --jobs 8 --yes
finish
