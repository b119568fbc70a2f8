#!/usr/bin/env bash
# Migrating 100 tenant databases × 20 files, from nothing and with nothing to do, against a bare libpq program and
# other runners, in the same run; and the status matrix of 1,000 schema tenants. A cluster of its own, fsync on, fresh
# databases for each measurement, unix socket for all. RUNS rounds (3) in turn, medians; the slow peers once. TENANTS
# says how many databases (100). Peers come from npm (dbmate, knex) and Debian (sqitch); one that cannot be had is left
# out with a message. Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"
runs=${RUNS:-3} tenants=${TENANTS:-100} jobs=8 sqitch_tenants=10 schemas=1000

# ---- the cluster -----------------------------------------------------------------------------------------------
as_server=()
mkdir "$work/server"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/server"; as_server=(runuser -u postgres --); fi
server() { (cd "$work/server" && "${as_server[@]}" "$bin/pg_ctl" -D "$work/server/data" -w -s -l "$work/server/log" "$@"); }
end_server() { server -m immediate stop 2>/dev/null; end_sandbox; }
trap end_server EXIT
(cd "$work/server" && "${as_server[@]}" "$bin/initdb" -D "$work/server/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8) >initdb.log 2>&1 &&
    server start -o "-c listen_addresses='' -c unix_socket_directories='$work/server' -c shared_buffers=256MB -c max_wal_size=8GB -c checkpoint_timeout=1h -c autovacuum=off" ||
    { cat initdb.log "$work/server/log" >&2; exit 1; }
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$work/server" -U postgres "$@"; }

# ---- the same twenty files in each runner's form ---------------------------------------------------------------
mkdir set dbmate knex sqitch sqitch/deploy
number() { printf '%03d' "$1"; }
for i in $(seq 10); do
    parent=$((i > 1 ? i - 1 : 1))
    cat >"set/$(number "$i")_table_$i.sql" <<SQL
create table table_$i (
  id         bigint generated always as identity primary key,
  parent_id  bigint references table_$parent (id),
  code       text not null,
  amount     numeric(18, 4),
  created_at timestamptz not null default now()
);
create index on table_$i (parent_id);
create index on table_$i (code);
SQL
done
for i in $(seq 5); do echo "alter table table_$i add column note text;" >"set/$(number $((10 + i)))_note_$i.sql"; done
for i in $(seq 3); do echo "create index on table_$i (created_at);" >"set/$(number $((15 + i)))_index_$i.sql"; done
for i in 1 2; do
    echo "insert into table_$i (code, amount) select 'code ' || n, n from generate_series(1, 50) n;" >"set/$(number $((18 + i)))_rows_$i.sql"
done
printf '%%syntax-version=1.0.0\n%%project=bench\n\n' >sqitch/sqitch.plan
printf '[core]\n\tengine = pg\n' >sqitch/sqitch.conf
for file in set/*.sql; do
    name=$(basename "$file" .sql)
    stamp=20240101000${name%%_*}_${name#*_}
    { echo '-- migrate:up'; cat "$file"; echo '-- migrate:down'; } >"dbmate/$stamp.sql"
    { echo 'exports.up = (knex) => knex.raw(`'; cat "$file"; echo '`);'; echo 'exports.down = () => {};'; } >"knex/$stamp.js"
    { echo 'begin;'; cat "$file"; echo 'commit;'; } >"sqitch/deploy/$name.sql"
    echo "$name 2024-01-01T00:00:00Z bench <bench@localhost> # $name" >>sqitch/sqitch.plan
done

# ---- the runners -----------------------------------------------------------------------------------------------
cc -O2 -o bare "$root/tests/bench/bare_migrate.c" $(pkg-config --cflags --libs libpq) -pthread || exit 1
names=$(seq -f 'tenant_%g' "$tenants")
{
    printf '[[servers]]\nname = "pg-1"\nhost = "%s"\nadmin_user = "postgres"\n' "$work/server"
    for name in $names; do printf '[[tenants]]\nslug = "%s"\nserver = "pg-1"\ndatabase_name = "%s"\n' "${name/_/-}" "$name"; done
} >inventory.toml
{
    printf '[[servers]]\nname = "pg-1"\nhost = "%s"\nadmin_user = "postgres"\n' "$work/server"
    for i in $(seq $schemas); do printf '[[tenants]]\nslug = "s%s"\nserver = "pg-1"\ndatabase_name = "shared"\nschema_name = "s%s"\n' "$i" "$i"; done
} >schemas.toml
for environment in inventory schemas; do
    printf '[environment.%s]\nmaster = "host=%s user=postgres dbname=postgres"\nguard = "open"\nservers = { file = "%s.toml" }\ntenants = { file = "%s.toml" }\n' \
        $environment "$work/server" $environment $environment
done >tenantsh.toml
cat >fleet.js <<'JS'
// knex's own API over a fleet in one process: fleet.js SOCKET FOLDER JOBS DATABASE…
const knex = require("knex");
const [host, directory, jobs, ...databases] = process.argv.slice(2);
async function work() {
  for (let database; (database = databases.shift()); ) {
    const one = knex({ client: "pg", connection: { host, user: "postgres", database }, pool: { min: 0, max: 2 } });
    try { await one.migrate.latest({ directory }); }
    catch (error) { console.error(database, error.message); process.exitCode = 1; }
    finally { await one.destroy(); }
  }
}
for (let i = 0; i < Number(jobs); ++i) work();
JS
cat >knexfile.js <<JS
module.exports = { client: "pg", connection: { host: "$work/server", user: "postgres", database: process.env.DATABASE }, migrations: { directory: "$work/knex" } };
JS
npm=
if command -v npm >/dev/null && npm install --prefix "$work" --no-audit --no-fund --loglevel=error dbmate@2.36.0 knex@3.3.0 pg@8 >npm.log 2>&1; then
    npm=yes
else
    echo "dbmate and knex are left out: npm cannot install them ($(tail -n 1 npm.log 2>/dev/null))" >&2
fi
dbmate=$(ls node_modules/@dbmate/*/bin/dbmate 2>/dev/null)

each() { local parallel=$1; shift; printf '%s\n' $names | xargs -P "$parallel" -I{} "$@"; }
run_bare() { ./bare "host=$work/server user=postgres" $jobs set $names; }
run_tenantsh() { tenantsh --env inventory migrate up --set set --tenants all --jobs $jobs --yes; }
run_dbmate() { each "$1" "$dbmate" --url "postgres://postgres@/{}?socket=$work/server&sslmode=disable" -d dbmate --no-dump-schema migrate; }
run_dbmate4() { run_dbmate 4; }
run_dbmate8() { run_dbmate 8; }
run_knex_api() { node fleet.js "$work/server" "$work/knex" $jobs $names; }
run_knex_cli() { each 4 env DATABASE={} node node_modules/knex/bin/cli.js --knexfile knexfile.js migrate:latest; }
run_sqitch() { (cd sqitch && names=$(head -n $sqitch_tenants <<<"$names") && PGHOST=$work/server PGUSER=postgres each 4 sqitch deploy --quiet db:pg:{}); }

sed 's/.*/create database &;/' <<<"$names" | sql -d postgres || exit 1

# ---- measuring -------------------------------------------------------------------------------------------------
# Emptied, not made anew: dropping a hundred databases can take minutes where the disk discards what is deleted.
fresh() {
    for name in $names; do
        echo "\\connect $name"
        echo 'drop schema public cascade; drop schema if exists tenantsh, sqitch cascade; create schema public; vacuum;'
    done | PGOPTIONS='-c client_min_messages=warning' sql -d postgres
    # A database in use has its relation cache file; the vacuum dropped it.
    sed 's/^/\\connect /' <<<"$names" | sql -d postgres
    sql -d postgres -c checkpoint
}
# timed NAME RUNNER: appends the milliseconds to the file NAME; a failure is said and counts for nothing.
timed() {
    local start=$EPOCHREALTIME
    if "$2" >output 2>&1 </dev/null; then
        echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) >>"$1.ms"
    else
        echo "$2 failed: $(tail -n 3 output)" >&2
    fi
}
measure() {   # RUNNER NOOPS
    fresh
    timed "$1.cold" "run_$1"
    local i
    for i in $(seq "$2"); do timed "$1.noop" "run_$1"; done
}
median() { [ -s "$1.ms" ] && sort -n "$1.ms" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

quick=(bare tenantsh) slow=()
[ -z "$dbmate" ] || quick+=(dbmate4 dbmate8)
[ -z "$npm" ] || { quick+=(knex_api) slow+=(knex_cli); }
if command -v sqitch >/dev/null; then slow+=(sqitch); else echo "sqitch is left out: it is not installed" >&2; fi
for _ in $(seq "$runs"); do for runner in "${quick[@]}"; do measure "$runner" 3; done; done
for runner in "${slow[@]}"; do measure "$runner" 1; done

# A thousand tenants of one database: the first is migrated, the others get its ledger rows.
mkdir schema_set
for file in set/*.sql; do sed -E 's/table_[0-9]+/{schema_name}.&/g' "$file" >"schema_set/${file#set/}"; done
sql -d postgres -c 'create database shared'
seq -f 'create schema s%g;' $schemas | sql -d shared
if tenantsh --env schemas migrate up --set schema_set --tenants s1 --yes >output 2>&1 </dev/null; then
    sql -d shared -c "insert into tenantsh.ledger select scope, 's' || n, name, sha256, applied_at, applied_by, duration_ms, run_id from tenantsh.ledger, generate_series(2, $schemas) n; analyze tenantsh.ledger"
    run_matrix() { tenantsh --env schemas migrate status --set schema_set --tenants all; }
    for _ in $(seq 5); do timed matrix run_matrix; done
else
    cat output >&2
fi

# ---- the table -------------------------------------------------------------------------------------------------
for name in bare tenantsh dbmate4 dbmate8 knex_api knex_cli sqitch; do
    echo "$name $(median $name.cold || echo -) $(median $name.noop || echo -)"
done >medians
awk -v databases="$tenants" -v sqitch_databases=$sqitch_tenants -v schemas=$schemas -v matrix="$(median matrix)" '
    { cold[$1] = $2; noop[$1] = $3 }
    function best(list, a, b) { return list[a] == "-" ? list[b] : list[b] == "-" || list[a] + 0 < list[b] + 0 ? list[a] : list[b] }
    function seconds(ms) { return ms == "-" || ms == "" ? "-" : sprintf("%.2f s", ms / 1000) }
    function ratio(a, b) { return a == "-" || b == "-" || b + 0 == 0 ? "-" : sprintf("%.2f", a / b) }
    function quoted(text) { return text == "-" ? "null" : text }
    function line(label, name, cold_wanted, noop_wanted) {
        printf "%-30s %10s %8s %8s %10s %8s %8s\n", label, seconds(cold[name]), ratio(cold[name], cold["tenantsh"]), cold_wanted,
            seconds(noop[name]), ratio(noop[name], noop["tenantsh"]), noop_wanted
    }
    END {
        cold["dbmate"] = best(cold, "dbmate4", "dbmate8"); noop["dbmate"] = best(noop, "dbmate4", "dbmate8")
        if (cold["sqitch"] != "-") { cold["sqitch"] *= databases / sqitch_databases; noop["sqitch"] *= databases / sqitch_databases }
        printf "%-30s %10s %8s %8s %10s %8s %8s\n", databases " databases x 20 files", "cold", "x ours", "wanted", "no-op", "x ours", "wanted"
        line("tenantsh, 8 jobs", "tenantsh", "", "")
        line("bare libpq program, 8 threads", "bare", "0.83", "")
        line("dbmate, the better of -P 4, 8", "dbmate", "2.00", "4.00")
        line("knex API in one process", "knex_api", "1.00", "")
        line("knex command line, -P 4", "knex_cli", "5.00", "")
        line("sqitch, -P 4, " sqitch_databases " scaled to " databases, "sqitch", "10.00", "")
        printf "%-30s %10s %8s %8s\n", "status of " schemas " schema tenants", seconds(matrix), "", "0.30 s"
        printf "{\"tenantsh_cold_ms\": %s, \"tenantsh_noop_ms\": %s, \"cold_of_bare\": %s, \"dbmate_cold_of_ours\": %s, \"dbmate_noop_of_ours\": %s, \"knex_api_of_ours\": %s, \"knex_cli_of_ours\": %s, \"sqitch_of_ours\": %s, \"matrix_%d_ms\": %s}\n",
            quoted(cold["tenantsh"]), quoted(noop["tenantsh"]), quoted(ratio(cold["tenantsh"], cold["bare"])), quoted(ratio(cold["dbmate"], cold["tenantsh"])),
            quoted(ratio(noop["dbmate"], noop["tenantsh"])), quoted(ratio(cold["knex_api"], cold["tenantsh"])), quoted(ratio(cold["knex_cli"], cold["tenantsh"])),
            quoted(ratio(cold["sqitch"], cold["tenantsh"])), schemas, matrix == "" ? "null" : matrix
    }' medians
