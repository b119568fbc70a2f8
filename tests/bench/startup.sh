#!/usr/bin/env bash
# Start-up against the server's own psql (not Debian's Perl wrapper), in the same run: `-e 1` ≤ 0.8 × and one query
# ≤ 1.3 × of `psql -c 'select 1'`. Prints a table and JSON; asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
dsn=$(dsn_of master)
hyperfine -N --warmup 20 --runs "${RUNS:-200}" --export-json "$work/startup.json" \
    -n psql "$bin/psql -X -c 'select 1' '$dsn'" \
    -n eval "$build/tenantsh -e 1" \
    -n query "$build/tenantsh -e 'sql(\"select 1\")'" >/dev/null 2>&1
# medians in seconds, in the order above
read -r psql eval query < <(grep -o '"median": [0-9.e-]*' "$work/startup.json" | cut -d' ' -f2 | tr '\n' ' ')
awk -v p="$psql" -v e="$eval" -v q="$query" 'BEGIN {
    printf "%-28s %8s %7s %7s\n", "start-up", "median", "ratio", "wanted"
    printf "%-28s %5.1f ms %7s %7s\n", "psql -c \"select 1\"", p * 1000, "1.00", ""
    printf "%-28s %5.1f ms %7.2f %7s\n", "tenantsh -e 1", e * 1000, e / p, "0.80"
    printf "%-28s %5.1f ms %7.2f %7s\n", "tenantsh -e with one query", q * 1000, q / p, "1.30"
    printf "{\"psql_ms\": %.2f, \"eval_ratio\": %.3f, \"query_ratio\": %.3f}\n", p * 1000, e / p, q / p }'
