#!/usr/bin/env bash
# Histories of tools whose runners are not here (Prisma, Flyway, golang-migrate, goose, Rails), made as their sources
# make them: tables, rows, checksums. What each says of its files, what stops a takeover, and the rows that are written
# when tenantsh goes on.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/peers.sh"
other_fleet prisma flyway golang goose rails two shop-a shop-b

members='create table members (id integer primary key);'
claims='create table claims (id integer primary key);'
notes='create table notes (id integer primary key);'
project() { mkdir -p "$work/$1"; cd "$work/$1" || exit 1; set=$work/$1; tenant=$1; printf 'history = "%s"\n' "$2" >set.toml; }
migrate() { local verb=$1; shift; tenantsh migrate "$verb" --tenants "$tenant" --set "$set" "$@"; }
crc32_of() { tr -d '\r\n' <"$1" | gzip -c | tail -c 8 | od -An -N4 -td4 | tr -d ' '; }

# ---- Prisma
project prisma prisma
migration() { mkdir -p "$1"; printf '%s\n' "$2" >"$1/migration.sql"; }
migration 20240101000000_members "$members"
printf -- '-- CreateTable\r\n%s\r\n' "$claims" >"$(mkdir -p 20240102000000_claims; echo 20240102000000_claims/migration.sql)"
migration 20240103000000_notes "$notes"
printf 'provider = "postgresql"\n' >migration_lock.toml
sum() { sha256sum "$1/migration.sql" | cut -d' ' -f1; }
in_database prisma <<SQL
create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0);
insert into _prisma_migrations values
    (gen_random_uuid(), '$(sum 20240101000000_members)', '2024-01-05 10:00:01.5+00', '20240101000000_members', null, null, '2024-01-05 10:00:00+00', 1),
    (gen_random_uuid(), 'of an older text', null, '20240102000000_claims', 'ERROR: syntax', '2024-01-06 11:00:00+00', '2024-01-06 10:00:00+00', 0),
    (gen_random_uuid(), '$(sum 20240102000000_claims)', '2024-01-06 12:00:01+00', '20240102000000_claims', null, null, '2024-01-06 12:00:00+00', 1);
$members $claims
SQL
expect "Prisma: its history" 8 migrate history --format csv
has "Prisma: rolled back and applied again is applied" "$output" "20240101000000_members,applied,1,prisma,2024-01-05T10:00:01.500Z" \
    "20240102000000_claims,applied,1,prisma,2024-01-06T12:00:01.000Z" "20240103000000_notes,pending"
echo '-- a word more' >>20240101000000_members/migration.sql
expect "Prisma: an edited file stops it" 1 migrate adopt
has "Prisma: by its checksum" "$output" "20240101000000_members: was edited since prisma applied it" "--accept changed"
sed -i '$d' 20240101000000_members/migration.sql
in_database prisma -c "insert into _prisma_migrations (id, checksum, migration_name, logs) values (gen_random_uuid(), '$(sum 20240103000000_notes)', '20240103000000_notes', 'ERROR: no room')"
expect "Prisma: a failed migration stops it" 1 migrate adopt --accept changed --accept missing
has "Prisma: with its log and the way out" "$output" "prisma broke off in it: ERROR: no room" "prisma migrate resolve --rolled-back 20240103000000_notes"
expect "Prisma: which its history says as well" 8 migrate histories --format csv
has "Prisma: failed" "$output" "prisma,public._prisma_migrations,2,20240103000000_notes,failed"
in_database prisma -c "update _prisma_migrations set rolled_back_at = now() where finished_at is null and rolled_back_at is null"
mv 20240102000000_claims ..
expect "Prisma: a file that is gone stops it" 1 migrate adopt
has "Prisma: by name" "$output" "20240102000000_claims: prisma applied it, and the set has no such file"
mv ../20240102000000_claims .
mkfifo "$work/talk"
in_database prisma -f "$work/talk" >/dev/null & session=$!
exec 7<>"$work/talk"
echo "select pg_advisory_lock(72707369);" >&7
for _ in $(seq 100); do [ "$(in_database prisma -c "select count(*) from pg_locks where locktype = 'advisory'")" = 1 ] && break; sleep 0.05; done
expect "Prisma: its engine at work stops it" 6 migrate adopt
has "Prisma: and is named" "$output" "prisma may be at work: its advisory lock is held" "backend"
echo '\q' >&7; wait $session; exec 7>&-
expect "Prisma: adopted" 0 migrate adopt --format csv
has "Prisma: both, with their times" "$output" "prisma,20240101000000_members,2024-01-05T10:00:01.500Z,public._prisma_migrations (prisma)" "prisma,20240102000000_claims"
expect "Prisma: goes on" 0 migrate up
same "Prisma: leaves the row that its engine would" "36|t|t|1|t" "$(in_database prisma -c "
    select length(id), checksum = '$(sum 20240103000000_notes)', finished_at >= started_at, applied_steps_count, logs is null
    from _prisma_migrations where migration_name = '20240103000000_notes' and rolled_back_at is null")"
expect "Prisma: and has nothing to do" 0 migrate history

# ---- examples/adopt_prisma: a fleet in one session
cd "$root/examples/adopt_prisma" || exit 1
for tenant in shop-a shop-b; do
    in_database $tenant -f migrations/20240301090000_init/migration.sql -f migrations/20240415120000_add_invoices/migration.sql -c "
        create table _prisma_migrations (
            id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
            migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
            started_at timestamptz not null default now(), applied_steps_count integer not null default 0);
        insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) values
            (gen_random_uuid(), '$(sum migrations/20240301090000_init)', now(), '20240301090000_init', 1),
            (gen_random_uuid(), '$(sum migrations/20240415120000_add_invoices)', now(), '20240415120000_add_invoices', 1)"
done
expect "the example, in one session" 0 tenantsh run ./take_over.lua --input canary=shop-a --input tenants=shop-b --yes
same "the second tenant has the column and Prisma's row" "t|$(sum migrations/20240520083000_invoice_number)" "$(in_database shop-b -c "
    select exists (select from information_schema.columns where column_name = 'number'), checksum
    from _prisma_migrations where migration_name = '20240520083000_invoice_number'")"

# ---- Flyway
project flyway flyway
printf '%s\n' 'create schema legacy;' >V1__base.sql
printf '\xef\xbb\xbf%s\r\n-- two\r\n' "$members" >V2__members.sql
printf '%s\n' "$claims" >V2.1__add_claims.sql
printf '%s\n' 'create or replace view all_members as select * from members;' >R__views.sql
printf '%s\n' "$notes" >V10__notes.sql
in_database flyway <<SQL
create table flyway_schema_history (installed_rank int not null, version varchar(50), description varchar(200) not null,
    type varchar(20) not null, script varchar(1000) not null, checksum integer, installed_by varchar(100) not null,
    installed_on timestamp not null default now(), execution_time integer not null, success boolean not null,
    constraint flyway_schema_history_pk primary key (installed_rank));
create index flyway_schema_history_s_idx on flyway_schema_history (success);
insert into flyway_schema_history values
    (1, '1', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', null, 'app', '2024-01-01', 0, true),
    (2, '2', 'members', 'SQL', 'V2__members.sql', $(sed '1s/^\xef\xbb\xbf//' V2__members.sql >"$work/plain"; crc32_of "$work/plain"), 'app', '2024-01-02', 12, true),
    (3, '2.1', 'add claims', 'SQL', 'V2.1__add_claims.sql', $(crc32_of V2.1__add_claims.sql), 'app', '2024-01-03', 12, true),
    (4, null, 'views', 'SQL', 'R__views.sql', $(crc32_of R__views.sql), 'app', '2024-01-04', 12, true);
$members $claims
create view all_members as select * from members;
SQL
expect "Flyway: its history" 8 migrate history --format csv
has "Flyway: versions, baseline, repeatable, checksums" "$output" "V1__base.sql,applied,1,flyway,2024-01-01T00:00:00.000Z,below the baseline 1" \
    "V2__members.sql,applied" "V2.1__add_claims.sql,applied" "V10__notes.sql,pending" "R__views.sql,applied"
echo '-- edited' >>V2.1__add_claims.sql
expect "Flyway: an edited file" 8 migrate history --format csv
has "Flyway: is edited" "$output" "V2.1__add_claims.sql,edited"
sed -i '$d' V2.1__add_claims.sql
in_database flyway -c "update flyway_schema_history set success = false where installed_rank = 3"
expect "Flyway: a failed migration stops it" 1 migrate adopt
has "Flyway: with the way out" "$output" "flyway broke off in it" "flyway repair"
in_database flyway -c "update flyway_schema_history set success = true"
expect "Flyway: adopted" 0 migrate adopt
expect "Flyway: goes on" 0 migrate up
same "Flyway: leaves the row that it would" "5|10|notes|SQL|V10__notes.sql|$(crc32_of V10__notes.sql)|t|t" "$(in_database flyway -c "
    select installed_rank, version, description, type, script, checksum, execution_time >= 0, success from flyway_schema_history where version = '10'")"
expect "Flyway: and has nothing to do" 0 migrate history

# ---- golang-migrate
project golang golang-migrate
for file in '1_members' '2_claims' '10_notes'; do
    name=${file#*_}
    printf '%s\n' "${!name}" >"$file.up.sql"
    printf 'drop table %s;\n' "$name" >"$file.down.sql"
done
in_database golang -c "create table schema_migrations (version bigint not null primary key, dirty boolean not null);
    insert into schema_migrations values (2, true); $members $claims"
expect "golang-migrate: a dirty database stops it" 1 migrate adopt
has "golang-migrate: with the way out" "$output" "2_claims.up.sql: golang-migrate broke off in it" "migrate force"
in_database golang -c "update schema_migrations set dirty = false"
expect "golang-migrate: one row stands for all below it" 0 migrate adopt --format csv
has "golang-migrate: two files" "$output" "golang,1_members.up.sql" "golang,2_claims.up.sql"
expect "golang-migrate: goes on" 0 migrate up
same "golang-migrate: has the new version" "10|f" "$(in_database golang -c "select * from schema_migrations")"

expect "golang-migrate: back" 0 migrate down --yes --confirm golang
same "golang-migrate: has the version below" "2|f" "$(in_database golang -c "select * from schema_migrations")"

# ---- goose
project goose goose
goose_file() { printf -- '-- +goose Up\n%s\n\n-- +goose Down\n%s\n' "$2" "$3" >"$1"; }
goose_file 00001_members.sql "$members" 'drop table members;'
goose_file 00002_claims.sql "$claims" 'drop table claims;'
goose_file 00003_notes.sql "$notes" 'drop table notes;'
in_database goose <<SQL
create table goose_db_version (id serial not null, version_id bigint not null, is_applied boolean not null,
    tstamp timestamp null default now(), primary key (id));
insert into goose_db_version (version_id, is_applied) values (0, true), (1, true), (2, true), (3, true), (3, false);
$members $claims
SQL
expect "goose: the last row of a version counts" 8 migrate history --format csv
has "goose: two applied, one undone" "$output" "00001_members.sql,applied" "00002_claims.sql,applied" "00003_notes.sql,pending"
expect "goose: adopted" 0 migrate adopt
expect "goose: goes on" 0 migrate up
same "goose: has its row" "3|t" "$(in_database goose -c "select version_id, is_applied from goose_db_version order by id desc limit 1")"

expect "goose: back" 0 migrate down --yes --confirm goose
same "goose: its row is gone, as goose does it" 0 "$(in_database goose -c "select count(*) from goose_db_version where version_id = 3")"

# ---- Rails, and two histories in one database
project rails rails
printf '%s\n' "$members" >20240101000000_members.sql
printf '%s\n' "$notes" >20240102000000_notes.sql
in_database rails <<SQL
create table schema_migrations (version varchar not null primary key);
create table ar_internal_metadata (key varchar not null primary key, value varchar, created_at timestamp(6) not null, updated_at timestamp(6) not null);
insert into schema_migrations values ('20240101000000');
$members
SQL
expect "Rails: told from dbmate" 0 migrate histories --format csv
has "Rails: by its other table" "$output" "rails,rails,public.schema_migrations,1,20240101000000,ok"
expect "Rails: adopted" 0 migrate adopt
expect "Rails: goes on" 0 migrate up
same "Rails: has both versions" "20240101000000 20240102000000" "$(in_database rails -c "select string_agg(version, ' ' order by 1) from schema_migrations")"

tenant=two set=$work/goose
in_database two <<SQL
create table knex_migrations (id serial primary key, name varchar(255), batch integer, migration_time timestamptz);
insert into knex_migrations (name, batch, migration_time) values ('001_a.js', 1, now()), ('002_b.js', 2, now());
create table "SequelizeMeta" (name varchar(255) not null primary key);
insert into "SequelizeMeta" values ('001_a.js'), ('003_c.js');
SQL
expect "two histories contradict each other" 8 migrate histories --format csv
has "and it is said where" "$output" "002_b.js is in public.knex_migrations and not in public.SequelizeMeta" \
    "003_c.js is in public.SequelizeMeta and not in public.knex_migrations"
printf '' >"$set/set.toml"
expect "neither is chosen by chance" 1 migrate adopt
has "but both are named" "$output" "there are several histories: public.SequelizeMeta (sequelize), public.knex_migrations (knex)" "--tool"
expect "none of the set's files" 1 migrate adopt --tool knex
has "is the wrong set" "$output" "none of the 2 migrations in public.knex_migrations has a file in $set"
finish
