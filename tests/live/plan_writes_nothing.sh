#!/usr/bin/env bash
# A plan cannot write, whatever its script tries: by SQL, a file, a command, another runbook, while it is loaded, from
# every function that a plan calls, also behind pcall. The world before and after is the same to the last byte; and a
# role that may only read can plan.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --tenants 1 >/dev/null 2>&1 || { fail "a sandbox with a tenant"; finish; }
sockets=$(socket_of)
dsn=$(dsn_of master)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$dsn" -c "$@"; }
tenant=$(tenantsh tenants list --format csv 2>/dev/null | sed -n 2p | cut -d, -f1)

# What a script can find in a database to write with.
superuser master master "
  create table public.canary (id int);
  create sequence public.counter;
  create function public.writes() returns int language sql volatile as 'insert into public.canary values (1) returning id';
  create function public.says_it_is_stable() returns int language plpgsql stable as \$\$ begin execute 'insert into public.canary values (2)'; return 1; end \$\$;
  create function public.opens() returns text language sql volatile as 'select set_config(''default_transaction_read_only'', ''off'', false)';
  create function public.ends(int) returns bool language sql volatile as 'select pg_terminate_backend(\$1)';
  create procedure public.writes_too() language sql as 'insert into public.canary values (3)';
  create operator public.### (leftarg = int, rightarg = int, function = int4pl);
  create view public.writing as select public.writes() as id;
  grant all on all tables in schema public to public; grant all on all sequences in schema public to public" >/dev/null
psql -X -q "$dsn" -c "select pg_sleep(600), 'bystander'" >/dev/null 2>&1 &
bystander() { admin "select string_agg(pid::text, ' ') from pg_stat_activity where query like '%bystander''' and state = 'active' and pid <> pg_backend_pid()"; }
for _ in $(seq 100); do [ -n "$(bystander)" ] && break; sleep 0.05; done
printf 'runbook "inner" { brief = "writes" }\nstep "s" { on = master, tx = function(db) db:exec("create table public.inner (i int)") end }\n' >inner.lua
printf 'runbook "half" { brief = "half done" }\nstep "a" { on = master, tx = function(db) db:value("select 1") end }\nstep "b" { on = master, tx = function(db) db:exec("create table public.half (i int)") end }\n' >half.lua
expect "a run that could be resumed" 0 tenantsh run ./half.lua --yes --until a
half=$(last_run)

# Databases, sequences, large objects, roles, settings, sessions; every file below TENANTSH_HOME with its time, and
# every file here.
world() {
    local member
    for member in master pg-1 pg-2; do
        PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser") pg_dumpall -h "$sockets" \
            -p "$(port_of "$member")" -U postgres --restrict-key=x 2>&1
        cat "$TENANTSH_HOME/sandbox/$member/data/postgresql.auto.conf" 2>/dev/null || find "$TENANTSH_HOME/sandbox" -path "*$member*" -name postgresql.auto.conf -exec cat {} +
    done
    admin "select last_value, is_called from public.counter"
    admin "select count(*) from pg_largeobject_metadata"
    echo "bystander $(bystander)"
    find "$TENANTSH_HOME" -path '*/data' -prune -o -path '*/log' -prune -o \( -type f -printf '%p %s %T@\n' -o -type d -print \) | sort
    find "$work" -maxdepth 1 -type f ! -name '*.lua' -printf '%p %s %T@\n' | sort
}

# The roads, one a line: a Lua statement; db is there where the function gets one.
cat >roads <<ROADS
db:exec("create table public.sneaky (i int)")
db:exec("insert into public.canary values (1)")
db:one("select public.writes()")
db:value("select public.says_it_is_stable()")
db:query("select * from public.writing")
db:query("with d as (insert into public.canary values (1) returning 1) select * from d")
db:exec("copy (select 1) to program 'touch $work/sneaky-copy'")
db:exec("copy public.canary from program 'echo 1; touch $work/sneaky-from'")
db:exec("do \$\$ begin create role sneaky; end \$\$")
db:exec("call public.writes_too()")
db:exec("explain analyze insert into public.canary values (1)")
db:exec("select 1 as i into public.sneaky2")
db:exec("set transaction read write") db:exec("insert into public.canary values (4)")
db:exec("set session characteristics as transaction read write") db:exec("insert into public.canary values (4)")
db:value("select set_config('transaction_read_only', 'off', false)") db:exec("insert into public.canary values (4)")
db:value("select set_config('default_transaction_read_only', 'off', false)") db:exec("insert into public.canary values (4)")
db:value("select public.opens()") db:value("select public.writes()")
db:exec("commit") db:exec("insert into public.canary values (5)")
db:exec("commit; insert into public.canary values (6)")
db:exec("prepare p as insert into public.canary values (7)") db:exec("execute p")
db:value("select pg_terminate_backend(pid) from pg_stat_activity where query like '%bystander''' and pid <> pg_backend_pid()")
db:value("select public.ends(pid) from pg_stat_activity where query like '%bystander''' and pid <> pg_backend_pid()")
db:value("select lo_create(0)")
db:value("select lo_from_bytea(0, 'x')")
db:value("select nextval('public.counter')")
db:value("select setval('public.counter', 100)")
db:value("select query_to_xml('insert into public.canary values (8) returning 1', true, true, '')")
db:exec("alter system set work_mem = '5MB'")
db:exec("alter role current_user set work_mem = '5MB'")
db:exec("vacuum public.canary")
db:exec("notify sneaky")
db:exec("lock table public.canary in access exclusive mode")
db:audit { object = "sneaky", action = "write" }
db:set_password("tenantsh_reader", "x")
sql("insert into public.canary values (9)")
sql:query("select public.writes()")
master:query("delete from identity.tenant")
tenants:query("delete from members.member")
tenants["$tenant"]:query("select lo_create(0)")
tenants["$tenant"]:dump { at = "20260101T000000Z" }
tenants["$tenant"]:issue_login { role = "sneaky" }
tenants["$tenant"]:withdraw_login { role = "tenant_app" }
migrations:up { scope = "master" }
migrations:mark { names = { "001" }, scope = "master" }
migrations:unlock { scope = "master" }
seeds:run { scope = "master" }
seeds:generate { tenants = "all", members = 3 }
sql:query("select 1 as i"):save("$work/sneaky.csv")
runs:report("$half", { out = "$work/sneaky.html" })
runs:resume("$half")
runs:undo("$half")
runs:abandon("$half")
runbooks:run { runbook = "./inner.lua" }
runbooks:run { runbook = "./inner.lua", plan = false }
io.open("$work/sneaky-io", "w"):write("x")
os.execute("touch $work/sneaky-os")
os.remove("$work/inner.lua")
os.rename("$work/inner.lua", "$work/sneaky-renamed")
require("os").execute("touch $work/sneaky-require")
package.loadlib("libc.so.6", "system")
load("return os.execute('touch $work/sneaky-load')")()
dofile("$work/inner.lua")
debug.getregistry()
setmetatable({}, { __gc = function() migrations:up { scope = "master" } end })
coroutine.wrap(function() db:exec("insert into public.canary values (10)") end)()
getmetatable("").__index.execute("x")
string.gsub("x", "x", function() db:exec("insert into public.canary values (11)") end)
table.sort({ 2, 1 }, function() db:exec("insert into public.canary values (12)") end)
tostring(setmetatable({}, { __tostring = function() db:exec("insert into public.canary values (13)") return "x" end }))
ROADS
all_roads() { sed 's/.*/  pcall(function() & end)/' roads; }

# script BODY ROADS: a runbook whose one function of that name takes the roads.
script() {
    local body=$1 roads=$2 head='inputs = {}' step='tx = function(db) db:value("select 1") end' rest=
    case $body in
        on) step="$step, on = function(run) local db = nil $roads return master end" ;;
        when) step="$step, when = function(run) local db = nil $roads return true end" ;;
        probe | pre) step="$step, $body = function(run, db) $roads return $([ $body = pre ] || echo '"not_done"') end" ;;
        each) step="$step, each = function(run) local db = nil $roads return { \"a\" } end" ;;
        tx) step="tx = function(db, run) $roads end" ;;
        effect) step="probe = function() return false end, effect = function(run, db) $roads end" ;;
        verify) step="$step, verify = function(run, outputs, db) $roads end" ;;
        check) step="tx = function(db, run) $roads end, read_only = true" ;;
        default) head="inputs = { word = input.text { default = function(settled) local db = nil $roads return \"x\" end } }" ;;
        validate) head="inputs = { word = input.text { default = \"x\", check = function(value) local db = nil $roads end } }" ;;
        locks) head="locks = function(run) local db = nil $roads return { \"x\" } end" ;;
        include)
            printf 'runbook "part" { brief = "b", inputs = { word = input.text {} } }\nstep "s" { on = master, tx = function(db, run) db:value("select 1") end }\n' >part.lua
            rest="include \"part\" { runbook = \"./part.lua\", inputs = function(run) local db = nil $roads return { word = \"x\" } end }" ;;
        module) rest="local db = nil $roads" ;;
        included)
            printf 'local db = nil\n%s\nrunbook "part" { brief = "b" }\nstep "s" { on = master, tx = function(db) end }\n' "$roads" >part.lua
            rest='include "part" { runbook = "./part.lua" }' ;;
    esac
    case $body in on) ;; *) step="on = master, $step" ;; esac
    printf 'runbook "sneaky" { brief = "tries to write", %s }\nstep "s" { %s }\n%s\n' "$head" "$step" "$rest" >sneaky.lua
}
bodies="on when probe pre each tx effect verify check default validate locks include module included"
# refused_or_told NAME: exit 8 that says nothing was changed, or another error in a line of its own.
refused_or_told() {
    output=$(tenantsh run ./sneaky.lua --plan --yes --confirm sandbox 2>&1 </dev/null)
    case $? in
        8) grep -q "nothing was changed" <<<"$output" && pass "$1: told only" || fail "$1: told only" "$output" ;;
        1 | 2) grep -q "^tenantsh: ." <<<"$output" && pass "$1: refused" || fail "$1: refused" "$output" ;;
        *) fail "$1: refused or told" "$output" ;;
    esac
}

before=$(world)
for body in $bodies; do
    script $body "$(all_roads)"
    refused_or_told "every road from $body, behind pcall"
    same "every road from $body leaves the world as it was" "" "$(diff <(printf '%s\n' "$before") <(world))"
done
for body in probe tx default; do
    while IFS= read -r road; do
        script $body "$road"
        output=$(tenantsh run ./sneaky.lua --plan --yes --confirm sandbox 2>&1 </dev/null)
        case $? in
            1 | 2) grep -q "^tenantsh: ." <<<"$output" || fail "from $body: $road" "$output" ;;
            8) grep -q "nothing was changed" <<<"$output" || fail "from $body: $road" "$output" ;;
            *) fail "from $body: $road" "$output" ;;
        esac
    done <roads
    same "each road from $body by itself, not behind pcall: the same" "" "$(diff <(printf '%s\n' "$before") <(world))"
done
# A command can hide in the reference of a secret.
cat >sneaky.lua <<LUA
runbook "sneaky" { brief = "names a command", inputs = { pw = input.secret { default = "exec:touch $work/sneaky-default" } } }
step "s" { on = master, probe = function(run) return run.pw:weakness() == nil end, effect = function() end }
LUA
refused_or_told "a command as the default of a secret"
cat >sneaky.lua <<LUA
runbook "sneaky" { brief = "names a command" }
step "s" { on = { name = "x", host = "$sockets", port = 5501, admin_user = "tenantsh_admin", admin_secret = "exec:touch $work/sneaky-on", database = "postgres" },
           tx = function(db) db:exec("create table public.sneaky (i int)") end }
LUA
refused_or_told "a command as the secret of a target"
same "no command was run" "" "$(diff <(printf '%s\n' "$before") <(world))"
expect "the plan of a resume" 8 tenantsh runs resume "$half" --plan
same "a plan of a resume writes nothing either" "" "$(diff <(printf '%s\n' "$before") <(world))"
script tx 'db:exec("insert into public.canary values (99)")'
expect "the same script without --plan does write" 0 tenantsh run ./sneaky.lua --yes
same "so the comparison can see it" 99 "$(admin "select id from public.canary")"
check "and in the world" "$([ "$before" != "$(world)" ] || echo "the world looks the same")"

# ---- a role that may only read ---------------------------------------------------------------------------------
superuser master master "create role looker login password 'only-looking' in role pg_read_all_data; revoke create on schema public from public" >/dev/null
printf 'only-looking\n' >looker.secret
chmod 600 looker.secret
cat >tenantsh.toml <<TOML
[environment.looking]
master = "host=$sockets port=5500 dbname=master user=looker"
master_secret = "file:$work/looker.secret"
TOML
before=$(world)
for plan in "master_init --input server=pg-1 --input region=local --input host=$sockets --input port=5501 --input admin_user=tenantsh_admin --input admin_secret=file:$TENANTSH_HOME/sandbox/secrets/pg-1.admin" "register_server --input name=pg-9 --input region=local --input host=$sockets --input port=5502 --input admin_user=tenantsh_admin --input admin_secret=file:$TENANTSH_HOME/sandbox/secrets/pg-2.admin" \
    "provision_tenant --input slug=looked" "tenant_backup --input tenant=$tenant" "tenant_status --input tenant=$tenant --input status=read_only --input reason=x" "first_platform_admin --input email=a@example.com --input password=file:$work/looker.secret"; do
    output=$(tenantsh --env looking run $plan --plan 2>&1 </dev/null)
    status=$?
    case $status in
        0 | 8) pass "${plan%% *}: a role that may only read can plan it" ;;
        *) grep -qE "permission denied|may not|needs the right|must be" <<<"$output" && pass "${plan%% *}: says which right is missing" || fail "${plan%% *}: planned by a role that may only read (exit $status)" "$output" ;;
    esac
done
same "and changes nothing" "" "$(diff <(printf '%s\n' "$before") <(world))"

finish
