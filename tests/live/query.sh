#!/usr/bin/env bash
# Queries across tenants as they stream: order, columns, failures in the middle, files whole or not at all, memory; what
# ends them: statement, lock and wall timeouts, Ctrl-C on every server, a reader that goes away; a server that never
# answers.
. "$(dirname "$0")/../support/sandbox.sh"
tenantsh sandbox up --servers 2 --tenants 4 >/dev/null 2>&1 || { fail "a sandbox with four tenants"; finish; }
sockets=$(socket_of)
each_tenant() {
    superuser master master "select s.name, t.database_name from identity.tenant t join identity.db_server s on s.id = t.server_id order by t.slug" |
        while IFS='|' read -r server database; do superuser "$server" "$database" "$1"; done
}
each_tenant "create table public.item (id int primary key, note text); grant select on item to public;
    insert into item select n, 'note ' || n from generate_series(1, 1000) n"
# What the tenants' servers are still running for us.
running() {
    for server in pg-1 pg-2; do
        superuser $server postgres "select query from pg_stat_activity where application_name like 'tenantsh%' and state = 'active' and pid <> pg_backend_pid()"
    done
}
# soon COMMAND…: true within ten seconds.
soon() { for _ in $(seq 100); do "$@" && return; sleep 0.1; done; return 1; }
runs() { [ "$(running | grep -c pg_sleep)" -ge "$1" ]; }
idle() { [ -z "$(running)" ]; }

# ---- order and columns -----------------------------------------------------------------------------------------
sql='select id, note from item order by id'
expect "csv" 0 tenantsh query "$sql" --format csv
same "a header, then the tenants in their order" "tenant,id,note 4001 tenant-01,1,note 1 tenant-04,1000,note 1000" \
    "$(sed -n 1p <<<"$output") $(wc -l <<<"$output") $(sed -n 2p <<<"$output") $(tail -n 1 <<<"$output")"
check "sorted by tenant and then as the server gave them" "$(tail -n +2 <<<"$output" | LC_ALL=C sort -t, -k1,1 -k2,2n -c 2>&1)"
for format in csv tsv jsonl; do
    tenantsh query "select id, note, nullif(id, 1) as n, null::text as none, '' as empty, id * 1.5 as tenant, id = 1 as b, E'a\"b,\tc\nd' as odd from item where id < 4 order by id" --format $format >streamed.$format
    tenantsh --format $format -e "tenants:query[[select id, note, nullif(id, 1) as n, null::text as none, '' as empty, id * 1.5 as tenant, id = 1 as b, E'a\"b,\tc\nd' as odd from item where id < 4 order by id]]" >held.$format
    check "$format: streamed and held are the same bytes" "$(cmp streamed.$format held.$format 2>&1)"
done
expect "no rows: the columns all the same" 0 tenantsh query 'select id, note from item where false' --format csv
same "as a header" "tenant,id,note" "$output"
superuser pg-1 tenant_tenant_01 "alter table item add column extra int" 2>/dev/null || superuser pg-2 tenant_tenant_01 "alter table item add column extra int"
expect "other columns than the first tenant's" 7 tenantsh query 'select * from item where id = 1' --format csv
has "are failures that name both" "$output" "tenant-01,1,note 1," "tenant-02: its columns are id, note, those of the other tenants id, note, extra"
each_tenant "alter table item drop column if exists extra" 2>/dev/null

# ---- failures --------------------------------------------------------------------------------------------------
expect "one that fails before its first row" 7 tenantsh query "select id, 1 / (case when current_database() like '%02' then 0 else 1 end) as one from item" --format csv
same "has no row; the others have all" "0 3000" "$(grep -c '^tenant-02,' <<<"$output") $(grep -c '^tenant-0[134],' <<<"$output")"
expect "one that fails far behind its first row" 7 tenantsh query "select n, 1 / (case when current_database() like '%01' and n = 150000 then 0 else 1 end) as one from generate_series(1, 200000) n" --format csv
has "says how much of it was written" "$output" "rows of it were written before"
expect "all fail" 1 tenantsh query 'select nothing' --format csv

# ---- files -----------------------------------------------------------------------------------------------------
expect "into a file" 0 tenantsh query "$sql" --save all.csv --format csv
same "how many rows of whom" "tenant,rows|tenant-01,1000|tenant-02,1000|tenant-03,1000|tenant-04,1000" "$(paste -sd'|' <<<"$output")"
check "the file has what standard output would get" "$(tenantsh query "$sql" --format csv | cmp - all.csv 2>&1)"
expect "of one tenant, from Lua: its own columns" 0 tenantsh -e "tenants['tenant-03']:query{ sql = 'select id from item where id < 3', save = 'one.jsonl' }"
same "in the file" '{"id": 1}|{"id": 2}' "$(paste -sd'|' one.jsonl)"
expect "a format that must see every row first" 2 tenantsh query "$sql" --save all.json
has "says what would do" "$output" "csv, tsv and jsonl" 'save("all.json")'
expect "all fail: no file" 1 tenantsh query 'select nothing' --save none.csv
same "neither whole nor half" "" "$(ls none.csv* 2>/dev/null)"
mkdir -p small && mount -t tmpfs -o size=64k tmpfs small 2>/dev/null && {
    expect "a full disk" 1 tenantsh query "$sql" --save small/all.csv
    has "is said" "$output" "cannot write small/all.csv"
    same "and leaves nothing" "" "$(ls small)"
    umount small
}

# ---- memory ----------------------------------------------------------------------------------------------------
# The first tenant is slow, so that megabytes of the others wait for it; and four million rows in all.
peak() {   # peak MAX_MB COMMAND…: highest resident size
    local limit=$1 status=0
    shift
    "$@" >big.csv 2>big.err </dev/null &
    local process=$! top=0 now
    while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$process/status" 2>/dev/null) && [ -n "$now" ]; do top=$now; sleep 0.05; done
    wait $process || status=$?
    check "$name: exit 0" "$([ $status = 0 ] || { echo "exit $status"; head -n 5 big.err; })"
    check "$name: under $limit MB" "$([ "$top" -lt $((limit * 1024)) ] || echo "$top kB")"
}
name="streamed" peak 64 tenantsh query "select n, 'row number ' || n as text, case when current_database() like '%01' and n = 1 then pg_sleep(2)::text end as z from generate_series(1, 1000000) n" --format csv
same "every row, in order" "4000001 1 1000000" "$(wc -l <big.csv) $(sed -n 2p big.csv | cut -d, -f2) $(tail -n 1 big.csv | cut -d, -f2)"
check "no tenant among another's rows" "$(tail -n +2 big.csv | cut -d, -f1 | uniq | diff - <(printf 'tenant-0%d\n' 1 2 3 4))"
expect "as they arrive" 0 tenantsh query "select case when current_database() like '%01' then pg_sleep(2)::text end as z, 1 as n" --format csv --order arrival
same "the slow one is the last" "tenant-01" "$(tail -n 1 <<<"$output" | cut -d, -f1)"

# ---- what ends them --------------------------------------------------------------------------------------------
expect "the statement timeout" 1 tenantsh --timeout 300ms query 'select pg_sleep(60)' --format csv
same "of each" 4 "$(grep -c '57014' <<<"$output")"
server=$(superuser master master "select s.name from identity.tenant t join identity.db_server s on s.id = t.server_id where slug = 'tenant-02'")
superuser "$server" tenant_tenant_02 "begin; lock table item; select pg_sleep(60)" >/dev/null 2>&1 &
locker=$!
soon runs 0; soon eval '[ -n "$(superuser "$server" tenant_tenant_02 "select 1 from pg_locks where mode = '"'AccessExclusiveLock'"' and granted")" ]'
expect "the lock timeout" 7 tenantsh query 'select count(*) from item' --lock-timeout-ms 300 --format csv
has "of the one that is locked" "$output" "tenant-02: canceling statement due to lock timeout"
superuser "$server" postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock table%' and pid <> pg_backend_pid()" >/dev/null
wait $locker 2>/dev/null
expect "the wall timeout" 7 tenantsh query "select case when current_database() like '%03' then pg_sleep(60)::text end as z" --wall-timeout-ms 1500 --format csv
has "of the one that is slow" "$output" "tenant-03: no answer within the wall timeout of 1500 ms"
check "and its statement is over" "$(soon idle || running)"

# A shell without job control starts what runs in the background with SIGINT ignored, which tenantsh heeds.
for how in "query 'select pg_sleep(600)' --format csv" "query 'select pg_sleep(600)'" "query 'select generate_series(1, 1000000) as n, pg_sleep(0.001)::text as z' --save stopped.csv"; do
    eval "exec env --default-signal=INT tenantsh $how" >stopped.out 2>stopped.err </dev/null &
    process=$!
    soon eval '[ "$(running | wc -l)" -ge 4 ]' || fail "four statements run: $how" "$(running)"
    kill -INT $process
    wait $process
    same "Ctrl-C: exit 130: $how" 130 $?
    check "and nothing runs on any server" "$(soon idle || running)"
done
same "no file is left" "" "$(ls stopped.csv* 2>/dev/null)"
tenantsh query 'select generate_series(1, 1000000) as n, pg_sleep(0.001)::text as z' --format csv 2>reader.err </dev/null | head -n 3 >reader.out
same "a reader that has enough" "3" "$(wc -l <reader.out)"
check "ends the statements too, without a word" "$(soon idle || running; cat reader.err)"

# ---- a server that never answers -------------------------------------------------------------------------------
perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1000) or die; sleep 600' "$sockets/.s.PGSQL.5999" &
dead=$!
for _ in $(seq 200); do [ -S "$sockets/.s.PGSQL.5999" ] && break; sleep 0.05; done
superuser master master "insert into identity.db_server (name, region, host, port, admin_user, admin_secret_ref, status, capacity_tenants)
    select 'pg-dead', region, host, 5999, admin_user, admin_secret_ref, status, capacity_tenants from identity.db_server where name = 'pg-1';
    insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, db_config_ref)
    select 'dead-' || n, 'dead', 'active', id, 'database', 'dead_' || n, 'env:NONE' from identity.db_server, generate_series(1, 20) n where name = 'pg-dead'"
tenantsh query 'select count(*) as n from item' --format csv --order arrival --jobs 4 >alive.out 2>alive.err </dev/null &
process=$!
check "the others answer while a dead server is waited for" "$(soon eval '[ "$(grep -c ^tenant- alive.out)" = 4 ]' || cat alive.out)"
check "it is waited for" "$(kill -0 $process 2>&1)"
wait $process
same "then its tenants are the failures" "7 20" "$? $(grep -c 'dead-[0-9]*: .*no answer within 10 s' alive.err)"
kill $dead
finish
