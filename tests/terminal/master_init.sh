#!/usr/bin/env bash
# A person at a terminal (tmux): sees what each step will do and to what, runs, skips with a reason, aborts, resumes,
# retries after a failure; type-ahead answers nothing.
. "$(dirname "$0")/../support/sandbox.sh"
command -v tmux >/dev/null || { echo "tmux is not installed" >&2; exit 1; }

tenantsh sandbox up >/dev/null 2>&1 || { fail "sandbox up"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }

terminal=none session=0
tmux_() { tmux -L "$terminal" "$@"; }
screen() { tmux_ capture-pane -p -J -S -200 -t main 2>/dev/null; }
# until_seen TEXT…: waits until the screen holds each.
until_seen() {
    local text
    for text in "$@"; do
        for _ in $(seq 300); do
            screen | grep -qF -- "$text" && continue 2
            sleep 0.1
        done
        fail "seen at the terminal: $text" "$(screen | tail -n 40)"
        return 1
    done
    pass "seen at the terminal: $*"
}
# until_asked TEXT: the last lines of the screen are a question about TEXT that nobody has answered.
until_asked() {
    for _ in $(seq 300); do
        screen | sed '/^ *$/d' | tail -n 2 | tr '\n' '|' | grep -qE -- "$1.*(\?|:) *\|$" && { pass "asked at the terminal: $1"; return; }
        sleep 0.1
    done
    fail "asked at the terminal: $1" "$(screen | sed '/^ *$/d' | tail -n 30)"
}
type_() { tmux_ send-keys -t main -l "$1"; tmux_ send-keys -t main Enter; }
begin() {
    tmux_ kill-server 2>/dev/null
    terminal=tenantsh-test-$$-$((session += 1))   # a server that is ending takes no new session
    tmux_ new-session -d -s main -x 150 -y 50 "env TERM=screen bash --noprofile --norc -i" ||
        { fail "tmux starts"; finish; }
    tmux_ send-keys -t main "PS1='ready> '; clear" Enter
    sleep 0.3
    type_ "$*"
}
trap 'status=$?; tmux_ kill-server 2>/dev/null; (exit $status); end_sandbox' EXIT

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
