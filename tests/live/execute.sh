#!/usr/bin/env bash
# One writing statement on several tenants: what is asked first, what is counted, committed, audited; what is refused;
# failures of some, a COMMIT whose answer is lost, a protected environment.
. "$(dirname "$0")/../support/sandbox.sh"

expect "a sandbox with three tenants" 0 tenantsh sandbox up --servers 1 --tenants 3
sockets=$(socket_of)
expect "plausible data" 0 tenantsh seed generate --tenants all --members 4
in_tenant() { superuser pg-1 "tenant_tenant_0$1" "$2"; }
languages() { for n in 1 2 3; do in_tenant $n "select string_agg(distinct language, '+') from members.member"; done | tr '\n' ' '; }
audit() { superuser master master "select count(*) from identity.tenant_audit where action = 'execute'"; }
set_to() { echo "update members.member set language = '$1'"; }
for n in 1 2 3; do in_tenant $n "$(set_to en)" && in_tenant $n 'analyze members.member'; done

# ---- nobody is here ---------------------------------------------------------------------------------------------
expect "without a terminal it never prompts" 4 tenantsh execute "$(set_to de)"
has "and names the flag that would answer" "$output" "UPDATE writes in environment sandbox and nobody is here to say commit" "--yes"
expect "a plan changes nothing" 8 tenantsh execute "$(set_to de)" --plan --format csv
has "and says how much it would be, where" "$output" "tenant-01,pg-1,tenant_tenant_01,4" "tenant-03,pg-1,tenant_tenant_03,4"
expect "a plan finds what cannot run" 1 tenantsh execute 'update members.nowhere set a = 1' --plan
has "in each tenant" "$output" "tenant-02" 'relation "members.nowhere" does not exist'
same "so far nothing happened" "en en en  0" "$(languages) $(audit)"

# ---- agreed to in advance -----------------------------------------------------------------------------------------
expect "with --yes it is committed" 0 tenantsh execute "$(set_to de)" --yes --reason OPS-1 --format csv
has "the counts are told" "$output" "tenant-01,committed,4," "committed: tenant-01 4 rows, tenant-02 4 rows, tenant-03 4 rows"
same "it is there" "de de de " "$(languages)"
same "two rows of audit for each: what was about to be done, what was" \
    "3|begun|4|OPS-1|$(id -un)@$(hostname) 3|committed|4|OPS-1|$(id -un)@$(hostname)" \
    "$(superuser master master "select count(distinct tenant_id), after ->> 'outcome', after ->> 'rows', reason, actor from identity.tenant_audit where action = 'execute' group by 2, 3, 4, 5 order by 2" | tr '\n' ' ' | sed 's/ $//')"
expect "what it returns is its result" 0 tenantsh execute "update members.member set phone = null where id = (select min(id::text)::uuid from members.member) returning language, 1 as one" --tenants tenant-01,tenant-02 --yes --format csv
same "tenant first" "tenant,language,one tenant-01,de,1 tenant-02,de,1" "$(grep '^tenant' <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
expect "of one tenant in Lua, without it" 0 tenantsh --yes -e 'return #tenants["tenant-01"]:execute("update members.member set phone = null returning id")'
has "four" "$output" 4
expect "parameters are sent beside the statement" 0 tenantsh execute 'update members.member set given_name = $1 where language = $2' --param "o'hara" --param de --tenants tenant-03 --yes
same "as they are" "o'hara" "$(in_tenant 3 "select distinct given_name from members.member")"
expect "objects are made too" 0 tenantsh execute 'create table members.mark (id int)' --yes
has "and counted by their command" "$output" "tenant-02 CREATE TABLE"
same "as the owner of the tenant's own" "$(in_tenant 2 "select tableowner from pg_tables where tablename = 'member'")" "$(in_tenant 2 "select tableowner from pg_tables where tablename = 'mark'")"
expect "master has the same verb" 0 tenantsh master execute "update identity.tenant set display_name = 'One' where slug = 'tenant-01' returning slug" --yes --format csv
same "its row is master's" "master|OPS" "$(superuser master master "select object, coalesce(reason, 'OPS') from identity.tenant_audit where action = 'execute' order by id desc limit 1")"
expect "batches are said beforehand" 0 tenantsh execute "$(set_to fr)" --yes --batch 2
has "how many, of how many" "$output" "3 tenants in 2 batches of 2"

# ---- what destroys ------------------------------------------------------------------------------------------------
expect "--yes never answers for what destroys" 4 tenantsh execute 'delete from members.mark' --tenants tenant-01 --yes
has "the name does" "$output" "DELETE without WHERE" "--confirm tenant-01"
expect "another name does not" 4 tenantsh execute 'drop table members.mark' --tenants tenant-01 --confirm tenant-02
expect "its own does" 0 tenantsh execute 'truncate members.mark' --tenants tenant-01 --confirm tenant-01
expect "of several, the selection" 0 tenantsh execute 'drop table members.mark' --tenants 'tenant-*' --confirm 'tenant-*'

# ---- refused --------------------------------------------------------------------------------------------------------
refused() { expect "refused: $1" "${3:-1}" tenantsh execute "$1" --yes; has "because: $2" "$output" "$2"; }
refused 'select 1' 'SELECT only reads'
refused "set work_mem = '1MB'" 'changes its own session only'
refused 'commit' 'the transaction belongs to tenantsh'
refused 'select 1; select 2' 'takes one statement; here are 2' 2
refused 'vacuum members.member' 'VACUUM cannot run inside a transaction: no rollback'
refused "copy members.member to program 'true'" 'does what no rollback takes back'
refused 'select pg_terminate_backend(1)' 'does what no rollback takes back'
refused 'update members.member set' 'syntax error at end of input'
refused 'update {schema_name}.member set phone = 1' 'has a database of its own'
expect "unless asked for in words" 0 tenantsh execute 'vacuum members.member' --no-transaction --yes
has "it is done at once" "$output" "committed: tenant-01 VACUUM"
cat >within.lua <<'LUA'
runbook "within" { brief = "a step is no prompt" }
step "write" { effect = function() tenants:execute("update members.member set phone = null") end, probe = function() return "not_done" end }
LUA
expect "a run's writes belong in its steps" 1 tenantsh run ./within.lua --yes
has "it says so" "$output" "execute asks a person; a run's writes belong in its own steps"
superuser master master "insert into identity.tenant (slug, display_name, status, server_id, placement, database_name, schema_name, db_config_ref) select 'shared', 'Shared', 'active', id, 'schema', 'tenant_tenant_01', 'members', 'env:SHARED' from identity.db_server" >/dev/null
expect "a tenant that shares its database is named by its schema" 1 tenantsh execute "$(set_to it)" --tenants shared --yes
has "what to write" "$output" "{schema_name}"
expect "with it, it works" 0 tenantsh execute "update {schema_name}.member set given_name = 'shared'" --tenants shared --yes
same "there" shared "$(in_tenant 1 "select distinct given_name from members.member")"
superuser master master "delete from identity.tenant where slug = 'shared'" >/dev/null

# ---- some fail ----------------------------------------------------------------------------------------------------
in_tenant 2 'alter table members.member rename to hidden' >/dev/null
expect "all or none: none" 1 tenantsh execute "$(set_to es)" --yes --all-or-none
has "and why" "$output" "all or none" 'tenant-02' 'relation "members.member" does not exist'
same "nothing was kept" "fr fr" "$(in_tenant 1 "select distinct language from members.member") $(in_tenant 3 "select distinct language from members.member")"
expect "one of three fails: partial" 7 tenantsh execute "$(set_to es)" --yes
same "the others are committed" "es es" "$(in_tenant 1 "select distinct language from members.member") $(in_tenant 3 "select distinct language from members.member")"
in_tenant 2 'alter table members.hidden rename to member' >/dev/null
(PGAPPNAME=holder in_tenant 1 'begin; lock table members.member; select pg_sleep(30)' >/dev/null 2>&1) &
for _ in $(seq 100); do [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where application_name = 'holder' and wait_event = 'PgSleep'")" = 1 ] && break; sleep 0.1; done
expect "a lock is not waited for without end" 7 tenantsh execute "$(set_to pt)" --yes --lock-timeout 300ms
has "whose" "$output" "tenant-01: canceling statement due to lock timeout"
superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder'" >/dev/null
same "nobody is left in a transaction" 0 "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where application_name like 'tenantsh%' and state like 'idle in transaction%'")"

# ---- Ctrl-C while it runs ------------------------------------------------------------------------------------------
before=$(languages)
env --default-signal=INT tenantsh execute "update members.member set language = 'it' from pg_sleep(60)" --yes >interrupted 2>&1 </dev/null &
victim=$!
for _ in $(seq 100); do [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")" = 3 ] && break; sleep 0.1; done
kill -INT $victim
wait $victim
same "it ends as interrupted" 130 $?
has "and says what became of it" "$(cat interrupted)" "interrupted; every transaction was rolled back"
same "nothing is left of it" "$before 0" "$(languages) $(superuser pg-1 postgres "select count(*) from pg_stat_activity where application_name like 'tenantsh%' and state <> 'idle'")"

# ---- the answer to COMMIT is lost ---------------------------------------------------------------------------------
standby() { superuser pg-1 postgres "alter system set synchronous_standby_names = '$1'" -c "select pg_reload_conf()" >/dev/null; sleep 0.3; }
until_committing() {
    for _ in $(seq 200); do
        [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where query = 'COMMIT' and wait_event = 'SyncRep'")" = "$1" ] && return
        sleep 0.05
    done
    fail "COMMIT was seen waiting"
}
standby nobody
tenantsh execute "$(set_to nl)" --tenants tenant-01 --yes >lost 2>&1 </dev/null &
victim=$!
until_committing 1
superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'" >/dev/null
wait $victim
same "cut after it was committed: the server is asked, and knows" 0 $?
has "committed" "$(cat lost)" "committed: tenant-01 4 rows"
tenantsh execute "$(set_to pl)" --tenants tenant-01,tenant-02 --yes >lost 2>&1 </dev/null &
victim=$!
until_committing 2
kill -QUIT "$(head -n 1 "$(find "$TENANTSH_HOME" -path '*pg-1*' -name postmaster.pid)")"
wait $victim
same "cut, and the server stays away: in doubt" 5 $?
has "which, and what would tell" "$(cat lost)" "tenant-01: the connection was lost at COMMIT" "tenant-02: the connection was lost at COMMIT" "txid_status("
same "the audit says so too" 2 "$(superuser master master "select count(*) from identity.tenant_audit where after ->> 'outcome' = 'in doubt'")"
tenantsh sandbox up >/dev/null 2>&1
standby ''

# ---- no audit, no commit --------------------------------------------------------------------------------------------
before=$(languages)
superuser master master "alter table identity.tenant_audit add constraint full_ check (action <> 'execute') not valid" >/dev/null
expect "where the audit row cannot be written, nothing is committed" 1 tenantsh execute "$(set_to sv)" --yes
same "not anywhere" "$before" "$(languages)"
superuser master master "alter table identity.tenant_audit drop constraint full_" >/dev/null

# ---- what master says of itself -------------------------------------------------------------------------------------
superuser master master "update identity.environment set guard = 'protected'" >/dev/null
expect "a master that says it is protected is, whatever the configuration says" 1 tenantsh execute "$(set_to fi)" --yes
has "arming is told" "$output" "environment sandbox is protected" '\arm "reason" 15m'
expect "other verbs heed it too" 1 tenantsh seed generate --tenants tenant-01 --members 1 --yes
expect "with a reason" 0 tenantsh execute "$(set_to fi)" --yes --reason OPS-2
expect "armed" 0 tenantsh --yes -e 'shell:arm{ reason = "OPS-3", lasting = "15m" }' -e "tenants:execute(\"$(set_to da)\")"
same "the reason it was armed with is in the audit" "arm execute" "$(superuser master master "select string_agg(distinct action, ' ' order by action) from identity.tenant_audit where reason = 'OPS-3'")"
expect "it disarms by itself" 1 tenantsh --yes -e 'shell:arm{ reason = "OPS-4", lasting = "500ms" }; sql("select pg_sleep(1)"); return "slept"' -e "tenants:execute(\"$(set_to no)\")"
has "and is protected again" "$output" "slept" "environment sandbox is protected"
expect "or when told to" 1 tenantsh --yes -e 'shell:arm{ reason = "OPS-5" }; shell:disarm()' -e "tenants:execute(\"$(set_to no)\")"
expect "not without a reason, nor for a week" 2 tenantsh -e 'shell:arm()'
expect "a week" 2 tenantsh -e 'shell:arm{ reason = "x", lasting = "7d" }'
has "how long at most" "$output" 'lasting is "7d"; it takes an interval of at most 8h'
superuser master master "update identity.environment set guard = 'open', name = 'production'" >/dev/null
expect "a nickname that leads elsewhere" 1 tenantsh execute "$(set_to no)" --yes
has "is found out" "$output" "the master that environment sandbox leads to says that it is environment production"
superuser master master "update identity.environment set name = 'sandbox', system_identifier = 1" >/dev/null
expect "so is a copied master" 1 tenantsh execute "$(set_to no)" --yes
has "and what would make it right" "$output" "is a copy" "pg_control_system()"
same "none of them wrote" "da da da " "$(languages)"
finish
