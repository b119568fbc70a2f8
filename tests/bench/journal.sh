#!/usr/bin/env bash
# What journalling costs: a run of 300 steps that each insert a row, against psql doing the same inserts in transactions
# of their own over one connection, in the same run, fsync on at the server. Wanted: ≤ 3 ms a step on top. And how
# long a run of 1,000 items that was killed at its end takes to resume: wanted below 1 s. Asserts nothing.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { echo "the sandbox did not come up" >&2; exit 1; }
dsn=$(dsn_of master)
echo "fsync at the server: $(psql -X -q -A -t "$dsn" -c 'show fsync')"
steps=300
cat >steps.lua <<LUA
runbook "steps" { brief = "many small ones" }
for i = 1, $steps do
  step("s" .. i) { on = master, tx = function(db) db:exec("insert into public.rows values (\$1)", i) end }
end
LUA
cat >items.lua <<'LUA'
runbook "items" { brief = "a thousand" }
step "each" { on = master,
  each = function() local items = {} for i = 1, 1000 do items[i] = "item-" .. i end return items end,
  tx = function(db) db:exec("insert into public.rows values (1)") end }
LUA
psql -X -q "$dsn" -c 'create table public.rows (id int)'
for i in $(seq $steps); do echo "begin; insert into public.rows values ($i); commit;"; done >inserts.sql
ms() { local start=$EPOCHREALTIME; "$@" >/dev/null 2>&1; echo $(((${EPOCHREALTIME/./} - ${start/./}) / 1000)); }
bare=$(ms psql -X -q "$dsn" -f inserts.sql)
run=$(ms tenantsh run ./steps.lua --yes)
(TENANTSH_CRASH="done:each" tenantsh run ./items.lua --yes </dev/null; exit $?) >/dev/null 2>&1
id=$(ls -t "$TENANTSH_HOME"/runs/sandbox/*.jsonl | head -n 1 | sed 's/.*-\([a-z0-9]*\)\.jsonl$/\1/')
resume=$(ms tenantsh runs resume "$id" --yes)
awk -v b="$bare" -v r="$run" -v n=$steps -v s="$resume" 'BEGIN {
    printf "%-34s %8.2f ms\n", "psql, one transaction", b / n
    printf "%-34s %8.2f ms\n", "a step", r / n
    printf "%-34s %8.2f ms   wanted 3.00\n", "journalling, a step", (r - b) / n
    printf "%-34s %8d ms   wanted 1000\n", "resume of 1,000 items", s
    printf "{\"journal_ms_per_step\": %.2f, \"resume_1000_items_ms\": %d}\n", (r - b) / n, s }'
