#!/usr/bin/env bash
# Parity of two copies on two servers against reading the same tables with COPY … TO '/dev/null', both sides at the same
# time in both; and how much memory it takes with ten times the rows, also when every row differs. RUNS rounds (3) in
# turn, medians; ROWS rows of the largest table (2,000,000: about 300 MB a side). Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"
runs=${RUNS:-3} rows=${ROWS:-2000000} jobs=${JOBS:-2}
tenantsh sandbox up --servers 2 >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
sockets=$(socket_of)
sql() { PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$1.superuser") psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -p "$(port_of "$1")" -U postgres -d "$2" "${@:3}"; }
# fill MEMBER DATABASE ROWS
fill() {
    sql "$1" postgres -c "create database $2" &&
        sql "$1" "$2" >/dev/null <<SQL
create table claim (id bigint primary key, member_id int not null, amount numeric(18,4) not null, status text not null, note text, created_at timestamptz not null, labels jsonb);
insert into claim select n, n % 40000, round(n / 7.0, 4), (array['paid','denied','open'])[n % 3 + 1], 'a note of some length, number ' || n, timestamptz '2026-01-01' + n * interval '1 s', jsonb_build_object('plan', n % 5) from generate_series(1, $3) n;
create table line (claim_id bigint, number int, code text, charged numeric(18,4), paid numeric(18,4), day date, primary key (claim_id, number));
insert into line select n, 1, 'A' || n % 9999, n / 3.0, n / 4.0, date '2026-01-01' + n % 365 from generate_series(1, $3 / 2) n;
create table event (at timestamptz, says text, who uuid);
insert into event select timestamptz '2026-01-01' + n * interval '1 s', md5(n::text), md5(n::text)::uuid from generate_series(1, $3 / 2) n;
vacuum analyze;
SQL
}
for size in big small; do
    count=$([ $size = big ] && echo "$rows" || echo $((rows / 10)))
    for member in pg-1 pg-2; do fill $member $size "$count" & done
    wait
done
for size in big small; do
    for member in pg-1 pg-2; do sql $member postgres -c "grant connect on database $size to public"; sql $member $size -c "grant select on all tables in schema public to public"; done
done
list=
for size in big small; do for n in 1 2; do list+="[[tenants]]"$'\n'"slug = \"$size-$n\""$'\n'"server = \"pg-$n\""$'\n'"database_name = \"$size\""$'\n'; done; done
for n in 1 2; do
    list+="[[servers]]"$'\n'"name = \"pg-$n\""$'\n'"host = \"$sockets\""$'\n'"port = $((5500 + n))"$'\n'"admin_user = \"$(dsn_of pg-$n | sed 's/.*user=\([^ ]*\).*/\1/')\""$'\n'"admin_secret_ref = \"file:$TENANTSH_HOME/sandbox/secrets/pg-$n.admin\""$'\n'
done
mkdir -p "$XDG_CONFIG_HOME/tenantsh"
echo "$list" >"$XDG_CONFIG_HOME/tenantsh/fleet.toml"
printf 'default_environment = "copies"\n[environment.copies]\nmaster = "host=%s port=5500 dbname=postgres"\nguard = "open"\nservers = { file = "fleet.toml" }\ntenants = { file = "fleet.toml" }\n' "$sockets" >"$XDG_CONFIG_HOME/tenantsh/tenantsh.toml"

megabytes=$(sql pg-1 big -c "select (sum(pg_relation_size(c)) / 1000000)::bigint from unnest('{claim,line,event}'::regclass[]) c")
run_copy() {
    local member
    for member in pg-1 pg-2; do sql $member big -c "copy claim to '/dev/null'" -c "copy line to '/dev/null'" -c "copy event to '/dev/null'" & done
    wait
}
run_parity() { tenantsh tenants parity big-1 --with big-2 --jobs "$jobs" --format csv; }
run_rows() { run_parity; [ $? = 8 ]; }
timed() {
    local start=$EPOCHREALTIME
    if "run_$1" >output 2>errors </dev/null; then
        echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) >>"$1.ms"
    else
        echo "$1 failed: $(head -n 3 errors)" >&2
    fi
}
median() { [ -s "$1.ms" ] && sort -n "$1.ms" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# peak SIZE: the most that the process had resident, in kB.
peak() {
    tenantsh tenants parity "$1-1" --with "$1-2" --jobs "$jobs" --format csv >/dev/null 2>&1 </dev/null &
    local process=$! most=0 now
    while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$process/status" 2>/dev/null) && [ -n "$now" ]; do most=$now; sleep 0.02; done
    wait $process
    echo "$most"
}
run_copy >/dev/null
for _ in $(seq "$runs"); do for name in copy parity; do timed $name; done; done
small=$(peak small) big=$(peak big)
sql pg-2 big -c 'update claim set amount = amount + 1 where id = 4711' && timed rows && mv rows.ms one.ms
for size in small big; do sql pg-2 $size -c "update claim set note = note || '.'" -c 'vacuum claim'; done
timed rows
small_all=$(peak small) big_all=$(peak big)
for name in copy parity one rows; do echo "$name $(median $name || echo -)"; done >medians
awk -v mb="$megabytes" -v small="$small" -v big="$big" -v small_all="$small_all" -v big_all="$big_all" -v rows="$rows" '
    { ms[$1] = $2 }
    function line(label, value, beside, wanted) { printf "%-48s %12s %10s %8s\n", label, value, beside, wanted }
    function speed(t) { return t + 0 > 0 ? sprintf("%.0f MB/s", mb * 1000 / t) : "-" }
    END {
        ratio = ms["parity"] + 0 > 0 ? sprintf("%.2f", ms["copy"] / ms["parity"]) : "-"
        line(mb " MB a side, both at once", "", "a side", "")
        line("COPY TO /dev/null of every table", ms["copy"] " ms", speed(ms["copy"]), "")
        line("parity, all the same", ms["parity"] " ms", speed(ms["parity"]), "")
        line("  of the speed of COPY", ratio, "", ">= 0.5")
        line("one row of " rows " differs", ms["one"] " ms", "", "")
        line("all of " rows " rows differ", ms["rows"] " ms", "", "")
        line("resident at most: a tenth of the rows", sprintf("%.1f MB", small / 1024), "", "")
        line("  all of them", sprintf("%.1f MB", big / 1024), sprintf("%.2f", big / small), "flat")
        line("  a tenth, every row differs", sprintf("%.1f MB", small_all / 1024), "", "")
        line("  all of them, every row differs", sprintf("%.1f MB", big_all / 1024), sprintf("%.2f", big_all / small_all), "flat")
        printf "{\"megabytes\": %d, \"copy_ms\": %s, \"parity_ms\": %s, \"parity_of_copy\": %s, \"one_row_ms\": %s, \"all_rows_ms\": %s, \"peak_kb\": [%d, %d], \"peak_all_differ_kb\": [%d, %d]}\n",
            mb, ms["copy"], ms["parity"], ratio, ms["one"], ms["rows"], small, big, small_all, big_all
    }' medians
