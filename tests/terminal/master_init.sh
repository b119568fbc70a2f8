#!/usr/bin/env bash
# A person at a terminal (tmux): sees what each step will do and to what, runs, skips with a reason, aborts, resumes,
# retries after a failure; type-ahead answers nothing.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up >/dev/null 2>&1 || { fail "sandbox up"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }

begin "tenantsh run master_init; echo ended \$?"
until_asked "preflight"
until_seen "master_init › preflight" "on     master (sandbox)" "kind   tx" "create extension if not exists citext"
type_ ""
until_asked "Enter alone answers nothing"
same "Enter alone runs nothing" "" "$(admin "select extname from pg_extension where extname = 'citext'")"
type_ "run"
until_asked "reader role"
until_seen "create role tenantsh_reader nologin"
same "the step ran" citext "$(admin "select extname from pg_extension where extname = 'citext'")"
type_ "nonsense"
until_asked "reader role|abort"
type_ "abort"
until_seen "tenantsh runs resume" "ended 4"
id=$(ls -t "$TENANTSH_HOME"/runs/sandbox/*.jsonl | head -n 1 | sed 's/.*-\([a-z0-9]*\)\.jsonl$/\1/')
expect "the aborted run is shown" 0 tenantsh runs list --format csv
has "as stopped" "$output" "$id,master_init,stopped"

begin "tenantsh runs resume $id; echo ended \$?"
until_asked "reader role"
until_seen "preflight" "already done"
type_ "run"
until_asked "migrations"
until_seen "apply 72 files"
type_ "run"
until_asked "environment"
type_ "skip"
until_asked "reason"
type_ "somebody else registers it"
until_asked "reader role"
until_seen "skipped"
type_ "run"
until_asked "register"
superuser master master "alter table identity.db_server add constraint nobody check (false) not valid"
type_ "run"
until_asked "failed"
until_seen "violates check constraint" "[r]etry"
superuser master master "alter table identity.db_server drop constraint nobody"
type_ "retry"
until_asked "register\?"
type_ "run"
until_seen "ended 0"
same "the reason is in the journal" "somebody else registers it" "$(admin "select note from runbook.attempt where event = 'skipped'")"
same "the failed attempt too" 1 "$(admin "select count(*) from runbook.attempt where event = 'failed'")"
same "one server" 1 "$(admin "select count(*) from identity.db_server")"

begin "tenantsh"
until_seen "sandbox"
type_ "servers:list()"
until_seen "pg-1"
type_ "nosuchname"
until_seen "nosuchname"
type_ "for i = 1, 2 do"
type_ "  show(i * 21)"
type_ "end"
until_seen "42"
tmux_ send-keys -t main C-d
until_seen "ready>"
finish
