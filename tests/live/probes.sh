#!/usr/bin/env bash
# Eight mishaps that every migration tool meets, one fresh database each: nothing is half done, the message names what
# is wrong, and what it says to do next leads to the end. tests/bench/probes.sh shows the same for other tools.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/peers.sh"
other_fleet twins late edited deleted concurrent broken killed race

probe() { tenant=$1 set=$work/$1; mkdir -p "$set"; cd "$set" || exit 1; }
migrate() { local verb=$1; shift; tenantsh migrate "$verb" --tenants "$tenant" --set "$set" "$@"; }
tables() { in_database "$tenant" -c "select coalesce(string_agg(relname, ' ' order by relname), '') from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"; }
ledger() { superuser pg-1 "$tenant" "select coalesce(string_agg(name, ' ' order by name), '') from tenantsh.ledger"; }
wait_for() { for _ in $(seq 200); do [ "$(superuser pg-1 "$tenant" "$1")" = t ] && return; sleep 0.05; done; fail "never: $1"; }

probe twins
echo 'create table a ()' >001_a.sql
echo 'create table b ()' >001_b.sql
expect "duplicate number: refused" 1 migrate up
has "duplicate number: named" "$output" "001_b.sql: has the same number as 001_a.sql"
same "duplicate number: nothing ran" "" "$(tables)"
mv 001_b.sql 002_b.sql
expect "duplicate number: mended, it runs" 0 migrate up
same "duplicate number: both are there" "a b" "$(tables)"

probe late
echo 'create table a ()' >001_a.sql
echo 'create table c ()' >003_c.sql
expect "late file: two run" 0 migrate up
echo 'create table b ()' >002_b.sql
expect "late file: refused" 1 migrate up
has "late file: named" "$output" "002_b.sql" "003_c.sql"
same "late file: did not run" "a c" "$(tables)"
expect "late file: runs when told to" 0 migrate up --accept out_of_order
same "late file: is there" "a b c" "$(tables)"

probe edited
echo 'create table a ()' >001_a.sql
expect "edited file: runs" 0 migrate up
echo 'create table a (id int)' >001_a.sql
echo 'create table b ()' >002_b.sql
expect "edited file: refused, although another is pending" 1 migrate up
has "edited file: named" "$output" "001_a.sql"
same "edited file: nothing ran" "a" "$(tables)"
expect "edited file: even when nothing is pending" 1 bash -c 'rm 002_b.sql; exec tenantsh migrate up --tenants edited --set .'
expect "edited file: taken as it is" 0 migrate mark 001
expect "edited file: all is well" 0 migrate status

probe deleted
echo 'create table a ()' >001_a.sql
echo 'create table b ()' >002_b.sql
expect "deleted file: runs" 0 migrate up
mv 001_a.sql "$work"
expect "deleted file: refused" 1 migrate up
has "deleted file: named" "$output" "001_a.sql"
mv "$work/001_a.sql" .
expect "deleted file: put back" 0 migrate up

probe concurrent
printf 'create table a (id int);\ninsert into a values (1), (1);\n' >001_a.sql
echo 'create unique index concurrently a_id on a (id)' >002_index.sql
expect "CONCURRENTLY in a transaction: refused before anything runs" 1 migrate up
has "CONCURRENTLY: says what to write" "$output" "002_index.sql" "-- tenantsh: no-transaction"
same "CONCURRENTLY: nothing ran" "" "$(tables)"
sed -i '1i -- tenantsh: no-transaction' 002_index.sql
expect "CONCURRENTLY: fails on the data" 1 migrate up
same "CONCURRENTLY: leaves an invalid index" f "$(in_database concurrent -c "select indisvalid from pg_index where indexrelid = 'a_id'::regclass")"
in_database concurrent -c "delete from a where ctid = (select min(ctid) from a)"
expect "CONCURRENTLY: run again" 0 migrate up
same "CONCURRENTLY: repaired it" t "$(in_database concurrent -c "select indisvalid from pg_index where indexrelid = 'a_id'::regclass")"

probe broken
printf 'create table a ();\ncreate table b (id nosuchtype);\n' >001_two.sql
expect "second statement fails" 1 migrate up
has "second statement: file and line" "$output" '001_two.sql:2: type "nosuchtype" does not exist'
same "second statement: the first is gone as well" "" "$(tables)"
sed -i s/nosuchtype/integer/ 001_two.sql
expect "second statement: mended, it runs" 0 migrate up
same "second statement: both are there" "a b" "$(tables)"

probe killed
echo 'create table a ()' >001_a.sql
printf 'create table b ();\nselect pg_sleep(600);\n' >002_b.sql
tenantsh migrate up --tenants killed --set "$set" >/dev/null 2>&1 </dev/null &
runner=$!
wait_for "select count(*) = 1 from pg_stat_activity where datname = 'killed' and query ~ 'pg_sleep' and pid <> pg_backend_pid()"
kill -9 $runner
wait $runner 2>/dev/null
echo 'create table b ()' >002_b.sql
expect "kill -9: its backend still holds the lock" 6 migrate up
has "kill -9: the dead holder is recognised" "$output" "its client" "dead" "tenantsh migrate unlock"
expect "kill -9: unlocked" 0 migrate unlock --yes --confirm killed
expect "kill -9: run again" 0 migrate up
same "kill -9: whole" "a b|001_a.sql 002_b.sql" "$(tables)|$(ledger)"

probe race
for n in 1 2 3 4 5 6; do echo "create table t$n (); select pg_sleep(0.05);" >"00${n}_t.sql"; done
for n in 1 2 3; do tenantsh migrate up --tenants race --set "$set" >"$work/race.$n" 2>&1 </dev/null & runners[n]=$!; done
for n in 1 2 3; do wait "${runners[n]}"; same "two runners at once: number $n ends well" 0 $?; done
same "two runners at once: each file once" "t1 t2 t3 t4 t5 t6|001_t.sql 002_t.sql 003_t.sql 004_t.sql 005_t.sql 006_t.sql" "$(tables)|$(ledger)"
finish
