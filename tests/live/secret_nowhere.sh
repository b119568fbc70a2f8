#!/usr/bin/env bash
# A secret given as an input is found nowhere but where it belongs: not in the journal in master, the markers, the
# mirror, the transcript, reports, `runs show`, errors, any command line, the environment of another program, a core
# file or the history of the terminal; and the error text around it stays readable. (A server that logs statements logs
# their parameters too: log_statement and log_parameter_max_length are the server's own business.)
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
dsn=$(dsn_of master)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$dsn" -c "$@"; }
out=$work/out

# One value for each road; with quotes, a backslash and a percent sign, which logs and formats spell differently.
typed='Ty9"pq-typed%41\x'
variable="Va7'rt-variable"
from_file='Fi3-le%zz-in-a-file'
command_='Ex5$ec-command'
printf '%s\n' "$from_file" >pw.file
chmod 600 pw.file
printf '#!/bin/sh\nulimit -Hc >"$0.limit"\nprintf "%%s\\n" '\''%s'\''\n' "$command_" >give
printf '#!/bin/sh\necho "the vault says: no, and by the way %s" >&2\nexit 3\n' "$command_" >fail_and_tell
chmod +x give fail_and_tell
export PW_VARIABLE=$variable
# What a value looks like without the characters that are spelled differently.
cores=(pq-typed rt-variable le%zz-in-a-file ec-command '"Va7"' '"Fi3"' '"Ex5"')

cat >secret.lua <<'LUA'
runbook "secret" { brief = "a secret in every place", inputs = { pw = input.secret { help = "the password" } } }
step "kept" { on = master,
  tx = function(db, run)
    local value = db:value("select $1::text", run.pw)
    db:exec("create temporary table kept (value text unique)")
    db:exec("insert into kept values ($1)", run.pw)
    print("the script prints " .. value)
    return { value = value, [value] = 1, list = { "a " .. value .. " z" }, twice = value .. value }
  end }
step "probed" { on = master, probe = function(run, db) return "not_done", "looked for " .. tostring(run.pw) end,
  effect = function(run, db) db:value("select pg_advisory_xact_lock(hashtext('probed')) is not null") return run.outputs["kept"] end }
step "cast" { on = master, tx = function(db, run) db:exec("select ('before ' || $1 || ' after')::int", run.pw) end }
LUA
for kind in unique syntax lua json; do
    case $kind in
        unique) body='db:exec("create temporary table u (v text unique)") db:exec("insert into u values ($1), ($1)", run.pw)' ;;
        syntax) body='db:exec("select 1 " .. db:literal(db:value("select $1::text", run.pw)))' ;;
        lua) body='error("the script says " .. db:value("select $1::text", run.pw) .. " itself")' ;;
        json) body='db:exec("select ('\''{\"a\": '\'' || $1 || '\''}'\'')::jsonb", run.pw)' ;;
    esac
    printf 'runbook "secret_%s" { brief = "fails with it", inputs = { pw = input.secret {} } }\nstep "fails" { on = master, tx = function(db, run) %s end }\n' $kind "$body" >$kind.lua
done

# Command lines of every process and environments of all but this shell's own children that were given it by us.
(while [ ! -e "$work/stop" ]; do
    for process in /proc/[0-9]*; do
        tr '\0' ' ' <"$process/cmdline" 2>/dev/null
        echo
        case $(cat "$process/comm" 2>/dev/null) in postgres | pg_*) tr '\0' ' ' <"$process/environ" 2>/dev/null ;; esac
    done
done) >"$work/processes" 2>/dev/null &
watcher=$!

# ---- env:, file:, exec: ----------------------------------------------------------------------------------------
said=$work/said
for reference in env:PW_VARIABLE "file:$work/pw.file" "exec:$work/give"; do
    name=${reference%%:*}
    tenantsh run ./secret.lua --yes --fresh --input "pw=$reference" >"$out" 2>&1 </dev/null
    same "$name: the step whose error repeats it fails" 1 $?
    has "$name: the error around it stays readable (ansible#69373)" "$(cat "$out")" "invalid input syntax for type integer: \"before $reference after\"" "the script prints $reference" 'stopped at step "cast"'
    cat "$out" >>"$said"
    tenantsh --json run ./secret.lua --yes --fresh --input "pw=$reference" >>"$said" 2>&1 </dev/null
    for kind in unique syntax lua json; do
        tenantsh run ./$kind.lua --yes --fresh --input "pw=$reference" >"$out" 2>&1 </dev/null
        check "$name: $kind: fails, and says it with the reference" "$([ $? = 1 ] && grep -qF -- "$reference" "$out" || cat "$out")"
        [ $kind != json ] || has "$name: a part of it that the server repeats is no exception" "$(cat "$out")" "Token \"‹part of $reference›\" is invalid"
        cat "$out" >>"$said"
    done
done
has "a unique violation keeps its own words" "$(cat "$said")" "duplicate key value violates unique constraint" "(v)=(env:PW_VARIABLE) already exists"
has "so does a script's own error" "$(cat "$said")" "the script says env:PW_VARIABLE itself"
tenantsh run ./secret.lua --yes --fresh --input "pw=exec:$work/fail_and_tell" >"$out" 2>&1 </dev/null
same "a command that fails stops the run" 1 $?
has "and is named with its exit status" "$(cat "$out")" "exec:$work/fail_and_tell" "3"
cat "$out" >>"$said"
expect "the value where a reference belongs is refused" 2 tenantsh run ./secret.lua --yes --input "pw=$variable"
echo "$output" >>"$said"
sed -i "s/$(printf %s "${cores[1]}")/nothing/" "$work/processes"   # that one was on a command line: by our own hand

# ---- prompt: ---------------------------------------------------------------------------------------------------
psql -X -q "$dsn" -c "select pg_advisory_lock(hashtext('probed'))" -c "select pg_sleep(120)" >/dev/null 2>&1 &
holder=$!
begin "ulimit -c unlimited; tenantsh run ./secret.lua --yes --fresh --input pw=prompt:; echo ended \$?"
until_asked "[Pp]assword"
type_ "$typed"
until_seen "kept" "done in"
for _ in $(seq 200); do [ -n "$(admin "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name like 'tenantsh %'")" ] && break; sleep 0.05; done

# ---- a crash in the middle of the run --------------------------------------------------------------------------
victim=$(pgrep -f "^tenantsh run ./secret.lua --yes --fresh --input pw=prompt:")
has "no core file: the limit is zero and cannot be raised" "$(tr -s ' ' <"/proc/$victim/limits")" "Max core file size 0 0"
same "nor is one of a program that tenantsh starts" 0 "$(cat give.limit)"
kill -SEGV "$victim"
until_seen "Segmentation fault" "ended 139"
screen >>"$said"
check "a crash leaves no core file" "$(screen | grep -i 'core dumped'; find "$work" / -maxdepth 1 \( -name core -o -name 'core.*' \) -newer "$work/secret.lua" 2>/dev/null)"
admin "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(120)%' and pid <> pg_backend_pid()" >/dev/null
wait $holder 2>/dev/null
killed=$(last_run)
begin "tenantsh runs resume $killed --yes; echo ended \$?"
until_asked "[Pp]assword"
type_ "$typed"
until_seen "before prompt: after" "ended 1"
screen >>"$said"
pass "a resume asks for it again: it was kept nowhere (st2#5997)"
begin "tenantsh"
until_seen "sandbox"
type_ 'answered = #ask("Password", { secret = true })'
until_asked "Password"
type_ "$typed"
type_ 'answered * 1000'
until_seen "${#typed}000"
screen >>"$said"
tmux_ send-keys -t main C-d
touch "$work/stop"
wait $watcher

# ---- looked for everywhere -------------------------------------------------------------------------------------
for id in $(tenantsh runs list --format csv 2>/dev/null | tail -n +2 | cut -d, -f1); do
    tenantsh runs show "$id" >>"$said" 2>&1
    tenantsh --json runs show "$id" >>"$said" 2>&1
    for form in html json markdown; do tenantsh runs report "$id" --as $form --out "$work/report-$id.$form" >>"$said" 2>&1 || tenantsh runs report "$id" --as $form >>"$said" 2>&1; done
done
for member in master pg-1; do
    PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser") pg_dumpall -h "$sockets" -p "$(port_of $member)" -U postgres
done >"$work/dump" 2>&1
check "the places are not empty" "$(for place in "$said" "$work/dump" "$work/processes"; do [ -s "$place" ] || echo "$place"; done
    grep -q 'step_marker' "$work/dump" && grep -q 'the script prints' "$said" && grep -q 'postgres: ' "$work/processes" || echo "dump, output or processes lack what they must hold"
    [ "$(ls "$work"/report-*.html | wc -l)" -ge 15 ] || echo "too few reports")"
for core in "${cores[@]}"; do
    found=
    grep -qF -- "$core" "$said" && found+="the screen, an error, a report or runs show: $(grep -F -- "$core" "$said" | head -n 3)"$'\n'
    grep -qF -- "$core" "$work/dump" && found+="the databases: $(grep -F -- "$core" "$work/dump" | head -n 3 | cut -c1-300)"$'\n'
    grep -qF -- "$core" "$work/processes" && found+="a command line or another program's environment: $(grep -F -- "$core" "$work/processes" | head -n 2 | cut -c1-300)"$'\n'
    where=$(grep -rlF -- "$core" "$HOME" "$work"/report-* 2>/dev/null)
    where+=$(find "$TENANTSH_HOME" -path '*/data' -prune -o -type f -print0 | xargs -0 grep -lF -- "$core" 2>/dev/null)
    [ -z "$where" ] || found+="in $where"$'\n'
    check "found nowhere: the one with $core (st2#5997, ansible#18184)" "$found"
done

finish
