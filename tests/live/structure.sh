#!/usr/bin/env bash
# Structures: baseline check names what differs, of every kind and in both directions; baseline write makes a file that
# passes; drift names the tenants that were tampered with, also in schemas; no scratch database stays.
# TENANTSH_TENANTS: how many databases drift goes over.
. "$(dirname "$0")/../support/sandbox.sh"

count=${TENANTSH_TENANTS:-24}
tenantsh sandbox up --tenants 1 >/dev/null 2>&1 || { fail "a sandbox with a tenant"; finish; }
sockets=$(socket_of)
no_scratch() { check "$1" "$(for member in master pg-1 pg-2; do superuser $member postgres "select datname from pg_database where datname like 'tenantsh_scratch%'"; done)"; }
rows() { tenantsh "$@" --format csv 2>errors </dev/null; }

# ---- baseline check --------------------------------------------------------------------------------------------
mkdir set
cat >whole.sql <<'SQL'
create extension citext schema public;
create schema m;
create type m.mood as enum ('sad', 'ok', 'happy');
create type m.pair as (a int, b text);
create domain m.amount as numeric(18,4) default 0 check (value >= 0);
create table m.member (id bigint generated always as identity primary key, name text not null, mood m.mood default 'ok', email citext, paid m.amount, born date, constraint born_ok check (born > '1900-01-01'));
create sequence m.counter increment 2;
alter sequence m.counter owned by m.member.born;
create table m.claim (id bigint primary key, member_id bigint not null references m.member on delete cascade, amount numeric(18,4) not null default 0);
create table m.spare (id int primary key);
create table m.kind (code text primary key, says text);
insert into m.kind values ('a', 'first'), ('b', 'second');
create index claim_member_idx on m.claim (member_id);
create index member_sad_idx on m.member (name) where mood = 'sad';
create index member_lower_idx on m.member (lower(name));
create function m.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function m.twice(n int) returns int language sql immutable as $$ select n * 2 $$;
create trigger touch before update on m.member for each row execute function m.touch();
create view m.rich as select id from m.member where paid > 100;
grant select on m.member to tenantsh_reader;
revoke execute on function m.touch() from public;
comment on column m.member.name is 'as on the card';
comment on table m.claim is 'what was billed';
alter table m.member enable row level security;
create policy own on m.member using (name = current_user);
SQL
cp whole.sql set/001_all.sql
# The same by another way: other order, altered afterwards, a column made and dropped.
cat >same.sql <<'SQL'
create extension citext schema public;
create schema m;
create type m.pair as (a int, b text);
create type m.mood as enum ('sad', 'happy');
alter type m.mood add value 'ok' before 'happy';
SQL
cp same.sql first.sql
cat >second.sql <<'SQL'
create table m.spare (id int primary key);
create domain m.amount as numeric(18,4) default 0 check (value >= 0);
create table m.kind (code text primary key, says text);
insert into m.kind values ('b', 'second'), ('a', 'first');
create table m.member (gone int, id bigint generated always as identity primary key, name text, mood m.mood, email citext, paid m.amount, born date);
alter table m.member drop column gone, alter name set not null, add constraint born_ok check (born > '1900-01-01'), enable row level security;
alter table m.member alter mood set default 'ok'::m.mood;
create sequence m.counter increment 2 owned by m.member.born;
create table m.claim (id bigint primary key, member_id bigint not null, amount numeric(18,4) not null default 0);
alter table m.claim add foreign key (member_id) references m.member on delete cascade;
create index member_lower_idx on m.member (lower(name));
create index member_sad_idx on m.member (name) where mood = 'sad'::m.mood;
create index claim_member_idx on m.claim using btree (member_id);
create function m.twice(n int) returns int language sql immutable as $$ select n * 2 $$;
create function m.touch() returns trigger language plpgsql as $$ begin return new; end $$;
revoke all on function m.touch() from public;
create trigger touch before update on m.member for each row execute function m.touch();
create or replace view m.rich as select id from m.member where paid > 100;
grant select on table m.member to tenantsh_reader;
comment on table m.claim is 'what was billed';
comment on column m.member.name is 'as on the card';
create policy own on m.member for all to public using (name = current_user);
SQL
mkdir two && cp first.sql two/001_first.sql && cp second.sql two/002_second.sql
expect "the same structure by another way is the same" 0 tenantsh migrate baseline check --set two --baseline whole.sql
has "and says what was compared" "$output" "gives what the 2 files of two give" "1 tables with rows"
no_scratch "no scratch database stays"

# planted WHAT EDIT "NAME|ROW"…: baselines that were edited so, then migrations that were; ROW begins as in CSV, the
# word missing reads extra the other way round.
planted() {
    local what=$1 edit=$2 one row there back
    shift 2
    sed -E "$edit" whole.sql >edited.sql
    mkdir -p other && cp edited.sql other/001_all.sql
    there=$(rows migrate baseline check --set set --baseline edited.sql)
    same "$what in the baseline: exit 8" 8 $?
    back=$(rows migrate baseline check --set other --baseline whole.sql)
    same "$what in the migrations: exit 8" 8 $?
    for one in "$@"; do
        row=${one#*|}
        check "${one%%|*}" "$(grep -qF -- "$row" <<<"$there" || printf 'not named: %s\n--- in:\n%s\n' "$row" "$there")"
        row=${row/,missing/,extra}
        check "${one%%|*}, the other way round" "$(grep -qF -- "$row" <<<"$back" || printf 'not named: %s\n--- in:\n%s\n' "$row" "$back")"
    done
    same "$what: nothing else is named" "$(printf '%s\n' "$@" | cut -d'|' -f2 | sort)" \
        "$(grep -oE '^[a-z ]+ m\.[a-z_.]+(\([a-z ]*\))?,[a-zA-Z _]*,(missing|extra|different)' <<<"$there" | sort)"
}
planted "what lacks" "/m.spare/d; s/, email citext//; s/numeric\\(18,4\\) not null default 0\\)/numeric(18,4) not null)/; s/name text not null/name text/
    /claim_member_idx/d; /member_sad_idx/d; /member_lower_idx/d; s/, constraint born_ok .*\$/);/; /create trigger/d; /m.twice/d
    /^grant/d; /^revoke/d; /comment on column/d; /owned by/d; /create policy/d" \
    "a missing table, one line for all of it|table m.spare,,missing" \
    "a missing column|column m.member.email,,missing" \
    "a missing default|column m.claim.amount,default,missing" \
    "a missing NOT NULL|column m.member.name,not null,missing" \
    "a missing index|index m.claim_member_idx,,missing" \
    "a missing partial index|index m.member_sad_idx,,missing" \
    "a missing expression index|index m.member_lower_idx,,missing" \
    "a missing constraint|constraint m.member.born_ok,,missing" \
    "a missing trigger|trigger m.member.touch,,missing" \
    "a missing function|function m.twice(n integer),,missing" \
    "a missing grant|table m.member,granted to tenantsh_reader,missing" \
    "a missing revoke|function m.touch(),revoked from PUBLIC,missing" \
    "a missing comment|column m.member.name,comment,missing" \
    "a sequence without its owner|sequence m.counter,owned by,missing" \
    "a missing policy|policy m.member.own,,missing"
planted "what differs" "s/born date/born timestamptz/; s/where mood = 'sad'/where mood = 'ok'/; s/lower\\(name\\)/upper(name)/
    s/on delete cascade/on delete restrict/; s/n \\* 2/n + n/; s/'sad', 'ok', 'happy'/'ok', 'sad', 'happy'/; s/a int, b text/b text, a int/
    s/paid > 100/paid > 200/; s/, \\('b', 'second'\\)//; s/increment 2/increment 3/; s/code text primary key, says text/says text, code text primary key/; s/^(create trigger.*) before/\\1 after/" \
    "another type|column m.member.born,type,different" \
    "another predicate of an index|index m.member_sad_idx,definition,different" \
    "another expression of an index|index m.member_lower_idx,definition,different" \
    "another foreign key|constraint m.claim.claim_member_id_fkey,definition,different" \
    "another function|function m.twice(n integer),definition,different" \
    "another order of enum values|type m.mood,values,different" \
    "another composite type|type m.pair,attributes,different" \
    "another view|view m.rich,definition,different" \
    "other rows|rows m.kind,content,different" \
    "another sequence|sequence m.counter,increment,different" \
    "another order of columns|table m.kind,order of columns,different" \
    "another trigger|trigger m.member.touch,definition,different" \
    "another constraint|constraint m.member.born_ok,definition,different"
sed "s/paid > 100/paid > 200/" whole.sql >edited.sql
expect "what is ignored is not told" 0 tenantsh migrate baseline check --set set --baseline edited.sql --ignore 'view m.*'

echo 'create schema m; create table m.x (id nonsense);' >broken.sql
expect "a baseline that does not run" 1 tenantsh migrate baseline check --set set --baseline broken.sql
has "is named with its line" "$output" 'broken.sql:1: type "nonsense" does not exist'
expect "one that is not there" 2 tenantsh migrate baseline check --set set --baseline nowhere.sql
has "says what makes it" "$output" "there is no baseline nowhere.sql" "tenantsh migrate baseline write"
no_scratch "no scratch database stays after errors"

# ---- baseline write --------------------------------------------------------------------------------------------
expect "a plan writes nothing" 8 tenantsh -e 'migrations:baseline_write{ set = "set", baseline = "made.sql", plan = true }'
check "no file" "$(ls made.sql 2>/dev/null)"
expect "a baseline is made" 0 tenantsh migrate baseline write --set set --baseline made.sql
check "without what only psql knows, and without settings" "$(grep -nE '^(\\|SET |SELECT pg_catalog.set_config|--.*Name:)' made.sql)"
expect "it passes" 0 tenantsh migrate baseline check --set set --baseline made.sql
cp made.sql before.sql
expect "made again" 0 tenantsh migrate baseline write --set set --baseline made.sql
has "nothing changes" "$output" "unchanged"
same "not a byte" "$(md5sum <before.sql)" "$(md5sum <made.sql)"
expect "of the shipped tenant set" 0 tenantsh migrate baseline write --baseline shipped.sql
expect "which passes" 0 tenantsh migrate baseline check --baseline shipped.sql
superuser pg-1 postgres "create database by_psql template template0"
check "and which psql runs" "$(superuser pg-1 by_psql "begin; $(cat shipped.sql) commit" 2>&1 >/dev/null)"

# ---- a killed run ----------------------------------------------------------------------------------------------
mkdir slow && cp whole.sql slow/001_all.sql && echo "select pg_sleep(600)" >slow/002_slow.sql
tenantsh migrate baseline check --set slow --baseline whole.sql >/dev/null 2>&1 &
killed=$!
for _ in $(seq 300); do [ -n "$(superuser pg-1 postgres "select 1 from pg_stat_activity where query like '%pg_sleep(600)%' and datname like 'tenantsh_scratch%'")" ] && break; sleep 0.05; done
kill -9 $killed
wait $killed 2>/dev/null
same "a killed run leaves its scratch database" 1 "$(superuser pg-1 postgres "select count(*) from pg_database where datname like 'tenantsh_scratch%'")"
expect "the next one" 0 tenantsh migrate baseline check --set set --baseline whole.sql
no_scratch "drops it"
tenantsh migrate baseline check --set slow --baseline whole.sql >/dev/null 2>"$work/interrupted" &
stopped=$!
for _ in $(seq 300); do [ -n "$(superuser pg-1 postgres "select 1 from pg_stat_activity where query like '%pg_sleep(600)%' and datname like 'tenantsh_scratch%'")" ] && break; sleep 0.05; done
kill -TERM $stopped   # a background job ignores SIGINT
wait $stopped 2>/dev/null
check "one that is stopped ends" "$(kill -0 $stopped 2>/dev/null && echo runs)"
no_scratch "and drops its own"

# ---- drift over databases --------------------------------------------------------------------------------------
expect "a provisioned tenant is what the migrations give" 0 tenantsh migrate drift
has "without its own roles' grants" "$output" "1 as expected, 0 drifted"
# Copies of it without its application's role, registered as tenants, with roles of their own.
superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'tenant_tenant_01'" >/dev/null
superuser pg-1 postgres 'create database base template tenant_tenant_01 owner tenant_tenant_01_owner'
superuser pg-1 base 'drop owned by tenant_tenant_01_app'
for i in $(seq -f %03g "$count"); do
    echo "create database copy_$i template base owner tenant_tenant_01_owner;"
    echo "create role copy_${i}_app;"
    echo "\\c copy_$i"
    echo "grant select, insert on members.member to copy_${i}_app;"
    echo "\\c postgres"
done >copies.sql
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") psql -X -q -v ON_ERROR_STOP=1 -h "$sockets" -p 5501 -U postgres -d postgres -f copies.sql >/dev/null || fail "copies"
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, db_config_ref)
  select 'copy-' || to_char(i, 'FM000'), 'Copy', 'active', (select id from identity.db_server where name = 'pg-1'), 'database', 'copy_' || to_char(i, 'FM000'), 'env:NONE'
  from generate_series(1, $count) i"
expect "$count copies have not drifted" 0 tenantsh migrate drift --tenants 'copy-*'
has "all compared" "$output" "$count as expected, 0 drifted, 0 at another version"
superuser pg-1 copy_003 "drop index members.$(superuser pg-1 copy_003 "select indexname from pg_indexes i where schemaname = 'members' and not exists (select from pg_constraint where conname = indexname) order by 1 limit 1")"
superuser pg-1 copy_007 "alter table claims.claim add column note text default 'x'; revoke insert on members.member from copy_007_app"
found=$(rows migrate drift --tenants 'copy-*')
same "two were tampered with: exit 8" 8 $?
same "exactly those are named" "copy-003 copy-007" "$(tail -n +2 <<<"$found" | cut -d, -f1 | sort -u | paste -sd' ')"
has "by object" "$found" "copy-003,index members." ",missing,CREATE INDEX" "copy-007,column claims.claim.note,,extra," "copy-007,table members.member,granted to {database_name}_app,different,\"INSERT, SELECT\",SELECT"
found=$(rows migrate drift --tenants 'copy-*' --reference majority)
same "the majority finds the same two" "copy-003 copy-007" "$(tail -n +2 <<<"$found" | cut -d, -f1 | sort -u | paste -sd' ')"
found=$(rows migrate drift --tenants 'copy-003,copy-001' --reference copy-001)
same "and so does a comparison with another tenant" "copy-003" "$(tail -n +2 <<<"$found" | cut -d, -f1 | sort -u | paste -sd' ')"
expect "what is ignored is no drift" 0 tenantsh migrate drift --tenants copy-003 --ignore 'index members.*'
expect "a baseline is a reference" 8 tenantsh migrate baseline write --baseline reference.sql --plan
tenantsh migrate baseline write --baseline reference.sql >/dev/null 2>&1
found=$(rows migrate drift --tenants 'copy-*' --reference reference.sql)
same "of the same two" "copy-003 copy-007" "$(tail -n +2 <<<"$found" | cut -d, -f1 | sort -u | paste -sd' ')"
superuser pg-1 copy_005 "delete from tenantsh.ledger where name = (select max(name) from tenantsh.ledger); drop table pgboss.schedule"
found=$(rows migrate drift --tenants copy-005)
same "one that is behind has not drifted, and nothing was compared" 8 $?
has "it is named as behind" "$found" "copy-005,ledger,,behind,the migrations,1 not applied: 027_pgboss_schedule_seed.sql"
superuser pg-1 copy_006 "insert into tenantsh.ledger (scope, name, sha256, duration_ms) values ('tenant', '999_later.sql', '', 0)"
has "one that has more is ahead" "$(rows migrate drift --tenants copy-006)" "copy-006,ledger,,ahead,the migrations,1 more applied: 999_later.sql"
superuser pg-1 copy_006 "delete from tenantsh.ledger where name = '999_later.sql'"
mkdir empty_set
expect "an empty folder proves nothing" 2 tenantsh migrate verify --set empty_set
has "and is named" "$output" "empty_set holds no migration: nothing was proved"
superuser pg-1 postgres "alter database copy_009 allow_connections false"
expect "one that cannot be asked" 7 tenantsh migrate drift --tenants 'copy-*'
has "is a failure of its own" "$output" "copy-009"
superuser pg-1 postgres "alter database copy_009 allow_connections true"
no_scratch "no scratch database stays after drift"

# ---- schemas ---------------------------------------------------------------------------------------------------
mkdir schemas
cat >schemas/001_all.sql <<'SQL'
create type {schema_name}.mood as enum ('sad', 'ok');
create table {schema_name}.member (id bigint generated always as identity primary key, name text not null, mood {schema_name}.mood default 'ok');
create index on {schema_name}.member (lower(name)) where mood = 'sad';
create function {schema_name}.names(m {schema_name}.mood) returns setof text language sql set search_path = {schema_name}, pg_catalog as $$ select name from {schema_name}.member where mood = m and '{schema_name}' <> '' $$;
create view {schema_name}.sad as select * from {schema_name}.member where mood = 'sad';
insert into {schema_name}.member (name) values ('first');
SQL
superuser pg-2 postgres "create database shared owner $(superuser master master "select admin_user from identity.db_server where name = 'pg-2'")"
{
    for schema in one two_two '"Three-3"'; do
        echo "create schema $schema;"
        sed "s/'{schema_name}'/'${schema//\"/}'/; s/{schema_name}/$schema/g" schemas/001_all.sql
    done
    echo "create schema if not exists tenantsh; create table tenantsh.ledger (scope text, schema_name text, name text, sha256 text, applied_at timestamptz default now(), applied_by text default '', duration_ms bigint default 0, run_id text);"
    for schema in one two_two Three-3; do echo "insert into tenantsh.ledger (scope, schema_name, name, sha256) values ('tenant', '$schema', '001_all.sql', '');"; done
} >shared.sql
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-2.superuser") psql -X -q -v ON_ERROR_STOP=1 -h "$sockets" -p 5502 -U postgres -d shared -f shared.sql >/dev/null || fail "schemas"
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, db_config_ref)
  select slug, slug, 'active', (select id from identity.db_server where name = 'pg-2'), 'schema', 'shared', schema_name, 'env:NONE'
  from (values ('s-one', 'one'), ('s-two', 'two_two'), ('s-three', 'Three-3')) t (slug, schema_name)"
expect "three schemas are what the migrations give" 0 tenantsh migrate drift --set schemas --tenants 's-*'
has "whatever their names" "$output" "3 as expected"
superuser pg-2 shared 'alter table "Three-3".member alter name drop not null; create table two_two.more ()'
found=$(rows migrate drift --set schemas --tenants 's-*')
same "two drifted" 8 $?
has "named without their schema" "$found" "s-three,column member.name,not null,missing,yes" "s-two,table more,,extra"
same "and no others" "s-three s-two" "$(tail -n +2 <<<"$found" | cut -d, -f1 | sort -u | paste -sd' ')"
expect "a baseline of schemas is made" 0 tenantsh migrate baseline write --set schemas --baseline schemas.sql
check "it names no schema" "$(grep -n 'scratch' schemas.sql; grep -c '{schema_name}' schemas.sql | grep -x 0)"
expect "it passes" 0 tenantsh migrate baseline check --set schemas --baseline schemas.sql
sed -i '/INDEX/d' schemas.sql
expect "and one without its index does not" 8 tenantsh migrate baseline check --set schemas --baseline schemas.sql
has "by name" "$output" "index member_lower_idx"
expect "placements are not mixed up" 1 tenantsh migrate drift --tenants 's-*'
has "with what helps" "$output" "s-one is placed as a schema, and the migrations is for a database"
no_scratch "no scratch database stays at the end"
finish
