#!/usr/bin/env bash
# What the guard says of a statement, held against what PostgreSQL does when it is let through. Each statement of the
# table below runs three times in a database of its own: as the guard's other two layers would run it (the reading
# role, read-only), in a transaction that is rolled back, and freely as superuser. Before and after, everything that a
# statement can change is digested: rows, sequences, catalogs, settings, large objects, files, other sessions.
#
#   read      changes nothing, neither the database nor its own session
#   session   changes its own session and nothing else
#   write     changes something, and a rollback takes it back
#   sequence  a write but for its sequence, which no rollback turns back
#   outside   changes something that no rollback takes back, or PostgreSQL keeps it out of transactions
#   hidden    nothing in the text tells: judged a read, it writes when let through, and the reading role in a read-only
#             transaction holds it
# After the kind stands what it destroys, if anything: "kind: what | statement".
. "$(dirname "$0")/../support/sandbox.sh"

expect "a server" 0 tenantsh sandbox up --servers 1
sockets=$(socket_of)
files=$work/files
mkdir "$files" && chmod 777 "$files"
superuser pg-1 postgres "create role tenantsh_reader" -c "grant pg_read_all_data to tenantsh_reader" \
    -c "alter system set autovacuum = off" -c "alter system set fsync = off" -c "select pg_reload_conf()" >/dev/null

table=$(sed "s|FILES|$files|g" <<'TABLE'
read | select 1
read | select count(*), max(name) from app.item where price > 1 group by name having count(*) > 0 order by 1
read | with recursive t(n) as (values (1) union all select n + 1 from t where n < 5) select sum(n) from t
read | table app.item
read | values (1), (2)
read | show work_mem
read | explain select * from app.item
read | explain analyze select * from app.item
read | explain delete from app.item
read | explain (analyze off) update app.item set price = 0
read | select lower(name), now(), random(), gen_random_uuid(), clock_timestamp() from app.item
read | select pg_size_pretty(pg_database_size(current_database())), pg_is_in_recovery(), pg_backend_pid()
read | select pid, state from pg_stat_activity
read | select * from pg_locks l join pg_class c on c.oid = l.relation
read | select pg_get_viewdef('app.plain'::regclass), pg_get_indexdef(indexrelid) from pg_index limit 1
read | select * from app.plain
read | select jsonb_path_query('{"a": 1}', '$.a'), regexp_replace('abc', 'b', 'x'), to_char(now(), 'YYYY')
read | select (address).city from app.person
read | select name, row_number() over (order by price) from app.item fetch first 1 rows only
read | select last_value from app.counter
read | select pg_sleep(0), txid_current_if_assigned(), current_setting('work_mem')
read | copy app.item to stdout
read | copy (select name from app.item) to stdout with csv
session | set work_mem = '1MB'
session | select set_config('work_mem', '1MB', false)
session | set role tenantsh_reader
session | begin
session | prepare p as delete from app.item
session | declare c cursor with hold for select 1
session | listen c
session | select pg_advisory_lock(1)
session | select (7).pg_advisory_lock
write | insert into app.person values (2, row('Basel'))
sequence | insert into app.item (name, price) values ('new', 1)
write | update app.item set price = price + 1 where id = 1
write | delete from app.item where id = 1
write: DELETE without WHERE | delete from app.item
write: DELETE without WHERE | explain analyze delete from app.item
write: TRUNCATE | truncate app.item
write: DROP SCHEMA | drop schema app cascade
write: DROP TABLE | drop table app.trace cascade
write: DROP COLUMN | alter table app.item drop column price
write | with gone as (delete from app.item where id = 1 returning *) select * from gone
write: DELETE without WHERE | with gone as (delete from app.item returning *) select * from gone
write: DELETE without WHERE | with recursive t(n) as (values (1)), gone as (delete from app.item returning id) select n from t
write | merge into app.item i using (values (1)) v(id) on i.id = v.id when matched then delete
write | explain (verbose, analyze true) update app.item set price = 0
write | explain analyze create table app.copied as select * from app.item
write | select * into app.copied from app.item
write | create table app.copied as select 1
write | do $$ begin delete from app.item; end $$
write | do language plpgsql 'begin execute ''dro'' || ''p table app.item''; end'
write | call app.clear()
write | select app.clear_items()
write | select "app"."clear_items"()
write | select * from app.clear_items()
write | select name from app.item order by app.clear_items()
write | select count(*) from app.item where price > app.clear_items()
write | values (app.clear_items())
write | select case when true then app.clear_items() end
write | select lo_create(0)
write | select lo_from_bytea(0, 'x')
write | select (1000000 + pg_backend_pid()).lo_create
write | select x.lo_create from generate_series(pg_backend_pid(), pg_backend_pid()) x
write | select query_to_xml('select app.clear_items()', true, true, '')
write | select * from ts_stat('select to_tsvector(app.clear_items()::text)')
write | comment on table app.item is 'mine'
write | grant select on app.item to public
write | alter table app.item add column note text
write: DROP TABLE | drop table app.item
write | create or replace view app.plain as select 2 as one
write | create index on app.item (name)
write | analyze app.item
write | refresh materialized view app.summary
write | create role somebody
write | alter role tenantsh_reader set work_mem = '1MB'
write | alter database postgres set work_mem = '2MB'
write | reindex table app.item
write | cluster app.item using item_pkey
write | alter default privileges grant select on tables to public
sequence | select nextval('app.counter')
sequence | select setval('app.counter', 99)
sequence | select ('app.counter'::regclass).nextval
sequence | select * from app.item where id = (select nextval('app.counter'))
outside | vacuum app.item
outside | vacuum (full) app.item
outside | alter system set work_mem = '9MB'
outside | copy app.item to 'FILES/items'
outside | copy (select 1) to program 'cat > FILES/program'
outside | copy app.item (name, price) from program 'touch FILES/touched; printf "x\t1\n"'
outside | select lo_export(4711, 'FILES/large')
outside | select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'
outside | select (pid).pg_terminate_backend from pg_stat_activity where application_name = 'victim'
outside | select pid.pg_cancel_backend from (select 1) one, lateral (select pid from pg_stat_activity where application_name = 'victim') v, lateral unnest(array[v.pid]) pid
outside | select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'victim'
outside | select pg_reload_conf()
outside | select pg_create_physical_replication_slot('slot' || floor(random() * 1e9)::bigint, true)
outside | select pg_stat_reset_shared('bgwriter')
outside | checkpoint
outside | select pg_create_restore_point('here'), pg_switch_wal()
outside | create database another
outside: DROP DATABASE | drop database if exists nowhere
outside | create index concurrently on app.item (name)
outside | reindex table concurrently app.item
hidden | select * from app.sly_view
hidden | select 1 operator(app.<->) 2
hidden | select 1::int4::app.sly
hidden | select p.* from app.person p where p.sly_field is not null
hidden | explain select app.said_to_be_immutable(1)
TABLE
)

# The objects that the table names.
make=$(cat <<'SQL'
create schema app;
create sequence app.counter;
create table app.item (id int generated always as identity primary key, name text, price numeric);
insert into app.item (name, price) values ('one', 1), ('two', 2);
create type app.address as (city text);
create table app.person (id int, address app.address);
insert into app.person values (1, row('Bern'));
create table app.trace (at timestamptz default clock_timestamp());
create function app.clear_items() returns int language sql as $$ delete from app.item; select 1 $$;
create procedure app.clear() language sql as $$ delete from app.item $$;
create view app.plain as select 1 as one;
create materialized view app.summary as select count(*) from app.person;
create function app.leave_trace(int, int) returns int language sql as $$ insert into app.trace default values; select $1 $$;
create view app.sly_view as select app.leave_trace(1, 2);
create operator app.<-> (leftarg = int, rightarg = int, function = app.leave_trace);
create type app.sly as (value int);
create function app.to_sly(int) returns app.sly language sql as $$ insert into app.trace default values; select row($1)::app.sly $$;
create cast (int as app.sly) with function app.to_sly(int);
create function sly_field(app.person) returns int language sql as $$ insert into app.trace default values; select 1 $$;
create function app.said_to_be_immutable(int) returns int immutable language plpgsql as $$ begin perform app.leave_trace($1, 2); return $1; end $$;
insert into app.item (name, price) values ('three', 3);
select lo_from_bytea(4711, 'x');
grant usage on schema app to public;
SQL
)

# One line "what digest" for everything that a statement can change, but for what pg_class only estimates.
digest_sql="
select c.oid::regclass::text, md5(query_to_xml('select * from ' || c.oid::regclass || ' t order by t::text', true, true, '')::text)
from pg_class c where relnamespace::regnamespace::text !~ '^pg_|^information' and relkind in ('r', 'm')
union all select 'sequence ' || s.schemaname || '.' || s.sequencename, coalesce(last_value::text, '') from pg_sequences s
union all select 'pg_class', (select md5(string_agg(concat_ws(' ', oid, relname, relnamespace, relowner, relacl, relfilenode, relkind,
    relrowsecurity, reloptions, reltablespace), chr(10) order by oid)) from pg_class)
$(for catalog in attribute attrdef proc type enum constraint index trigger rewrite namespace authid auth_members database \
    db_role_setting default_acl description shdescription extension largeobject_metadata largeobject tablespace policy \
    publication cast operator statistic event_trigger; do
    printf "union all select 'pg_%s', (select md5(string_agg(t::text, chr(10) order by t::text)) from pg_%s t)\n" $catalog $catalog
done)
union all select 'slots', (select count(*)::text from pg_replication_slots)
union all select 'prepared', (select count(*)::text from pg_prepared_xacts)
union all select 'alter system', md5(pg_read_file('postgresql.auto.conf'))
union all select 'settings read', pg_conf_load_time()::text
union all select 'statistics', stats_reset::text from pg_stat_bgwriter
union all select 'checkpoint', case when '@' = 'checkpoint' then checkpoint_lsn::text end from pg_control_checkpoint()
union all select 'journal', case when '@' = 'switch' then pg_current_wal_lsn()::text end
union all select 'files', md5(string_agg(f || coalesce((pg_stat_file('$files/' || f)).modification::text, ''), ' ' order by f)) from pg_ls_dir('$files') f
union all select 'victim', (select count(*)::text from pg_stat_activity where application_name = 'victim' and state = 'active')
order by 1"
# The same for a session of its own: settings, role, locks, cursors, statements, channels, an open transaction.
session_sql="select md5(string_agg(name || setting, ' ' order by name)) from pg_settings
union all select current_user || (now() <> statement_timestamp())
union all select count(*)::text from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'
union all select (select count(*) from pg_cursors where name <> '') || ' ' || (select count(*) from pg_prepared_statements where name <> '') || ' ' || (select count(*) from pg_listening_channels())"

export PGPASSWORD; PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser")
as_superuser=(psql -X -q -A -t -h "$sockets" -p 5501 -U postgres)
digest() { "${as_superuser[@]}" -d probe -c "${digest_sql//@/$1}" 2>&1; }
# A session that the statements may disturb; there is always one.
victim() {
    while [ "$("${as_superuser[@]}" -d postgres -c "select count(*) from pg_stat_activity where application_name = 'victim' and state = 'active'")" = 0 ]; do
        PGAPPNAME=victim "${as_superuser[@]}" -d postgres -c 'select pg_sleep(600)' >/dev/null 2>&1 &
        sleep 0.1
    done
}
# run WAY STATEMENT: sets $status, $said and $changed (what of the digest differs).
run() {
    local way=$1 statement=$2 watch= before after
    [[ $statement != checkpoint ]] || watch=checkpoint
    [[ $statement != *pg_switch_wal* ]] || watch=switch
    [[ $statement != *victim* ]] || victim
    rm -f "$files"/*
    before=$(digest "$watch")
    case $way in
        reader) said=$(PGOPTIONS='-c role=tenantsh_reader -c default_transaction_read_only=on' "${as_superuser[@]}" -d probe -c "$statement" 2>&1) ;;
        undone) said=$("${as_superuser[@]}" -v ON_ERROR_STOP=1 -d probe -c begin -c "$statement" -c rollback 2>&1) ;;
        free) said=$("${as_superuser[@]}" -v ON_ERROR_STOP=1 -d probe -c "$statement" 2>&1) ;;
    esac
    status=$?
    after=$(digest "$watch")
    changed=$(diff <(echo "$before") <(echo "$after") | sed -n 's/^[<>] \([^|]*\)|.*/\1/p' | sort -u | tr '\n' ' ')
}

# All verdicts in one go.
sed 's/^[^|]*| //' <<<"$table" >statements
{
    echo 'for _, line in ipairs {'
    sed 's/.*/[==[&]==],/' statements
    echo '} do local facts = sql:explain_effect(line)'
    echo 'print(facts.effect .. (facts.destroys and ": " .. facts.destroys or "")) end'
} >verdicts.lua
tenantsh ./verdicts.lua >verdicts 2>errors </dev/null
same "every statement has a verdict" "$(wc -l <statements)" "$(wc -l <verdicts)"
check "and none is an error" "$(cat errors)"

"${as_superuser[@]}" -d postgres -c 'create database pattern' && "${as_superuser[@]}" -d pattern -v ON_ERROR_STOP=1 -c "$make" >made 2>&1 ||
    fail "the objects that the statements name" "$(cat made)"
usual=$("${as_superuser[@]}" -d postgres -c 'select 1' -c "$session_sql" | tail -n +2)
let_through=
while IFS= read -r line && IFS= read -r verdict <&3; do
    kind=${line%%|*} kind=${kind% } statement=${line#*| }
    class=${kind%%:*} wanted=$kind
    case $class in hidden) wanted=read ;; sequence) wanted=write ;; esac
    problem=
    [ "$verdict" = "$wanted" ] || problem+="judged $verdict"$'\n'
    "${as_superuser[@]}" -d postgres -c "set client_min_messages = error" -c 'drop database if exists probe' -c 'create database probe template pattern' 2>&1
    run reader "$statement"
    reader_changed=$changed reader_status=$status
    run undone "$statement"
    undone_changed=$changed undone_status=$status undone_said=$said
    run free "$statement"
    [ $status = 0 ] || problem+="it does not even run: $said"$'\n'
    session=$("${as_superuser[@]}" -d probe -c "$statement" -c "$session_sql" 2>/dev/null | tail -n 4)
    kept_out=$([[ $undone_said != *'cannot run inside a transaction block'* ]] || echo yes)
    case $class in
        read | session)
            [ -z "$changed$undone_changed$reader_changed" ] || problem+="it changes: $changed$undone_changed$reader_changed"$'\n'
            [ $class = read ] || [ "$session" != "$usual" ] || problem+="the session is as it was"$'\n'
            [ $class = session ] || [ "$session" = "$usual" ] || problem+="the session changed: $session"$'\n'
            ;;
        write)
            [ -n "$changed" ] || problem+="it changes nothing"$'\n'
            [ -z "$undone_changed" ] && [ $undone_status = 0 ] || problem+="a rollback leaves $undone_changed$undone_said"$'\n'
            ;;
        sequence)
            [ "$undone_changed" = "sequence app.counter " ] || [ "$undone_changed" = "sequence app.item_id_seq " ] || problem+="a rollback leaves $undone_changed"$'\n'
            ;;
        outside)
            [ -n "$undone_changed$kept_out" ] || problem+="a rollback takes it back"$'\n'
            ;;
        hidden)
            [ -n "$changed" ] || problem+="it changes nothing"$'\n'
            [ -z "$reader_changed" ] && [ $reader_status != 0 ] || problem+="the reader's transaction let it through: $reader_changed"$'\n'
            ;;
    esac
    case $class in write | sequence | outside) [ -z "$reader_changed" ] || let_through+="$statement"$'\n' ;; esac
    check "$kind | $statement" "$problem"
done <<<"$table" 3<verdicts

# The three layers are independent: this says what the text's reading alone keeps out.
printf '%s' "$let_through" | sed 's/^/# let through by role and transaction alone: /'
finish
