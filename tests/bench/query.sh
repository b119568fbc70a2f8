#!/usr/bin/env bash
# A fan-out over 500 tenant databases, cold and warm, against a bare libpq program and the best of xargs -P 4, 8, 16
# with the real psql; one dead server among three; 10,000 registered tenants; 10 million rows to CSV against psql's
# \copy. A cluster of its own, fsync off, unix socket for all. RUNS rounds (5) in turn, medians. TENANTS says how many
# databases (500), ROWS how many rows. Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"
runs=${RUNS:-5} tenants=${TENANTS:-500} rows=${ROWS:-10000000} jobs=32 registered=10000 repeats=20

# ---- the cluster -----------------------------------------------------------------------------------------------
as_server=()
mkdir "$work/server"
if [ "$(id -u)" = 0 ]; then chown postgres "$work/server"; as_server=(runuser -u postgres --); fi
server() { (cd "$work/server" && "${as_server[@]}" "$bin/pg_ctl" -D "$work/server/data" -w -s -l "$work/server/log" "$@"); }
end_server() { server -m immediate stop 2>/dev/null; end_sandbox; }
trap end_server EXIT
(cd "$work/server" && "${as_server[@]}" "$bin/initdb" -D "$work/server/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8) >initdb.log 2>&1 &&
    server start -o "-c listen_addresses='' -c unix_socket_directories='$work/server' -c shared_buffers=256MB -c fsync=off -c max_connections=$((tenants + 100)) -c max_wal_size=8GB -c autovacuum=off" ||
    { cat initdb.log "$work/server/log" >&2; exit 1; }
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$work/server" -U postgres "$@"; }
sql -d template1 -c 'create role tenantsh_reader' -c 'grant pg_read_all_data to tenantsh_reader' \
    -c "create table item (id int primary key, note text); insert into item select n, 'note ' || n from generate_series(1, 100) n"
names=$(seq -f 'tenant_%g' "$tenants")
sed 's/.*/create database & strategy file_copy;/' <<<"$names" | sql -d postgres || exit 1
sql -d tenant_1 -c "create unlogged table big as select n::bigint as id, 'code ' || n as code, round(n / 100.0, 2) as amount, timestamptz '2026-01-01' + n * interval '1 s' as created_at from generate_series(1, $rows) n" -c 'vacuum analyze big'

# ---- the fleets ------------------------------------------------------------------------------------------------
cc -O2 -o bare "$root/tests/bench/bare_query.c" $(pkg-config --cflags --libs libpq) -pthread || exit 1
# inventory FILE TENANTS SERVER…: tenants dealt out to the servers in turn; of the same databases over and over.
inventory() {
    local file=$1 count=$2 name i
    shift 2
    {
        for name in "$@"; do
            printf '[[servers]]\nname = "%s"\nregion = "r-%s"\nhost = "%s"\nadmin_user = "postgres"\n' "$name" "$name" "$work/$([ "$name" = dead ] && echo dead || echo server)"
        done
        for i in $(seq "$count"); do
            name=$((i % $# + 1))
            printf '[[tenants]]\nslug = "t-%s"\nserver = "%s"\ndatabase_name = "tenant_%s"\n' "$i" "${!name}" $(((i - 1) % tenants + 1))
        done
    } >"$file"
}
inventory fleet.toml "$tenants" pg-1
inventory alive.toml $((tenants * 2 / 3)) pg-1 pg-2
inventory dead.toml "$tenants" pg-1 pg-2 dead
for name in fleet alive dead; do
    printf '[environment.%s]\nmaster = "host=%s user=postgres dbname=postgres"\nguard = "open"\nservers = { file = "%s.toml" }\ntenants = { file = "%s.toml" }\n' \
        $name "$work/server" $name $name
done >tenantsh.toml
# The registry itself, as tenantsh's own master has it.
sql -d postgres -c "create schema identity; create table identity.db_server (id uuid primary key default gen_random_uuid(), name text, region text, host text, port int, admin_user text, admin_secret_ref text, status text, capacity_tenants int);
    create table identity.tenant (id uuid default gen_random_uuid(), slug text, display_name text, status text, server_id uuid, placement text, database_name text, schema_name text, db_config_ref text, labels jsonb);
    insert into identity.db_server (name, region, host, port, admin_user, status, capacity_tenants) select 'pg-' || n, 'region-' || n % 5, '$work/server', 5432, 'postgres', 'active', 1000 from generate_series(1, 20) n;
    insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, labels)
        select 'tenant-' || n, 'Tenant ' || n, 'active', s.id, 'database', 'tenant_' || n, jsonb_build_object('plan', n % 3)
        from generate_series(1, $registered) n join identity.db_server s on s.name = 'pg-' || n % 20 + 1"
printf '[environment.registry]\nmaster = "host=%s user=postgres dbname=postgres"\nguard = "open"\n' "$work/server" >>tenantsh.toml
perl -MIO::Socket::UNIX -e 'mkdir $ARGV[0]; my $s = IO::Socket::UNIX->new(Local => "$ARGV[0]/.s.PGSQL.5432", Listen => 1000) or die; sleep 3600' "$work/dead" &

# ---- the runners -----------------------------------------------------------------------------------------------
question='select count(*) from item'
again="tenants:query('$question')"
run_bare() { ./bare "host=$work/server user=postgres" $jobs "$question" $names; }
run_tenantsh() { tenantsh --env fleet query "$question" --format csv; }
run_once() { tenantsh --env fleet -e "$again" --format csv; }
run_often() { tenantsh --env fleet -e "for i = 1, $repeats do $again end" -e "$again" --format csv; }
run_xargs() { printf '%s\n' $names | xargs -P "$1" -I{} psql -X -A -t -h "$work/server" -U postgres -d {} -c "$question"; }
run_xargs4() { run_xargs 4; }
run_xargs8() { run_xargs 8; }
run_xargs16() { run_xargs 16; }
run_alive() { tenantsh --env alive query "$question" --format csv; }
run_dead() { tenantsh --env dead query "$question" --format csv; [ $? = 7 ]; }
run_list() { tenantsh --env registry tenants list --format csv; }
run_filter() { tenantsh --env registry -e 'tenants:where{ region = "region-3", ["label.plan"] = "1" }' --format csv; }
run_copy() { psql -X -q -h "$work/server" -U postgres -d tenant_1 -c '\copy (select * from big) to copied.csv csv header'; }
run_stream() { tenantsh --env fleet query 'select * from big' --tenants t-1 --format csv; }

# timed NAME: appends the milliseconds to the file NAME.ms; a failure is said and counts for nothing.
timed() {
    # The backends of the one before may still be ending: that is not ours to pay.
    while [ "$(sql -d postgres -c "select count(*) from pg_stat_activity where backend_type = 'client backend'")" != 1 ]; do sleep 0.1; done
    sleep 0.3
    local start=$EPOCHREALTIME
    if "run_$1" >output 2>errors </dev/null; then
        echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) >>"$1.ms"
    else
        echo "$1 failed: $(head -n 3 errors)" >&2
    fi
}
median() { [ -s "$1.ms" ] && sort -n "$1.ms" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

run_xargs 8 >/dev/null   # every database has its relation cache file
for _ in $(seq "$runs"); do for name in bare tenantsh xargs4 xargs8 xargs16 once often alive list filter; do timed $name; done; done
for _ in 1 2 3; do for name in copy stream; do timed $name; done; done
timed dead
tenantsh --env fleet query 'select * from big' --tenants t-1 --format csv >/dev/null 2>&1 &
process=$! peak=0
while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$process/status" 2>/dev/null) && [ -n "$now" ]; do peak=$now; sleep 0.05; done
wait $process

# ---- the table -------------------------------------------------------------------------------------------------
for name in bare tenantsh xargs4 xargs8 xargs16 once often alive dead list filter copy stream; do echo "$name $(median $name || echo -)"; done >medians
awk -v tenants="$tenants" -v repeats=$repeats -v rows="$rows" -v registered=$registered -v peak="$peak" '
    { ms[$1] = $2 }
    function ratio(a, b) { return a == "-" || b == "-" || b + 0 <= 0 ? "-" : sprintf("%.2f", a / b) }
    function quoted(text) { return text == "-" ? "null" : text }
    function line(label, value, beside, wanted) { printf "%-44s %12s %8s %12s\n", label, value, beside, wanted }
    END {
        best = ms["xargs4"]
        for (i = 8; i <= 16; i += 8) if (ms["xargs" i] + 0 < best + 0) best = ms["xargs" i]
        warm = (ms["often"] - ms["once"]) / repeats
        line(tenants " databases, one statement", "", "ratio", "wanted")
        line("tenantsh, cold", ms["tenantsh"] " ms", "", "")
        line("bare libpq program, as many connections", ms["bare"] " ms", ratio(ms["tenantsh"], ms["bare"]), "<= 1.15")
        line("psql, the best of xargs -P 4, 8, 16", best " ms", ratio(best, ms["tenantsh"]), ">= 2")
        line("tenantsh, warm", sprintf("%.1f ms", warm), ratio(best, warm), ">= 50")
        line("one of three servers never answers", ms["dead"] " ms", "", "")
        line("  without it", ms["alive"] " ms", sprintf("+%.1f s", (ms["dead"] - ms["alive"]) / 1000), "+10 s")
        line(registered " registered: list", ms["list"] " ms", "", "< 200 ms")
        line(registered " registered: filter", ms["filter"] " ms", "", "< 200 ms")
        line(rows " rows to CSV", ms["stream"] " ms", "", "")
        line("psql \\copy", ms["copy"] " ms", ratio(ms["stream"], ms["copy"]), "<= 1.1")
        line("resident at most", sprintf("%.1f MB", peak / 1024), "", "< 64 MB")
        printf "{\"cold_ms\": %s, \"cold_of_bare\": %s, \"xargs_of_cold\": %s, \"warm_ms\": %.1f, \"xargs_of_warm\": %s, \"dead_server_adds_ms\": %d, \"list_ms\": %s, \"filter_ms\": %s, \"csv_ms\": %s, \"csv_of_copy\": %s, \"csv_peak_kb\": %d}\n",
            quoted(ms["tenantsh"]), quoted(ratio(ms["tenantsh"], ms["bare"])), quoted(ratio(best, ms["tenantsh"])), warm, quoted(ratio(best, warm)),
            ms["dead"] - ms["alive"], quoted(ms["list"]), quoted(ms["filter"]), quoted(ms["stream"]), quoted(ratio(ms["stream"], ms["copy"])), peak
    }' medians
