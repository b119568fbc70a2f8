#!/usr/bin/env bash
# Who is not at the terminal hears of a run: by a command and by a webhook, for each event, never from a plan, without a
# secret's value, and whatever goes wrong with a notification leaves the run and its exit status as they are.
. "$(dirname "$0")/../support/sandbox.sh"
for program in tmux socat curl; do command -v $program >/dev/null || { fail "$program is installed"; finish; }; done

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }
me=$(tenantsh runs list --format csv 2>/dev/null | sed -n 2p | cut -d, -f5)

# The command of the tests: one line of heard.env and one of heard.json for each message.
cat >hear <<SH
#!/usr/bin/env bash
exec 9>$work/hear.lock; flock 9
echo "\$TENANTSH_EVENT|\$TENANTSH_RUN|\$TENANTSH_RUNBOOK|\$TENANTSH_STEP|\$*|\$(compgen -e | grep -c '^PG')" >>$work/heard.env
cat >>$work/heard.json
SH
chmod +x hear
heard() { cat heard.json 2>/dev/null; }
forget() { rm -f heard.json heard.env; }
# notify LINE…: the sandbox's table of tenantsh.toml.
notify() { printf '%s\n' '[environment.sandbox.notify]' "$@" >tenantsh.toml; }
# field NAME: of the last message, as JSON.
psql_json() { tail -n 1 heard.json | sed "s/'/''/g" | { read -r line; admin "select '$line'::jsonb #>> '{$1}'"; }; }

cat >work.lua <<'LUA'
runbook "work" { brief = "one table", inputs = { fail = input.boolean { default = false },
                                                password = input.secret { default = "env:WORK_PASSWORD" } } }
step "first" { on = master, tx = function(db) db:exec("create table public.first (id int)") end,
               undo = function(run, outputs, db) db:exec("drop table public.first") end }
step "second" { on = master, tx = function(db, run)
  expect(not run.fail, "told to fail", "read \"the\" hint\nand more")
end }
LUA
export WORK_PASSWORD=hunter2-secret PGAPPNAME=stray

# ---- by command: each event ---------------------------------------------------------------------------------
notify 'command = ["./hear", "--team", "a b; touch shell"]'
expect "a plan" 8 tenantsh run ./work.lua --plan
expect "a check" 0 tenantsh check ./work.lua
same "a plan and a check notify nobody" "" "$(heard)"

expect "a run" 0 tenantsh run ./work.lua --yes
id=$(last_run)
same "done: one message" "done|$id|work||--team a b; touch shell|0" "$(cat heard.env)"
same "never through a shell" "" "$(ls shell 2>/dev/null)"
same "done: who, what, where" "done sandbox work $id $me" \
    "$(psql_json event) $(psql_json environment) $(psql_json runbook) $(psql_json run) $(psql_json operator)"
has "done: a line for people" "$(psql_json text)" "sandbox: work (run $id of $me) is done in "
same "done: the time it took is a number" number "$(admin "select jsonb_typeof('$(heard)'::jsonb -> 'elapsed_ms')")"
same "inputs hold references" 'false env:WORK_PASSWORD' "$(psql_json inputs,fail) $(psql_json inputs,password)"
forget
expect "an undo" 0 tenantsh runs undo "$id" --yes
has "undone: done too" "$(psql_json event) $(psql_json text)" "done sandbox: work (run $id of $me) is undone in "
forget

expect "a run that fails" 1 tenantsh run ./work.lua --yes --input fail=true
id=$(last_run)
same "failed: one message" "failed|$id|work|second|--team a b; touch shell|0" "$(cat heard.env)"
same "failed: the line" "sandbox: work (run $id of $me) failed at step \"second\": told to fail" "$(psql_json text)"
same "failed: the error" "failed second" "$(psql_json error,kind) $(psql_json step)"
has "failed: its hint on one line" "$(psql_json error,hint)" 'read "the" hint'
same "failed: what goes on" "tenantsh runs resume $id --env sandbox" "$(psql_json next)"
forget
expect "the command that goes on" 1 $(echo "tenantsh runs resume $id --env sandbox --yes")
same "a resume that fails notifies again" "failed|$id|work|second|--team a b; touch shell|0" "$(cat heard.env)"
forget
expect "abandoned" 0 tenantsh runs abandon "$id" --reason test --yes
admin "drop table public.first"

expect "no terminal and no --yes" 4 tenantsh run ./work.lua --fresh
id=$(last_run)
same "waiting: the message says so" 'waiting first' "$(psql_json event) $(psql_json step)"
has "waiting: the question and its flag" "$(psql_json text)" 'waits for an answer at step "first": first? (answer it with --yes)'
same "nothing to go on with, nothing named" "" "$(psql_json next)"
same "said once" 1 "$(heard | wc -l)"
forget
expect "a stop on the way" 0 tenantsh run ./work.lua --yes --until first
same "a run stopped on request notifies nobody" "" "$(heard)"
id=$(last_run)
expect "which then waits" 4 tenantsh runs resume "$id"
same "waiting: what goes on" "waiting tenantsh runs resume $id --env sandbox" "$(psql_json event) $(psql_json next)"
forget
expect "undo waits too" 4 tenantsh runs undo "$id"
has "undo: its question" "$(psql_json text)" 'waits for an answer at step "first": undo first?'
forget
expect "and is done" 0 tenantsh runs undo "$id" --yes
forget

# ---- a secret that a step has used is a reference in every text ----------------------------------------------
cat >secret.lua <<'LUA'
runbook "secret" { brief = "an error with a password in it", inputs = { password = input.secret { default = "env:WORK_PASSWORD" } } }
step "use" { on = master, tx = function(db, run) db:exec("select $1::text::int", run.password) end }
LUA
expect "a step that fails over a secret's value" 1 tenantsh run ./secret.lua --yes
check "the password is nowhere in the message" "$(grep -o hunter2 heard.json)"
has "its reference is" "$(psql_json text)" 'at step "use": ' env:WORK_PASSWORD
forget

# ---- on ------------------------------------------------------------------------------------------------------
notify 'command = ["./hear"]' 'on = ["failed"]'
expect "done, not wanted" 0 tenantsh run ./work.lua --yes
same "on: what is not named is not sent" "" "$(heard)"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
expect "failed, wanted" 1 tenantsh run ./work.lua --yes --input fail=true
same "on: what is named is" failed "$(psql_json event)"
forget
expect "back" 0 tenantsh runs undo "$(last_run)" --yes

# ---- at a terminal -------------------------------------------------------------------------------------------
terminal=tenantsh-test-$$
tmux_() { tmux -L "$terminal" "$@"; }
trap 'status=$?; tmux_ kill-server 2>/dev/null; (exit $status); end_sandbox' EXIT
screen() { tmux_ capture-pane -p -J -S -200 -t main 2>/dev/null; }
until_seen() {
    for _ in $(seq 300); do screen | grep -qE -- "$1" && { pass "seen at the terminal: $1"; return; }; sleep 0.1; done
    fail "seen at the terminal: $1" "$(screen | sed '/^ *$/d' | tail -n 30)"
}
until_heard() {
    for _ in $(seq 300); do grep -qF -- "$1" heard.json 2>/dev/null && { pass "heard: $1"; return; }; sleep 0.1; done
    fail "heard: $1" "$(heard)"
}
# begin COMMAND: on an empty screen.
begin() {
    tmux_ send-keys -t main "clear" Enter
    for _ in $(seq 100); do tmux_ clear-history -t main; [ "$(screen | sed '/^ *$/d' | tr -d ' ')" = "ready>" ] && break; sleep 0.1; done
    type_ "$1; echo ended \$?"
}
type_() { tmux_ send-keys -t main -l "$1"; tmux_ send-keys -t main Enter; }
tmux_ new-session -d -s main -x 150 -y 50 "env TERM=screen bash --noprofile --norc -i" || { fail "tmux starts"; finish; }
tmux_ send-keys -t main "PS1='ready> '" Enter

notify 'command = ["./hear"]' 'after = "0s"'
begin "tenantsh run ./work.lua --fresh"
until_heard 'waits for an answer at step \"first\": first?"'
same "waiting at a terminal: the question goes on, no command" "" "$(psql_json next)"
type_ run
until_heard 'waits for an answer at step \"second\": second?"'
type_ abort
until_seen "^ended 4"
same "an abort is no failure" "waiting waiting" "$(sed 's/.*"event":"\([a-z]*\)".*/\1/' heard.json | xargs)"
forget
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
forget
notify 'command = ["./hear"]'
begin "tenantsh run ./work.lua --fresh"
until_seen "first\?"
type_ run
until_seen "second\?"
type_ run
until_seen "^ended 0"
same "who answers within the time is not paged" "done" "$(sed 's/.*"event":"\([a-z]*\)".*/\1/' heard.json | xargs)"
forget
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
forget
notify 'command = ["./hear"]' 'after = "1s"'
begin "tenantsh run ./work.lua --fresh"
until_heard 'waits for an answer at step \"first\": first?"'
type_ abort
until_seen "^ended 4"
forget

# ---- what goes wrong with a notification ---------------------------------------------------------------------
printf '#!/bin/sh\necho one >&2; echo no route to pager >&2; exit 3\n' >broken; chmod +x broken
notify 'command = ["./broken"]'
expect "a command that fails" 0 tenantsh run ./work.lua --yes
has "is told" "$output" "notification was not sent: command: broken failed (exit status 3): no route to pager"
expect "and leaves the exit status of a failure" 0 tenantsh runs undo "$(last_run)" --yes
expect "too" 1 tenantsh run ./work.lua --yes --input fail=true
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
notify 'command = ["/nonexistent/page"]'
expect "a command that is not there" 0 tenantsh run ./work.lua --yes
has "is told, with its path" "$output" "notification was not sent: command: cannot run /nonexistent/page: No such file"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
chmod 666 tenantsh.toml; notify 'command = ["./hear"]'; chmod 666 tenantsh.toml
expect "a configuration that others may write" 0 tenantsh run ./work.lua --yes
has "runs no command" "$output" "hear was not run, a configuration file belongs to another user"
same "indeed" "" "$(heard)"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
rm tenantsh.toml

# One that hangs: the run's next step is done while it does, and the end does not wait for ever.
cat >hang <<SH
#!/usr/bin/env bash
trap '' TERM
echo begun >>$work/order
sleep 600 & wait; sleep 600
SH
chmod +x hang
cat >slow.lua <<'LUA'
runbook "slow" { brief = "two questions" }
step "a" { on = master, tx = function(db) db:exec("create table public.first (id int)") end }
step "b" { on = master, tx = function(db) db:exec("create table public.second (id int)") end }
LUA
notify 'command = ["./hang"]' 'after = "0s"'
begin "tenantsh run ./slow.lua --fresh"
until_seen "a\?"
for _ in $(seq 100); do [ -s order ] && break; sleep 0.1; done
same "the command hangs" begun "$(cat order)"
type_ run
until_seen "b\?"
type_ run
until_seen "slow done in"
same "the run was done beside it" "first second" "$(admin "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")"
until_seen "Ctrl-C gives it up"
until_seen "hang did not end in time and was stopped"
until_seen "^ended 0"
same "nothing of it is left" "" "$(pgrep -f "$work/hang")"
admin "drop table public.first, public.second"

# ---- by webhook ----------------------------------------------------------------------------------------------
# serve ANSWER: a server for one request after the other; the request lands in request.N. ANSWER: 200 | 302 | 500 | never
port=0 server=
# With the answers that it never gave.
end_server() {
    [ -z "$server" ] || { kill -- "-$server" 2>/dev/null; wait "$server" 2>/dev/null; }
    server=
}
trap 'status=$?; end_server; tmux_ kill-server 2>/dev/null; (exit $status); end_sandbox' EXIT
serve() {
    end_server
    cat >answer <<SH
#!/usr/bin/env bash
length=0
while IFS= read -r line; do
    line=\${line%\$'\r'}
    echo "\$line" >>$work/request
    [ -n "\$line" ] || break
    case \$line in [Cc]ontent-[Ll]ength:*) length=\${line#*: } ;; esac
done
head -c "\$length" >>$work/request; echo >>$work/request
[ $1 != never ] || sleep 600
printf 'HTTP/1.1 $1 Answer\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
SH
    chmod +x answer
    rm -f request
    : >server.log
    setsid socat -d -d TCP-LISTEN:0,bind=127.0.0.1,reuseaddr,fork SYSTEM:"$work/answer" 2>server.log &
    server=$!
    for _ in $(seq 100); do
        port=$(sed -n 's/.*listening on AF=2 127.0.0.1:\([0-9]*\).*/\1/p' server.log)
        [ -z "$port" ] || break
        sleep 0.1
    done
    export OPS_WEBHOOK=http://127.0.0.1:$port/services/T0/s3cr3t-path?x=[1]
}
notify 'webhook = "env:OPS_WEBHOOK"'
serve 200
expect "a run with a webhook" 0 tenantsh run ./work.lua --yes
check "nothing is said about it" "$(grep notif <<<"$output")"
has "it is POSTed as JSON to the URL" "$(cat request)" "POST /services/T0/s3cr3t-path?x=[1] HTTP/1.1" "Content-Type: application/json" '"event":"done"'
tail -n 1 request >heard.json
has "the same object" "$(psql_json text)" "sandbox: work (run $(last_run) of $me) is done in "
forget
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
rm -f request
expect "quotes, line feeds and backslashes arrive" 1 tenantsh run ./work.lua --yes --input fail=true
tail -n 1 request >heard.json
has "as they were" "$(psql_json text)|$(psql_json error,hint)" 'failed at step "second"' 'read "the" hint'
forget
expect "back" 0 tenantsh runs undo "$(last_run)" --yes

serve 500
expect "a webhook that answers 500" 0 tenantsh run ./work.lua --yes
has "is told, without its URL" "$output" "notification was not sent: webhook: curl failed (exit status 22): curl: (22) The requested URL returned error: 500"
check "the URL is a secret" "$(grep s3cr3t <<<"$output")"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
serve 302
expect "a redirection is no delivery" 0 tenantsh run ./work.lua --yes
has "and is told" "$output" "notification was not sent: webhook: it answered 302"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
serve never
tenantsh run ./work.lua --yes >out 2>&1 </dev/null &
run=$!
for _ in $(seq 100); do [ -s request ] && break; sleep 0.1; done
check "neither URL nor message is in the process list" "$(ps -eo args | grep -v grep | grep -E 's3cr3t|"event"')"
wait $run
same "one that never answers ends by itself, exit status as it was" 0 $?
has "and is told" "$(cat out)" "notification was not sent: webhook: "
check "without its URL" "$(grep s3cr3t out)"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
end_server
expect "nobody listens" 0 tenantsh run ./work.lua --yes
has "is told" "$output" "notification was not sent: webhook: curl failed (exit status 7)"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
expect "without curl" 0 env PATH=/nonexistent "$build/tenantsh" run ./work.lua --yes
has "the package is named" "$output" "notification was not sent: webhook: curl is missing (apt install curl)"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
unset OPS_WEBHOOK
expect "a reference to nothing" 0 tenantsh run ./work.lua --yes
has "is told" "$output" "notification was not sent: webhook: env:OPS_WEBHOOK: the variable is not set"
expect "back" 0 tenantsh runs undo "$(last_run)" --yes
notify 'webhook = "exec:sleep 600"' 'on = ["done"]'
expect "a reference that hangs ends too" 0 tenantsh run ./work.lua --yes
has "and is told" "$output" "notification was not sent: webhook: exec:sleep 600: sleep was interrupted"

finish
