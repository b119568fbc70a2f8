#!/usr/bin/env bash
# The crash laboratory on itself: a sound runbook comes out the same at every boundary, an unsafe one is found out,
# and neither servers nor files are left behind, also when it is ended in the middle of its work.
# TENANTSH_TORTURE=full: every cell of every shipped runbook.
. "$(dirname "$0")/../support/sandbox.sh"

# In memory where there is some: no disk is waited for.
TMPDIR=$(mktemp -d /dev/shm/tenantsh-test.XXXXXX 2>/dev/null || mktemp -d "$work/benches.XXXXXX")
export TMPDIR
chmod 755 "$TMPDIR"
trap 'status=$?; rm -rf "$TMPDIR"; (exit $status); end_sandbox' EXIT
home=$TENANTSH_HOME
# What this script's laboratories left: folders, servers, sockets.
left() {
    find "$TMPDIR" -mindepth 1 -maxdepth 1
    pgrep -af "postgres -D $TMPDIR"
    grep -ls "$TMPDIR" /run/user/"$(id -u)"/tenantsh-*/.s.PGSQL.*.lock /tmp/tenantsh-"$(id -u)"-*/.s.PGSQL.*.lock
}

if [ "${TENANTSH_TORTURE:-}" = full ]; then
    export FIRST_PASSWORD=correct-horse-battery-staple
    while read -r name inputs; do
        expect "$name: the same at every boundary" 0 tenantsh torture "$name" $inputs
        printf '%s\n' "$output" | tail -n 1
    done <<'RUNBOOKS'
master_init
register_server --input name=pg-2
first_platform_admin --input email=ops@acme.example --input password=env:FIRST_PASSWORD
provision_tenant --input slug=acme
tenant_backup --input tenant=acme
tenant_status --input tenant=acme --input status=read_only --input reason=try
RUNBOOKS
    check "nothing is left behind" "$(left)"
    finish
fi

# One of each kind of step.
cat >sound.lua <<'LUA'
runbook "sound" { brief = "one of each kind of step" }
step "table" { on = master, tx = function(db)
  db:exec("create table public.small (id int primary key, note text)")
  db:exec("insert into public.small values (1, 'first')")
end }
step "rows" {
  on = master, each = function() return { "two", "three" } end,
  tx = function(db, run) db:exec("insert into public.small select max(id) + 1, $1 from public.small", run.item) end,
}
section "fenced" (function()
  step "fence" {
    on = master,
    tx = function(db) db:exec("insert into public.small values (100, 'fence')") end,
    release = function(_, _, db) db:exec("delete from public.small where id = 100") end,
  }
  step "database" {
    on = "master server",
    probe = function(_, db) return db:value("select count(*) from pg_database where datname = 'small_one'") == 1, "it is there" end,
    effect = function(_, db) db:exec("create database small_one") end,
  }
end)
LUA
expect "a sound runbook is the same at every moment, whatever breaks" 0 tenantsh torture ./sound.lua --sample 30
has "the matrix names moments and faults" "$output" "released" "sent" ", late" "kill" "cut" "terminate" "restart" "outage" "same"
check "nothing differs" "$(grep -E 'DIFFERS|STUCK|missed' <<<"$output")"

# A shipped one, of which CI tries a part.
expect "provision_tenant is the same" 0 tenantsh torture provision_tenant --input slug=acme --sample 20
check "nothing differs there" "$(grep -E 'DIFFERS|STUCK|missed' <<<"$output")"

# A probe that lies: what was done is done again.
cat >unsafe.lua <<'LUA'
runbook "unsafe" { brief = "an effect that adds a row each time" }
step "table" { on = master, tx = function(db) db:exec("create table public.counted (at timestamptz default now())") end }
step "count" {
  on = master,
  probe = function() return "not_done" end,
  effect = function(_, db) db:exec("insert into public.counted default values") end,
}
LUA
expect "an unsafe one is found out" 1 tenantsh torture ./unsafe.lua --at count --fault kill --sample 12
has "by what it did twice" "$output" "DIFFERS" "counted rows: 2, undisturbed 1"

expect "an input that is missing is told as by run" 2 tenantsh torture provision_tenant --fault kill --sample 1 --jobs 1
has "by its name" "$output" "slug"
expect "there is no such fault" 2 tenantsh torture master_init --fault flood
check "the operator's own home was not touched" "$(find "$home" -mindepth 1)"
check "nothing is left behind" "$(left)"

tenantsh torture ./sound.lua >"$work/ended" 2>&1 </dev/null &
victim=$!
for _ in $(seq 200); do grep -q 'cells to try' "$work/ended" && break; sleep 0.1; done
kill -TERM $victim
wait $victim
same "ended by TERM it says so" 130 $?
check "and leaves nothing behind either" "$(left)"
finish
