#!/usr/bin/env bash
# A person at a terminal writes to three tenants: sees the counts before anybody else sees the rows, says commit or
# rollback, types the name of what is destroyed, goes away, presses Ctrl-C.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up --servers 1 --tenants 3 >/dev/null 2>&1 || { fail "three tenants"; finish; }
sockets=$(socket_of)
tenantsh seed generate --tenants all --members 4 >/dev/null 2>&1
in_tenant() { superuser pg-1 "tenant_tenant_0$1" "$2"; }
languages() { for n in 1 2 3; do in_tenant $n "select string_agg(distinct language, '+') from members.member"; done | tr '\n' ' '; }
for n in 1 2 3; do in_tenant $n "update members.member set language = 'en'"; done
in_tenant 2 "alter table members.member rename to hidden" >/dev/null
still_open() { superuser pg-1 postgres "select count(*) from pg_stat_activity where application_name like 'tenantsh%' and state like 'idle in transaction%'"; }
write="update members.member set language = 'de' returning language"

begin "tenantsh execute \"$write\"; echo ended \$?"
until_asked "rollback"
until_seen "write in environment sandbox (open), 3 tenants: tenant-01, tenant-02, tenant-03" "$write" \
    "tenant-01 4 rows, tenant-03 4 rows: 8 rows in all" 'tenant-02 failed: relation "members.member" does not exist' \
    "tenant-01: language = de" "The transactions wait 5 min" "[c]ommit, [r]ollback (Enter: rollback)?"
in_tenant 2 "alter table members.hidden rename to member" >/dev/null
same "nobody else sees it yet" "en en en " "$(languages)"
same "two transactions wait" 2 "$(still_open)"
type_ ""
until_seen "rolled back: tenant-01, tenant-03" "ended 4"
same "Enter alone rolls back" "en en en  0" "$(languages) $(still_open)"

begin "tenantsh execute \"$write\" --batch 1 --format csv; echo ended \$?"
until_asked "tenant-01 4 rows.*|rollback"
type_ "commit"
until_seen "tenant-02 4 rows"
until_asked "rollback"
type_ "all"
until_seen "committed: tenant-01 4 rows, tenant-02 4 rows, tenant-03 4 rows" "ended 0"
same "all of them are committed" "de de de " "$(languages)"

begin "tenantsh execute \"update members.member set language = 'fr'\"; echo ended \$?"
until_asked "rollback"
tmux_ send-keys -t main C-c
until_seen "ended 130"
same "Ctrl-C rolls all back" "de de de  0" "$(languages) $(still_open)"

begin "tenantsh execute \"update members.member set language = 'fr'\" --answer-within 1s; echo ended \$?"
until_asked "rollback"
for _ in $(seq 100); do [ "$(still_open)" = 0 ] && break; sleep 0.1; done
type_ "commit"
until_seen "waited too long for the answer" "ended 1"
same "who answers too late commits nothing" "de de de " "$(languages)"

tenantsh execute "create table members.mark as select 1 as id" --tenants tenant-01 --yes >/dev/null 2>&1
begin "tenantsh execute 'delete from members.mark' --tenants tenant-01 --yes; echo ended \$?"
until_seen "tenant-01 1 row" "It destroys (DELETE without WHERE). Type tenant-01 to commit"
type_ "yes"
until_seen "rolled back: tenant-01" "ended 4"
same "another word rolls back" 1 "$(in_tenant 1 "select count(*) from members.mark")"
begin "tenantsh execute 'delete from members.mark' --tenants tenant-01; echo ended \$?"
until_seen "Type tenant-01 to commit"
type_ "tenant-01"
until_seen "ended 0"
same "its name commits" 0 "$(in_tenant 1 "select count(*) from members.mark")"

superuser master master "update identity.environment set guard = 'protected'" >/dev/null
begin "tenantsh --reason OPS-1 execute \"$write\"; echo ended \$?"
until_seen "environment sandbox is protected" "--reason TEXT --confirm sandbox" "ended 1"
begin "tenantsh --reason OPS-1 --confirm sandbox execute \"$write\"; echo ended \$?"
until_asked "rollback"
until_seen "write in environment sandbox (protected)"
type_ "rollback"
until_seen "ended 4"
finish
