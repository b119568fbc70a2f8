#!/usr/bin/env bash
# tenant_backup of one tenant of about 300 MB (MEMBERS people, 120000) against pg_dump alone, in the same run: with the
# same flags, and as people call it, `pg_dump -Fc`. The run counts every table at the dump's snapshot, reads the listing,
# takes the SHA-256 and journals it; without content digests, and without reading the archive back (measured beside it:
# that wants a core beside those of pg_dump and its server). A sandbox of its own, RUNS rounds (5) in turn, medians; the largest resident size with a small and with the
# large tenant. Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"
members=${MEMBERS:-120000} runs=${RUNS:-5}

tenantsh sandbox up --servers 1 --tenants 2 >up.log 2>&1 || { cat up.log >&2; exit 1; }
sockets=$(socket_of)
tenantsh seed generate tenant-01 --members 1000 --yes >/dev/null 2>&1 || exit 1
tenantsh seed generate tenant-02 --members "$members" --yes >/dev/null 2>&1 || exit 1
superuser pg-1 tenant_tenant_02 "vacuum analyze" "checkpoint"
megabytes=$(superuser pg-1 tenant_tenant_02 "select pg_database_size(current_database()) / 1048576")
export PGPASSFILE=$TENANTSH_HOME/sandbox/passfile
login=(--dbname="host=$sockets port=5501 dbname=tenant_tenant_02 user=tenantsh_admin" --no-password)
queue=(--exclude-table-data='pgboss.*' --exclude-table-data=tenantsh.step_marker)

run_same() { pg_dump "${login[@]}" --format=custom --compress=1 "${queue[@]}" --file=bare.dump; }
run_default() { pg_dump "${login[@]}" -Fc "${queue[@]}" --file=bare.dump; }
run_same_folder() { pg_dump "${login[@]}" --format=directory --compress=1 --jobs=2 "${queue[@]}" --file=bare; }
run_ours() { tenantsh run tenant_backup --input tenant=tenant-02 --input folder="$work/ours" --yes --fresh; }
run_ours_folder() { tenantsh run tenant_backup --input tenant=tenant-02 --input folder="$work/ours" --input format=directory --input jobs=2 --yes --fresh; }
run_read() { tenantsh run tenant_backup --input tenant=tenant-02 --input folder="$work/ours" --input read_back=true --yes --fresh; }
run_verb() { tenantsh tenants backup --tenants tenant-02 --folder "$work/ours" --yes; }
# timed NAME: appends the milliseconds to the file NAME.ms; a failure is said and counts for nothing.
timed() {
    rm -rf bare bare.dump ours
    sync
    local start=$EPOCHREALTIME
    if "run_$1" >output 2>&1 </dev/null; then
        echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)) >>"$1.ms"
    else
        echo "$1 failed: $(tail -n 3 output)" >&2
    fi
}
median() { [ -s "$1.ms" ] && sort -n "$1.ms" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
names=(same default same_folder ours read ours_folder verb)
run_same >/dev/null 2>&1   # the cache is warm for the first round too
for _ in $(seq "$runs"); do for name in "${names[@]}"; do timed "$name"; done; done

# peak TENANT: the most that tenantsh itself had resident, in kB, looked at while it works.
peak() {
    local most=0 now pid
    rm -rf ours
    tenantsh run tenant_backup --input tenant="$1" --input folder="$work/ours" --yes --fresh >/dev/null 2>&1 </dev/null &
    pid=$!
    while now=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        most=$now
        sleep 0.005
    done
    wait $pid
    echo "$most"
}
small=$(peak tenant-01) large=$(peak tenant-02)

for name in "${names[@]}"; do echo "$name $(median "$name" || echo 0)"; done |
    awk -v size="$megabytes" -v small="$small" -v large="$large" '
    { ms[$1] = $2 }
    function line(label, name, peer, wanted) {
        printf "%-48s %8.2f s", label, ms[name] / 1000
        if (peer != "" && ms[peer] > 0) printf "   x %.2f of %s, wanted %s", ms[name] / ms[peer], peer, wanted
        printf "\n"
    }
    END {
        print "one tenant of " size " MB"
        line("pg_dump -Fc", "default")
        line("pg_dump, the same flags", "same")
        line("tenant_backup", "ours", "same", "1.10")
        line("tenant_backup", "ours", "default", "0.60")
        line("tenant_backup, read back", "read", "same", "-")
        line("tenants backup, of that one", "verb", "same", "1.10")
        line("pg_dump, directory, 2 jobs", "same_folder")
        line("tenant_backup, directory, 2 jobs", "ours_folder", "same_folder", "-")
        line("tenant_backup, directory, 2 jobs", "ours_folder", "default", "0.60")
        printf "%-48s %8d kB, %d kB with a small tenant\n", "the most that tenantsh had resident", large, small
        printf "{\"megabytes\": %d, \"default_ms\": %d, \"same_flags_ms\": %d, \"tenant_backup_ms\": %d, \"of_same_flags\": %.2f, \"of_default\": %.2f, \"read_back_of_same\": %.2f, \"folder_ms\": %d, \"folder_of_same\": %.2f, \"resident_kb\": %d, \"resident_small_kb\": %d}\n",
            size, ms["default"], ms["same"], ms["ours"], ms["ours"] / ms["same"], ms["ours"] / ms["default"], ms["read"] / ms["same"], ms["ours_folder"],
            ms["ours_folder"] / ms["same_folder"], large, small
    }'
