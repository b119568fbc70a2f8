#!/usr/bin/env bash
# Fleets that knex, Sequelize, node-pg-migrate and dbmate have migrated are taken over: half of the files by the tool,
# the others by tenantsh. Their structure is then what the tool alone would have made of it, and the tool, started
# afterwards, has nothing to do.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/peers.sh"
have_peers
other_fleet knex-a knex-b knex-whole sequelize-a sequelize-whole npm-a npm-whole dbmate-a dbmate-whole fresh north south whole

# project FOLDER: later/ has what is not yet there when the tool runs for the last time.
project() { mkdir -p "$work/$1/migrations" "$work/$1/later"; cd "$work/$1" || exit 1; }
add_later() { mv later/* migrations/; }

members='create table members (id integer primary key, name text not null);'
claims='create table claims (id integer primary key, member_id integer not null references members);
create function claim_count() returns bigint language sql as $$ select count(*) from claims; $$;'
indexes='create index claims_member_id on claims (member_id);
comment on table claims is $$what; is claimed$$;'
view='create view open_claims as select * from claims'

# ---- knex
project knex
cat >knexfile.js <<'JS'
module.exports = { client: 'pg', connection: { host: process.env.PGHOST, port: process.env.PGPORT,
  database: process.env.PGDATABASE, user: process.env.PGUSER } };
JS
wrapped() {   # wrapped FOLDER STEM SQL DOWN: SQL with the program around it that knex needs
    printf '%s\n' "$3" >"$1/$2.sql"
    printf '%s\n' "$4" >"$1/$2.down.sql"
    cat >"$1/$2.js" <<JS
const { readFileSync } = require('fs');
const read = (name) => readFileSync(__dirname + '/' + name, 'utf8');
exports.up = (knex) => knex.raw(read('$2.sql'));
exports.down = (knex) => knex.raw(read('$2.down.sql'));
JS
}
cat >migrations/20240101000000_members.js <<JS
exports.up = (knex) => knex.raw(\`$members\`);
exports.down = (knex) => knex.raw('drop table members');
JS
wrapped migrations 20240102000000_claims "$claims" 'drop function claim_count(); drop table claims;'
wrapped later 20240103000000_indexes "$indexes" 'drop index claims_member_id;'
cat >later/20240104000000_view.js <<JS
exports.up = (knex) => knex.raw('$view');
exports.down = (knex) => knex.raw('drop view open_claims');
JS
wrapped later 20240105000000_notes 'create table notes (id serial primary key, body text)' 'drop table notes;'
cat >migrations/set.toml <<'TOML'
history = "knex"
[runner]
up = ["knex", "migrate:up", "{file}"]
down = ["knex", "migrate:down", "{file}"]
directory = ".."
TOML
set=$work/knex/migrations
for tenant in knex-a knex-b; do as_app $tenant knex migrate:latest >"$work/knex.log" 2>&1 || cat "$work/knex.log"; done
add_later
as_app knex-whole knex migrate:latest >"$work/knex.log" 2>&1 || cat "$work/knex.log"

expect "knex: its histories" 0 tenantsh migrate histories --tenants 'knex-*' --format csv
has "knex: what is there" "$output" "knex-a,knex,public.knex_migrations,2,20240102000000_claims.js,ok" \
    "knex-whole,knex,public.knex_migrations,5,20240105000000_notes.js,ok"
expect "knex: its history of the set" 8 tenantsh migrate history --tenants knex-a,knex-b --set "$set" --format csv
has "knex: applied and pending" "$output" "20240101000000_members.js,applied,2,\"knex-a, knex-b\"" \
    "20240102000000_claims.sql,applied,2" "20240104000000_view.js,pending,2"
expect "knex: the plan of adopting" 8 tenantsh migrate adopt --tenants knex-a,knex-b --set "$set" --plan
has "knex: says what it would write" "$output" "2 files (20240101000000_members.js … 20240102000000_claims.sql)" \
    "in 2 tenants: knex-a, knex-b"
same "knex: the plan wrote nothing" t "$(in_database knex-a -c "select to_regnamespace('tenantsh') is null")"

expect "knex: what it has applied does not run a second time" 1 tenantsh migrate up --tenants knex-a --set "$set"
has "knex: says what to do first" "$output" "knex has applied 20240101000000_members.js and 1 more" "tenantsh migrate adopt"
in_database knex-a -c "update knex_migrations_lock set is_locked = 1"
expect "knex: a lock row that is held stops it" 6 tenantsh migrate adopt --tenants knex-a --set "$set"
has "knex: and is named" "$output" "public.knex_migrations_lock is locked" "--break-lock"
expect "knex: released when nobody is behind it" 0 tenantsh migrate adopt --tenants knex-a --set "$set" --break-lock
same "knex: the row is free" 0 "$(in_database knex-a -c "select is_locked from knex_migrations_lock")"
mkfifo "$work/talk"
in_database knex-b -f "$work/talk" >/dev/null & session=$!
exec 7<>"$work/talk"   # does not wait for a reader
echo "begin; update knex_migrations_lock set is_locked = 1;" >&7
for _ in $(seq 100); do [ "$(in_database knex-b -c "select count(*) from pg_locks where relation = 'knex_migrations_lock'::regclass and mode = 'RowExclusiveLock'")" = 1 ] && break; sleep 0.05; done
expect "knex: a runner at work stops it" 6 tenantsh migrate adopt --tenants knex-b --set "$set" --break-lock
has "knex: and is named" "$output" "knex may be at work" "backend"
exec 7>&-
wait $session
expect "knex: adopted" 0 tenantsh migrate adopt --tenants knex-a,knex-b --set "$set" --format csv
same "knex: times and all" "20240101000000_members.js|adopted from knex|t" "$(PGOPTIONS='' superuser pg-1 knex-b "select l.name, applied_by, applied_at = date_trunc('milliseconds', migration_time) from tenantsh.ledger l join knex_migrations k using (name)")"
expect "knex: twice is once" 0 tenantsh migrate adopt --tenants knex-a,knex-b --set "$set" --format csv
same "knex: nothing is written again" "target,name,applied_at,history" "$output"

expect "knex: goes on natively and with its runner" 0 tenantsh migrate up --tenants knex-a,knex-b --set "$set" --format csv
has "knex: three files each" "$output" "knex-a,20240103000000_indexes.sql" "knex-b,20240104000000_view.js" "knex-b,20240105000000_notes.sql"
check "knex: the same structure as knex's own" "$(diff <(structure_of knex-a) <(structure_of knex-whole))"
same "knex: one batch for what ran natively, knex's own for the program" \
    "20240101000000_members.js 1|20240102000000_claims.js 1|20240103000000_indexes.js 2|20240104000000_view.js 3|20240105000000_notes.js 2" \
    "$(in_database knex-a -c "select string_agg(name || ' ' || batch, '|' order by id) from knex_migrations")"
has "knex: started afterwards, it has nothing to do" "$(as_app knex-a knex migrate:latest 2>&1)" "Already up to date"
expect "knex: nor have we" 0 tenantsh migrate status --tenants knex-a,knex-b --set "$set"
expect "knex: its view of the set agrees" 0 tenantsh migrate history --tenants knex-a,knex-b --set "$set"

expect "knex: back by two, a program and SQL" 0 tenantsh migrate down --tenants knex-b --set "$set" --count 2 --yes --confirm knex-b
same "knex: its table has lost both" "20240103000000_indexes.js" "$(in_database knex-b -c "select name from knex_migrations order by id desc limit 1")"
expect "knex: and forward again" 0 tenantsh migrate up --tenants knex-b --set "$set"
check "knex: to the same structure" "$(diff <(structure_of knex-b) <(structure_of knex-whole))"
has "knex: which knex agrees with" "$(as_app knex-b knex migrate:latest 2>&1)" "Already up to date"

# ---- a runner that fails, and one that lies
cat >migrations/20240106000000_bad.js <<'JS'
exports.up = (knex) => knex.raw('create table nowhere.bad ()');
exports.down = () => Promise.resolve();
JS
expect "a program that fails is a failure" 1 tenantsh migrate up --tenants knex-a --set "$set"
has "with what it printed" "$output" "20240106000000_bad.js" "exit code 1" 'schema "nowhere" does not exist'
sed -i 's/^up = .*/up = ["true"]/' migrations/set.toml
expect "exit code 0 proves nothing" 1 tenantsh migrate up --tenants knex-a --set "$set"
has "the history does" "$output" "ended well, but knex has not recorded the file"
sed -i 's/^up = .*/up = ["knex", "migrate:up", "{name}"]/' migrations/set.toml
sed -i 's/^up = .*/up = ["sleep", "600"]/' migrations/set.toml
env --default-signal=INT tenantsh migrate up --tenants knex-a --set "$set" >"$work/interrupted" 2>&1 </dev/null & runner=$!
for _ in $(seq 200); do child=$(pgrep -P $runner -x sleep) && break; sleep 0.05; done
kill -INT $runner
wait $runner
same "Ctrl-C ends the program" 130 $?
check "which is gone" "$(kill -0 "$child" 2>/dev/null && echo "sleep still runs as $child")"
sed -i 's/^up = .*/up = ["knex", "migrate:up", "{name}"]/' migrations/set.toml
chmod o+w migrations/set.toml
expect "commands of a file that others can write are not run" 1 tenantsh migrate up --tenants knex-a --set "$set"
has "which is said" "$output" "own the file, and let nobody else write it"
chmod o-w migrations/set.toml
rm migrations/20240106000000_bad.js
expect "a tenant that knex never saw" 0 tenantsh migrate up --tenants fresh --set "$set"
check "gets knex's structure" "$(diff <(structure_of fresh) <(structure_of knex-whole))"
has "and knex has nothing to do there" "$(as_app fresh knex migrate:latest 2>&1)" "Already up to date"

# ---- Sequelize
project sequelize
cat >config.js <<'JS'
module.exports = { dialect: 'postgres', host: process.env.PGHOST, port: process.env.PGPORT, database: process.env.PGDATABASE,
  username: process.env.PGUSER, logging: false };
JS
program() {   # program FOLDER STEM SQL
    cat >"$1/$2.js" <<JS
module.exports = { up: (q) => q.sequelize.query(\`$3\`), down: () => Promise.resolve() };
JS
}
program migrations 20240101000000-members "$members"
program migrations 20240102000000-claims "${claims//\$\$/\$\$}"
printf '%s\n' "$indexes" >later/20240103000000-indexes.sql
cat >later/20240103000000-indexes.js <<'JS'
const sql = require('fs').readFileSync(__dirname + '/20240103000000-indexes.sql', 'utf8');
module.exports = { up: (q) => q.sequelize.query(sql), down: () => Promise.resolve() };
JS
program later 20240104000000-view "$view"
cat >migrations/set.toml <<'TOML'
history = "sequelize"
[runner]
up = ["sequelize-cli", "db:migrate", "--config", "config.js", "--to", "{file}"]
directory = ".."
TOML
set=$work/sequelize/migrations
migrate_all() { as_app "$1" sequelize-cli db:migrate --config config.js 2>&1; }
migrate_all sequelize-a >"$work/sequelize.log" || cat "$work/sequelize.log"
add_later
migrate_all sequelize-whole >"$work/sequelize.log" || cat "$work/sequelize.log"
expect "Sequelize: adopted" 0 tenantsh migrate adopt --tenants sequelize-a --set "$set"
expect "Sequelize: goes on" 0 tenantsh migrate up --tenants sequelize-a --set "$set" --format csv
has "Sequelize: SQL and program" "$output" "20240103000000-indexes.sql" "20240104000000-view.js"
check "Sequelize: the same structure" "$(diff <(structure_of sequelize-a) <(structure_of sequelize-whole))"
has "Sequelize: nothing to do" "$(migrate_all sequelize-a)" "No migrations were executed"

# ---- node-pg-migrate
project npm
printf '%s\n' "$members" >migrations/1704067200000_members.sql
printf '%s\n' "$claims" >migrations/1704067300000_claims.sql
printf '%s\n' "$indexes" >later/1704067400000_indexes.sql
printf "exports.up = (pgm) => pgm.sql('%s');\nexports.down = () => {};\n" "$view" >later/1704067500000_view.js
cat >migrations/set.toml <<'TOML'
history = "node-pg-migrate"
[runner]
up = ["node-pg-migrate", "up", "1", "-m", "migrations", "--ignore-pattern", ".*\\.toml"]
directory = ".."
TOML
set=$work/npm/migrations
migrate_all() { as_app "$1" node-pg-migrate up -m migrations --ignore-pattern '.*\.toml' 2>&1; }
migrate_all npm-a >"$work/npm-a.log" || cat "$work/npm-a.log"
add_later
migrate_all npm-whole >"$work/npm-whole.log" || cat "$work/npm-whole.log"
expect "node-pg-migrate: adopted" 0 tenantsh migrate adopt --tenants npm-a --set "$set"
expect "node-pg-migrate: goes on" 0 tenantsh migrate up --tenants npm-a --set "$set" --format csv
has "node-pg-migrate: SQL and program" "$output" "1704067400000_indexes.sql" "1704067500000_view.js"
check "node-pg-migrate: the same structure" "$(diff <(structure_of npm-a) <(structure_of npm-whole))"
has "node-pg-migrate: nothing to do" "$(migrate_all npm-a)" "No migrations to run!"

# ---- dbmate
project dbmate
section() { printf -- '-- migrate:up\n%s\n\n-- migrate:down\n%s\n' "$2" "$3" >"$1"; }
section migrations/20240101000000_members.sql "$members" 'drop table members;'
section migrations/20240102000000_claims.sql "$claims" 'drop function claim_count(); drop table claims;'
section later/20240103000000_indexes.sql "$indexes" 'drop index claims_member_id;'
section later/20240104000000_view.sql "$view;" 'drop view open_claims;'
echo 'history = "dbmate"' >migrations/set.toml
set=$work/dbmate/migrations
migrate_all() {
    dbmate --url "postgres://app:app-Pa55@/$1?host=$sockets&port=5501&sslmode=disable" -d migrations --no-dump-schema migrate 2>&1
}
migrate_all dbmate-a >"$work/dbmate.log" || cat "$work/dbmate.log"
add_later
migrate_all dbmate-whole >"$work/dbmate.log" || cat "$work/dbmate.log"
expect "dbmate: adopted" 0 tenantsh migrate adopt --tenants dbmate-a --set "$set"
expect "dbmate: goes on" 0 tenantsh migrate up --tenants dbmate-a --set "$set"
check "dbmate: the same structure" "$(diff <(structure_of dbmate-a) <(structure_of dbmate-whole))"
same "dbmate: nothing to do" "" "$(migrate_all dbmate-a)"

# ---- examples/adopt_knex: a fleet in one session
cp -r "$root/examples/adopt_knex" "$work/practice"
ln -s "$peers/node_modules" "$work/practice/node_modules"
cd "$work/practice" || exit 1
mkdir "$work/newer"
mv migrations/202406* migrations/202407* "$work/newer"
for tenant in north south; do as_app $tenant npx knex migrate:latest >"$work/knex.log" 2>&1 || cat "$work/knex.log"; done
in_database south -c "insert into patients (name, born_on) values (' Ada ', '1815-12-10')"
mv "$work"/newer/* migrations/
as_app whole npx knex migrate:latest >"$work/knex.log" 2>&1 || cat "$work/knex.log"
expect "the example's plan" 8 tenantsh run ./take_over.lua --input canary=north --input tenants=south --plan
same "writes nothing" t "$(in_database north -c "select to_regclass('tenantsh.ledger') is null")"
expect "the example, in one session" 0 tenantsh run ./take_over.lua --input canary=north --input tenants=south --yes
check "north is what knex makes" "$(diff <(structure_of north) <(structure_of whole))"
check "so is south" "$(diff <(structure_of south) <(structure_of whole))"
same "its program did its work" Ada "$(in_database south -c 'select name from patients')"
has "and knex has nothing to do" "$(as_app south npx knex migrate:latest 2>&1)" "Already up to date"

# ---- several at once
expect "everything side by side" 0 tenantsh migrate histories --tenants all --format csv
same "thirteen histories" 13 "$(grep -c ',ok,' <<<"$output")"
expect "a set of another tool's names is refused" 1 tenantsh migrate adopt --tenants dbmate-a --set "$work/npm/migrations" --tool dbmate
has "which is said" "$output" "has a file in"
finish
