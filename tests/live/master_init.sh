#!/usr/bin/env bash
# master_init as an operator meets it: the plan, an ordinary run, a second run, and every case of the
# troubleshooting list, each with its way out. On real clusters.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 || { fail "sandbox up"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }
# Databases, roles and files: what a plan must leave alone.
world() {
    for member in master pg-1 pg-2; do
        superuser "$member" postgres "select datname, datdba from pg_database order by 1"
        superuser "$member" postgres "select rolname from pg_roles order by 1"
        PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser") pg_dumpall -h "$sockets" \
            -p "$(port_of "$member")" -U postgres --restrict-key=x 2>&1 | grep -v '^--'
    done
    find "$TENANTSH_HOME" -path '*/data' -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

# ---- the plan ------------------------------------------------------------------------------------------------
before=$(world)
expect "a plan has something to do" 8 tenantsh run master_init --plan
has "the plan names each step with its SQL" "$output" "create extension if not exists citext" \
    "create role tenantsh_reader nologin" "apply 72 files" "insert into identity.environment" \
    "insert into identity.db_server" "run seed 051_rcm_master_payer_seed.sql" "would check" "nothing was changed"
same "a plan changes nothing, on the servers or on disk" "$before" "$(world)"

superuser master postgres "drop database master"
before=$(world)
expect "a plan without the database" 8 tenantsh run master_init --plan
has "it would create the database" "$output" 'create database "master" owner "tenantsh_admin"'
same "and changes nothing either" "$before" "$(world)"

expect "without a terminal and without --yes it stops" 4 tenantsh run master_init
has "and names the flag" "$output" "--yes"
same "having changed nothing" "$before" "$(world)"

# The gate of a plan is real: each of these tries to write while it may only read.
try() {   # try NAME BODY…: a runbook whose step is BODY
    printf 'runbook "sneaky" { brief = "tries to write" }\nstep "s" { on = "master server", %s }\n' "$2" >"$work/sneaky.lua"
    expect "$1: is stopped" "${3:-1}" tenantsh run "$work/sneaky.lua" --plan
}
try "writing in a probe" 'probe = function(_, db) db:exec("create role sneaky") return false end, effect = function() end'
try "writing in a probe behind pcall" 'probe = function(_, db) pcall(db.exec, db, "create role sneaky") return false end, effect = function() end'
try "writing in a precondition" 'probe = function() return false end, pre = function(_, db) db:exec("create role sneaky") end, effect = function() end'
try "a function with side effects in a probe" 'probe = function(_, db) db:value("select lo_create(0)") return false end, effect = function() end'
try "a method with an effect in a probe" 'probe = function() migrations:up { scope = "master" } return false end, effect = function() end'
try "writing in the body is only told" 'probe = function() return false end, effect = function(_, db) db:exec("create role sneaky") end' 8
has "the body's statement is shown" "$output" "create role sneaky"
printf 'runbook "sneaky" { brief = "x" }\nmaster:query("select 1")\nstep "s" { manual = "m" }\n' >"$work/sneaky.lua"
expect "I/O while the file is loaded: is stopped" 1 tenantsh run "$work/sneaky.lua" --plan
for reach in 'io.open("x", "w")' 'os.execute("touch x")' 'os.remove("x")' 'require("os")' 'load("return 1")()' 'dofile("x")'; do
    printf 'runbook "sneaky" { brief = "x" }\nstep "s" { effect = function() %s end, probe = function() return false end }\n' "$reach" >"$work/sneaky.lua"
    expect "$reach in a step: does not exist" 8 tenantsh run "$work/sneaky.lua" --plan
done
same "after all of them the world is as it was" "$before" "$(world | grep -v sneaky.lua)"

# ---- an ordinary run -----------------------------------------------------------------------------------------
expect "a first run" 0 tenantsh run master_init --yes
same "schemas" "identity,rcm_master,reference,security" "$(admin "select string_agg(nspname, ',' order by nspname) from pg_namespace where nspname in ('identity', 'security', 'rcm_master', 'reference')")"
files=$(ls "$root"/migrations/master/*.sql | wc -l)
same "ledger rows are the files on disk" "$files" "$(admin "select count(*) from tenantsh.ledger where scope = 'master'")"
check "50 files or more" "$([ "$files" -ge 50 ] || echo "$files")"
same "exactly one active server" 1 "$(admin "select count(*) from identity.db_server where status = 'active'")"
same "payers, rules" t "$(admin "select (select count(*) from rcm_master.payer) > 0 and (select count(*) from rcm_master.modifier_injection_rule) > 0")"
same "service lines of every vertical" "behavioral_health dental dme home_health institutional professional transport" \
    "$(admin "select string_agg(distinct vertical, ' ' order by vertical) from rcm_master.procedure_service_line")"

dump() { PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$1.superuser") pg_dump -h "$sockets" -p "$(port_of "$1")" -U postgres --restrict-key=x -N runbook "$2"; }
before=$(dump master master; dump pg-1 postgres)
expect "a second run" 0 tenantsh run master_init --yes
same "every step says it is already done" 12 "$(grep -c 'already done' <<<"$output")"
same "nothing but the journal changes" "$before" "$(dump master master; dump pg-1 postgres)"
same "the journal has both runs" 2 "$(admin "select count(*) from runbook.run where state = 'done'")"
expect "and there is nothing to plan" 0 tenantsh run master_init --plan

# ---- seed rows missing ---------------------------------------------------------------------------------------
admin "truncate rcm_master.modifier_injection_rule cascade"
expect "seed rows missing: the plan says so" 8 tenantsh run master_init --plan
has "it names the seed migration" "$output" "no rows: rcm_master.modifier_injection_rule" "066_rcm_master_modifier_injection_rule_seed.sql"
expect "without an answer it stops" 4 tenantsh run master_init
expect "with --yes it runs them" 0 tenantsh run master_init --yes
same "the rows are back" t "$(admin "select count(*) > 0 from rcm_master.modifier_injection_rule")"

# ---- CREATE EXTENSION refused --------------------------------------------------------------------------------
forget_everything
superuser master postgres "create database master owner postgres"
superuser master postgres "revoke create on database master from public"
expect "the database belongs to another role" 1 tenantsh run master_init --yes
has "the message names extension, role, owner and the GRANT" "$output" "permission denied to create extension citext" \
    "which postgres owns" 'GRANT CREATE ON DATABASE "master" TO "tenantsh_admin"' "nothing was changed"
superuser master postgres "$(grep -o 'GRANT CREATE ON DATABASE "master" TO "tenantsh_admin"' <<<"$output" | head -n 1)"
expect "after the GRANT a new run goes on where it stopped" 0 tenantsh run master_init --yes
has "the database step was already done" "$output" "database                  already done"

# ---- a relation that already exists --------------------------------------------------------------------------
forget_everything
tenantsh run master_init --yes --until "reader role" >/dev/null 2>&1 </dev/null
admin "create schema identity" "create table identity.db_server (id int)" 2>/dev/null || { admin "create schema identity"; admin "create table identity.db_server (id int)"; }
expect "half of the set made by hand" 1 tenantsh run master_init --yes
has "the message names the file, the object and the way out" "$output" "already exists" ".sql" "migrate mark"
admin "drop schema identity cascade"
expect "after it is dropped the next run ends" 0 tenantsh run master_init --yes

# ---- killed between two migrations, and a stuck lock whose holder is gone --------------------------------------
forget_everything
tenantsh run master_init --yes --until "reader role" >/dev/null 2>&1 </dev/null
superuser master master "create function public.slow() returns event_trigger language plpgsql as 'begin perform pg_sleep(0.05); end'"
superuser master master "create event trigger slow on ddl_command_end execute function public.slow()"
tenantsh run master_init --yes --fresh >"$work/killed.log" 2>&1 </dev/null &
victim=$!
for _ in $(seq 400); do
    [ "$(admin "select count(*) from tenantsh.ledger" 2>/dev/null || echo 0)" -ge 5 ] && break
    sleep 0.02
done
kill -9 $victim
wait $victim 2>/dev/null
applied=$(admin "select count(*) from tenantsh.ledger")
check "killed in the middle of the set" "$([ "$applied" -ge 5 ] && [ "$applied" -lt "$files" ] || echo "$applied of $files files")"
superuser master master "drop event trigger slow; drop function public.slow()"
expect "the next run applies the rest" 0 tenantsh run master_init --yes
same "all files once" "$files" "$(admin "select count(*) from tenantsh.ledger")"

forget_everything
tenantsh run master_init --yes --until "reader role" >/dev/null 2>&1 </dev/null
superuser master master "begin; lock table pg_namespace in exclusive mode; select pg_sleep(600)" >/dev/null 2>&1 &
sleep 0.5
tenantsh run master_init --yes --fresh >"$work/killed.log" 2>&1 </dev/null &
victim=$!
for _ in $(seq 200); do
    [ -n "$(superuser master postgres "select 1 from pg_stat_activity where application_name like 'tenantsh %' and wait_event_type = 'Lock'")" ] && break
    sleep 0.05
done
kill -9 $victim
wait $victim 2>/dev/null
expect "a stuck lock: the plan of unlock says who holds it" 8 tenantsh migrate unlock --scope master --plan
has "the holder is named and known to be dead" "$output" "tenantsh" "its client process on this host is dead"
expect "unlock ends the holder" 0 tenantsh migrate unlock --scope master --confirm sandbox
superuser master postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'" >/dev/null
expect "and the next run ends" 0 tenantsh run master_init --yes
finish
