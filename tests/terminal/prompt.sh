#!/usr/bin/env bash
# The interactive prompt at a real terminal: every command and key, SQL and Lua, pastes, sizes, Ctrl-C where it hurts.
. "$(dirname "$0")/../support/sandbox.sh"
. "$root/tests/support/terminal.sh"

tenantsh sandbox up --tenants 4 >up.log 2>&1 || { fail "a fleet" "$(tail -n 5 up.log)"; finish; }
sockets=$(socket_of)
key() { tmux_ send-keys -t main "$@"; }
text() { tmux_ send-keys -t main -l "${1/%;/\\;}"; }   # tmux takes a last ; for its own
enter() { text "$1"; key Enter; }
# prompt_back: the last line is an empty prompt.
prompt_back() {
    for _ in $(seq 300); do
        screen | sed '/^ *$/d' | tail -n 1 | grep -qE "> *$" && return
        sleep 0.05
    done
    fail "the prompt is back: $1" "$(screen | tail -n 30)"
}
# run ENTRY TEXT…: on a clear screen; each TEXT is seen then.
run() {
    local entry=$1
    shift
    key C-l
    enter "$entry"
    until_seen "$@"
    prompt_back "$entry"
}
last_line() { screen | sed '/^ *$/d' | tail -n 1; }
# shows NAME PATTERN: the last line comes to look like that.
shows() {
    for _ in $(seq 100); do last_line | grep -qE -- "$2" && { pass "$1"; return; }; sleep 0.05; done
    fail "$1" "$(screen | tail -n 20)"
}
active() { superuser "$1" postgres "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()"; }

mkdir -p pages
begin "TERM=screen-256color PAGER= tenantsh; echo ended \$?"
shows "the prompt says environment, mode and scope; nobody was asked how many tenants there are" '^sandbox ro all> *$'
same "and nothing is connected" 0 "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where application_name like 'tenantsh%'")"

# ---- Lua and SQL -----------------------------------------------------------------------------------------------
run '1 + 1' '2'
run 'select count(*) as tables from pg_class where relname like '"'pg_%';" 'tenant-01' 'tenant-04' 'tables'
shows "the number of tenants is known by now" '^sandbox ro 4 tenants> *$'
key C-l; text 'for i = 1, 2 do'; key Enter; shows "an unfinished entry goes on" '^\.+> *$'
text 'print("line " .. i)'; key Enter; text 'end'; key Enter
until_seen 'line 1' 'line 2'; prompt_back loop
key C-l; text 'select 40 + 2'; key Enter; shows "SQL goes on until its semicolon" '^\.+> *$'
text '  as answer;'; key Enter; until_seen '42'; prompt_back semicolon
key C-l; text 'select 40 + 3 as blank'; key Enter; key Enter; until_seen '43'; prompt_back blank
run 'tenants["tenant-01"]:query("select 7 as seven")' 'seven'
run 'tenant.x' 'unknown name tenant' 'did you mean tenants?'

# ---- commands --------------------------------------------------------------------------------------------------
run '\use tenant-02' '1 tenant (tenant-02)'
shows "the prompt shows the scope" 'ro tenant-02> *$'
run 'select current_database() as here;' 'here'
check "one tenant's answer has no tenant column" "$(screen | grep -F '| here' )"
run '\use region=local' '4 tenants (region=local)'
run '\use nobody' 'no tenant "nobody"'
run '\use colour=red' 'not chosen by "colour"'
run '\use master' 'goes to master'
run 'select slug from identity.tenant order by slug;' 'tenant-03'
run '\use all' '4 tenants (all)'
run '\d' 'all 4' 'members'
run '\d members.*' 'member'
run '\d members.member' 'table' 'uuid'
run '\d nothing' 'there is no table nothing'
run '\x' 'vertically'
run 'select 1 as one, 2 as two;' '-[ row 1 ]-'
run '\x off' 'in tables'
run '\timing' 'timing is on'
run '2 + 2' 'time: '
run '\timing off' 'timing is off'
run 'select 11 as eleven;' 'eleven'
run '\last json' '"eleven": 11'
run '\last' '| eleven'
run '\export rows.csv' '4 rows in rows.csv'
same "the file has them" 'tenant,eleven' "$(head -n 1 rows.csv | tr -d '\r\357\273\277')"
run '\export rows.doc' 'does not say a format'
run '\watch 0.2 2' 'every 0.2 s: select 11 as eleven;'
same "twice" 2 "$(screen | grep -c 'every 0.2 s')"
run '\watch never' '"never" is no duration'
run '\watch 1 0' 'how often is a number from 1'
run '\history 3' 'entry' '\watch'
run '\history eleven' 'select 11 as eleven;'
run '\conn' '<environment sandbox>' 'scope'
run '\format json' ''
run 'select 5 as five;' '"five": 5'
run '\format table' ''
run '\format pdf' 'pdf'
run '\help use' 'use' 
run '\? \use' 'where SQL goes'
run '\qq' 'unknown command \qq' 'did you mean \q?'
run '\' 'unknown command \'
run '\sql select 3 as three' 'three'
run '\sql' 'there is no statement'
run '\x sideways' 'takes on or off'

# ---- writing ---------------------------------------------------------------------------------------------------
# writes STATEMENT ANSWER TEXT…: the person is shown TEXT, answers, and sees what became of it.
writes() {
    local answer=$2
    key C-l
    enter "$1"
    shift 2
    until_seen "$@"
    until_asked rollback
    enter "$answer"
    prompt_back "a write"
}
writes 'create table public.marks (id int);' commit 'tenant-04'
until_seen 'committed'
writes 'insert into public.marks values (1), (2);' rollback 'tenant-01 2 rows'
until_seen 'rolled back'
run 'select count(*) as rows_there from public.marks;' '|          0'
superuser master master "update identity.environment set guard = 'protected'" >/dev/null
enter '\q'; until_seen 'ended 0'
begin "TERM=screen-256color PAGER= tenantsh; echo ended \$?"
shows "a new session" '> *$'
run 'insert into public.marks values (3);' 'is protected' '\arm "reason" 15m'
run '\arm' '\arm needs a reason'
run '\arm "unclosed' 'no closing quote'
run '\arm "OPS-1: marks" 5m' '5m'
shows "the prompt says what the master says of itself, that writing is possible, and for how long" '^sandbox PROTECTED RW 5 min .*> *$'
writes 'insert into public.marks values (4);' commit 'tenant-01 1 row'
run '\disarm' ''
shows "and that it is not" ' ro .*> *$'
same "the reason stands in the audit" 4 "$(superuser master master "select count(distinct tenant_id) from identity.tenant_audit where reason = 'OPS-1: marks' and tenant_id is not null")"
superuser master master "update identity.environment set guard = 'open'" >/dev/null

# ---- the editor --------------------------------------------------------------------------------------------------
cat >edit.sh <<'SH'
#!/bin/sh
sed -i 's/three/four/' "$1"
SH
chmod +x edit.sh
key C-l; enter "\\q"; until_seen 'ended 0'
begin "TERM=screen-256color PAGER= EDITOR=$work/edit.sh tenantsh; echo ended \$?"
shows "a new session" '> *$'
run 'select 3 as three;' 'three'
key C-l; enter '\edit'; shows "what the editor left stands at the prompt" 'select 3 as four;'
key Enter; until_seen '| four'; prompt_back edit
begin "TERM=screen-256color PAGER= EDITOR=/nowhere/vi tenantsh; echo ended \$?"
shows "a new session" '> *$'
run '\edit 99999' 'there is no entry 99999'
run '\edit' 'the editor failed: /nowhere/vi'

# ---- keys --------------------------------------------------------------------------------------------------------
run '"first" .. 1' 'first1'
run '"second" .. 2' 'second2'
key C-l; key Up; shows "Up: the entry before" '"second" \.\. 2$'
key Up; shows "and the one before it" '"first" \.\. 1$'
key Down; shows "Down: back" '"second" \.\. 2$'
key C-c; prompt_back ctrl-c
key C-l; text 'for i = 1, 2 do'; key Enter; text 'end'; key Up; key C-e; text ' --x'; key Down; key Enter
until_seen 'for i = 1, 2 do --x'; prompt_back "up within"
key C-l; text '"wörld"'; key C-a; text '"hello " .. '; key Enter; until_seen 'hello wörld'; prompt_back home
key C-l; text '1 + 2 3'; key BSpace; key BSpace; key Enter; until_seen '3'; prompt_back backspace
key C-l; text '"a" .. "bcd"'; key M-b; key C-k; text 'x" .. "y"'; key Enter; until_seen 'axy'; prompt_back kill
key C-l; text '"kept"'; key C-u; text '1'; key C-y; key BSpace; key C-_ ; key C-c; prompt_back yank
key C-l; key C-r; text 'first'; shows "Ctrl-R searches" "reverse-i-search.*first.*\"first\" \.\. 1"
key Enter; until_seen 'first1'; prompt_back search
key C-l; text '1 +'; key M-Enter; text '1'; key Enter; until_seen '2'; prompt_back "alt-enter"
key C-l; text 'print(1)'; key C-d; key Enter; prompt_back "ctrl-d in a line"

# ---- completion ------------------------------------------------------------------------------------------------
key C-l; text 'tena'; key Tab; shows "a global" 'tenants$'
text ':que'; key Tab; shows "a method" 'tenants:query$'
text '{ ti'; key Tab; shows "an option" 'timeout_ms = $'
key C-c; prompt_back c
key C-l; text 'tenants:where{ status = "active" }:que'; key Tab; shows "a method behind a call" ':query$'
key C-c; prompt_back c
key C-l; text 'tenants["tenant-0'; key Tab; key Tab; until_seen 'tenant-03'
text '3'; key Tab; shows "a slug" 'tenants\["tenant-03$'
key C-c; prompt_back c
key C-l; text 'servers["pg'; key Tab; shows "a server" 'servers\["pg-'
key C-c; prompt_back c
key C-l; text '\us'; key Tab; shows "a command" 'use$'
text ' tenant-04'; key Tab; shows "a slug behind it" 'use tenant-04$'
key C-c; prompt_back c
key C-l; text 'select slu from members.memb'; key Tab; sleep 0.5; key Tab; shows "a table" 'from members\.member'
key C-c; prompt_back c
key C-l; text 'select m. from members.member m'; for _ in $(seq 22); do key Left; done; key Tab; key Tab
until_seen 'column of member'
key C-c; prompt_back c
key C-l; text 'sql"select slug from identity.'; key Tab; sleep 0.5; key Tab; key C-c; prompt_back c
key C-l; text 'migrations:up{ until = "027_pg'; key Tab; shows "a migration" 'until = "027_pgboss_schedule_seed\.sql$'
key C-c; prompt_back c
key C-l; text 'help"tenants.que'; key Tab; shows "a topic" 'help"tenants\.query$'
key C-c; prompt_back c
key C-l; text 'mine = { alpha = 1, beta = 2 }'; key Enter; prompt_back own
text 'mine.al'; key Tab; shows "a table of one's own" 'mine\.alpha$'
key C-c; prompt_back c
key C-l; text 'xyzzy.'; key Tab; shows "nothing to offer" 'xyzzy\.$'
key C-c; prompt_back c

# ---- paste, sizes, characters ------------------------------------------------------------------------------------
{ echo 'pasted = {'; for i in $(seq 198); do printf '\t{ %d, "tab\there" },\n' "$i"; done; printf '}'; } >paste.lua
same "200 lines to paste" 200 "$(($(wc -l <paste.lua) + 1))"
key C-l; tmux_ load-buffer -b paste paste.lua; tmux_ paste-buffer -p -b paste -t main; sleep 1; key Enter; prompt_back paste
run '#pasted, pasted[198][2]' '198'
run 'pasted[198][2] == "tab\there"' 'true'
key C-l; printf 'select 1 as a\n  , 2 as b;\nselect 3 as never;' >paste.sql
tmux_ load-buffer -b paste paste.sql; tmux_ paste-buffer -p -b paste -t main; sleep 0.5
shows "pasted line ends run nothing" 'select 3 as never;$'
key C-c; prompt_back paste
run '"日本語のテキスト" .. "é" .. "e\u{301}" .. "👍"' '日本語のテキスト'
key C-l; text '"日本語" .. "x"'; for _ in 1 2 3 4 5 6 7 8; do key Left; done; key BSpace; key Enter
until_seen '日本x'; prompt_back wide
tmux_ resize-window -t main -x 40 -y 15 2>/dev/null; sleep 0.3
key C-l; text '"a long entry that takes more than one row of forty" .. 1'; sleep 0.2
tmux_ resize-window -t main -x 120 -y 40; sleep 0.3; key Enter
until_seen 'a long entry that takes more than one row of forty1'; prompt_back resize
tmux_ resize-window -t main -x 150 -y 50; sleep 0.3

# ---- Ctrl-C --------------------------------------------------------------------------------------------------------
key C-l; text 'unfinished('; key C-c; prompt_back "ctrl-c drops the entry"
run '1 + 4' '5'
key C-l; key C-c; key C-c; key C-c; prompt_back "ctrl-c at an empty prompt"
run '1 + 5' '6'
# stops NAME ENTRY: within a second nothing of it runs on any server, and the connection is good.
stops() {
    key C-l
    enter "$2"
    for _ in $(seq 200); do [ "$(($(active pg-1) + $(active pg-2)))" = 4 ] && break; sleep 0.05; done
    same "$1: it runs on every server" 4 "$(($(active pg-1) + $(active pg-2)))"
    key C-c
    sleep 1
    same "$1: a second after Ctrl-C it has ended on every server" 0 "$(($(active pg-1) + $(active pg-2)))"
    prompt_back "$1"
    run 'tenants:query("select 12 as twelve"):sum("twelve")' '48'
}
stops "a query" 'select pg_sleep(100);'
stops "within pcall" 'pcall(function() tenants:query("select pg_sleep(100)") end) print("went on")'
check "the script did not go on" "$(screen | grep -x 'went on')"
stops "within a coroutine" 'coroutine.wrap(function() tenants:query("select pg_sleep(100)") end)()'
key C-l; enter 'while true do pcall(function() end) end'; sleep 0.5; key C-c; until_seen 'stopped'; prompt_back "a loop"
key C-l; enter '\watch 60'; sleep 0.5; key C-c; prompt_back watch
enter '\q'; until_seen 'ended 0'

# ---- the pager -----------------------------------------------------------------------------------------------------
begin "TERM=screen-256color PAGER=less tenantsh; echo ended \$?"
shows "a new session" '> *$'
key C-l; enter 'sql"select n from generate_series(1, 500) n"'
until_seen '1'; shows "what is taller than the screen is in the pager" '^:|lines|--More--'
key C-c; sleep 0.3; key q; prompt_back pager
run '1 + 6' '7'

# ---- history ---------------------------------------------------------------------------------------------------------
run '"secret password=hunter2"' 'hunter2'
run ' "with a blank first"' 'with a blank first'
file=$TENANTSH_HOME/history/sandbox.jsonl
same "nobody else can read the history" 600 "$(stat -c %a "$file")"
check "no secret is in it" "$(grep -F hunter2 "$file")"
check "nor what began with a blank" "$(grep -F 'with a blank' "$file")"
has "whole entries are" "$(cat "$file")" 'for i = 1, 2 do\nprint'
enter '\q'; until_seen 'ended 0'
begin "TERM=screen-256color PAGER= tenantsh; echo ended \$?"
shows "a new session" '> *$'
key Up; shows "another session has it" '1 \+ 6$|\\q$'
key C-c; prompt_back c
key C-d; until_seen 'ended 0'

# ---- other terminals ---------------------------------------------------------------------------------------------
begin "TERM=dumb tenantsh; echo ended \$?"
shows "a dumb terminal" '> *$'
enter '3 * 3'; until_seen '9'
enter 'select 8 as eight'; enter ';'; until_seen 'eight'
enter '\q'; until_seen 'ended 0'
begin "NO_COLOR=1 TERM=screen-256color tenantsh --editor plain; echo ended \$?"
shows "the plain editor" '> *$'
enter '3 * 4'; until_seen '12'; key C-d; until_seen 'ended 0'
begin "tenantsh --editor emacs; echo ended \$?"
until_seen '--editor takes full or plain' 'ended 2'
begin "TERM=screen-256color tenantsh; stty -a | grep -c -- '-icanon'; echo ended"
shows "a session" '> *$'
text 'half an ent'; pkill -TERM -x tenantsh; until_seen 'ended'
has "SIGTERM leaves a terminal that is right" "$(screen | grep -x 0)" 0
finish
