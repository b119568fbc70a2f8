#!/usr/bin/env bash
# The eight mishaps of tests/live/probes.sh with other migration tools beside tenantsh, one fresh database each: what
# their exit code says and what is in the database. Asserts nothing; needs the npm registry once.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/peers.sh"
have_peers
tools=(tenantsh dbmate knex sequelize node-pg-migrate)
probes=(duplicate late edited deleted concurrent second killed two)
slugs=()
for tool in "${tools[@]}"; do for probe in "${probes[@]}"; do slugs+=("$probe-${tool%%-*}"); done; done
other_fleet "${slugs[@]}"

knexfile="module.exports = { client: 'pg', connection: { host: process.env.PGHOST, port: process.env.PGPORT,
  database: process.env.PGDATABASE, user: process.env.PGUSER } };"
sequelizerc="module.exports = { dialect: 'postgres', host: process.env.PGHOST, port: process.env.PGPORT, logging: false,
  database: process.env.PGDATABASE, username: process.env.PGUSER };"
# file NUMBER NAME SQL: a migration of this tool's kind.
file() {
    local stem=$((20240100000000 + $1))_$2
    case $tool in
        tenantsh) printf '%s\n' "$3" >"migrations/$stem.sql" ;;
        dbmate) printf -- '-- migrate:up\n%s\n-- migrate:down\n' "$3" >"migrations/$stem.sql" ;;
        knex) printf 'exports.up = async (k) => { for (const s of `%s`.split("; ")) await k.raw(s); };\nexports.down = () => Promise.resolve();\n' "$3" >"migrations/$stem.js" ;;
        sequelize) printf 'module.exports = { up: async (q) => { for (const s of `%s`.split("; ")) await q.sequelize.query(s); }, down: () => Promise.resolve() };\n' "$3" >"migrations/$stem.js" ;;
        node-pg-migrate) printf '%s\n' "$3" >"migrations/$((1704067200000 + $1))_$2.sql" ;;
    esac
}
gone() { rm -f migrations/*_"$1".*; }
up() {
    case $tool in
        tenantsh) tenantsh migrate up --tenants "$database" --set migrations ;;
        dbmate) dbmate --url "postgres://app:app-Pa55@/$database?host=$sockets&port=5501&sslmode=disable" -d migrations --no-dump-schema migrate ;;
        knex) as_app "$database" knex migrate:latest ;;
        sequelize) as_app "$database" sequelize-cli db:migrate --config config.js ;;
        node-pg-migrate) as_app "$database" node-pg-migrate up -m migrations ;;
    esac >"$work/said" 2>&1 </dev/null
}
tables() { superuser pg-1 "$database" "select coalesce(string_agg(relname, ',' order by relname), '-') from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname in ('a', 'b', 'c')"; }
said() { if [ "$1" = 0 ]; then echo "ok, $(tables)"; else echo "error, $(tables)"; fi; }

duplicate() { file 1 a 'create table a ()'; file 1 b 'create table b ()'; up; said $?; }
late() { file 1 a 'create table a ()'; file 3 c 'create table c ()'; up; file 2 b 'create table b ()'; up; said $?; }
edited() { file 1 a 'create table a ()'; up; file 1 a 'create table b ()'; up; said $?; }
deleted() { file 1 a 'create table a ()'; file 2 b 'create table b ()'; up; gone a; up; said $?; }
concurrent() { file 1 a 'create table a (id int)'; up; file 2 i 'create index concurrently a_id on a (id)'; up; said $?; }
second() {
    file 1 a 'create table a (); create table b (id nosuchtype);'
    up; local first=$(tables)
    file 1 a 'create table a (); create table b (id int);'
    up; echo "left $first; mended: $(said $?)"
}
killed() {
    file 1 a 'create table a ()'; file 2 b 'create table b (); select pg_sleep(2);'
    up & local runner=$!
    for _ in $(seq 200); do [ "$(superuser pg-1 "$database" "select count(*) from pg_stat_activity where datname = '$database' and query ~ 'pg_sleep' and pid <> pg_backend_pid()")" != 0 ] && break; sleep 0.05; done
    pkill -9 -P $runner 2>/dev/null; kill -9 $runner 2>/dev/null; wait $runner 2>/dev/null
    superuser pg-1 "$database" "select pg_terminate_backend(pid) from pg_stat_activity where datname = '$database' and query ~ 'pg_sleep' and pid <> pg_backend_pid()" >/dev/null
    file 2 b 'create table b ()'; up; said $?
}
two() { file 1 a 'create table a (); select pg_sleep(0.5);'; up & local other=$!; up; local mine=$?; wait $other; echo "$mine and $?, $(tables)"; }

printf '%-12s' probe; printf '%-34s' "${tools[@]}"; echo
for probe in "${probes[@]}"; do
    printf '%-12s' "$probe"
    for tool in "${tools[@]}"; do
        database=$probe-${tool%%-*}
        mkdir -p "$work/$database/migrations"; cd "$work/$database" || exit 1
        printf '%s\n' "$knexfile" >knexfile.js; printf '%s\n' "$sequelizerc" >config.js
        printf '%-34s' "$($probe)"
    done
    echo
done
