#!/usr/bin/env bash
# A run that wants another person's approval, a plan kept in a file, a run handed over: who is who is the database's
# word, and what was agreed to is what runs.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
admin() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$(dsn_of master)" -c "$@"; }
tables() { admin "select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"; }

# One environment, three people with logins of their own; root is a superuser.
superuser master master "create role alice login password 'alice-password' in role tenantsh_admin;
  create role bob login password 'bob-password' in role tenantsh_admin;
  create role carol login password 'carol-password' in role tenantsh_admin;
  create role root login superuser password 'root-password'" >/dev/null
for person in alice bob carol root; do
    cat >"$person.toml" <<TOML
default_environment = "shared"
[environment.shared]
master = "host=$sockets port=5500 dbname=master user=$person"
master_secret = "env:PASSWORD"
TOML
done
# as PERSON WORD…: tenantsh as that person, operating system and database alike.
as() {
    local person=$1
    shift
    SUDO_USER=$person PASSWORD=$person-password tenantsh --config "$work/$person.toml" "$@"
}

# ---- approval -----------------------------------------------------------------------------------------------
cat >grave.lua <<'LUA'
runbook "grave" { brief = "what two people must want", approvals = 1, inputs = { name = input.text {} } }
local function kind() return "table" end
step "make" { on = master, tx = function(db, run) db:exec("create " .. kind() .. " public." .. run.name .. " (id int)") end,
              undo = function(run, _, db) db:exec("drop table public." .. run.name) end }
step "more" { on = master, tx = function(db, run) expect(run.name ~= "second" or db:value("select to_regclass('public.ready') is not null"), "not ready") end }
LUA
expect "a plan says that approval is needed" 8 as alice run ./grave.lua --input name=first --plan
has "and by how many" "$output" "waits for the approval of 1 other person"
expect "a run asks for approval and stops: exit 4" 4 as alice run ./grave.lua --input name=first --yes
has "it says what comes next" "$output" "waits for the approval of another person" "tenantsh runs approve" "tenantsh runs resume"
id=$(last_run)
same "nothing was done" "" "$(tables)"
expect "the run is listed" 0 as bob runs list --format csv
has "as waiting" "$output" "$id,grave,waiting"
expect "a resume without approval: exit 4" 4 as alice runs resume "$id" --yes
same "nothing was done by it" "" "$(tables)"
expect "who asked cannot approve" 1 as alice runs approve "$id" --digest 00000000
has "and is told why" "$output" "login alice asked for this approval and cannot give it" "superusers are no exception"
output=$(psql -X -q "host=$sockets port=5500 dbname=master user=alice password=alice-password" -c "insert into runbook.approval (run_id, digest, approver, operator, expires_at) select run_id, outputs ->> 'digest', 'bob', 'bob@here', now() + interval '1 h' from runbook.attempt where event = 'approval_requested'" 2>&1)
has "nor past tenantsh, under another name: the table refuses it" "$output" "login alice asked for this approval"
expect "another person without a terminal names what they looked at" 4 as bob runs approve "$id"
has "the plan and the digest are shown" "$output" "create table public.first" "name = first" "database login alice" "--digest"
digest=$(grep -oE -- '--digest [0-9a-f]+' <<<"$output" | head -n 1 | cut -d' ' -f2)
expect "another digest is refused" 1 as bob runs approve "$id" --digest 0123456789abcdef
expect "bob approves" 0 as bob runs approve "$id" --digest "$digest" --comment "looked at it"
expect "bob takes it back" 0 as bob runs approve "$id" --revoke
expect "it counts no longer" 4 as alice runs resume "$id" --yes
expect "bob approves again" 0 as bob runs approve "$id" --digest "$digest" --comment "looked at it"
expect "who runs it is not who approved it" 4 as bob runs resume "$id" --yes --take
same "still nothing was done" "" "$(tables)"
expect "alice goes on" 0 as alice runs resume "$id" --yes
same "it is done" "first" "$(tables)"
expect "the report tells" 0 as alice runs report "$id" --as json
has "who asked, who approved, what for" "$output" '"approval_requested"' '"approved"' '"operator": "bob@' "looked at it" "$digest"
admin "drop table public.first"

# A superuser who asks is no exception, whatever they call themselves.
expect "a superuser asks too" 4 as root run ./grave.lua --input name=first --yes
id=$(last_run)
expect "and cannot approve" 1 as root runs approve "$id"
output=$(psql -X -q "host=$sockets port=5500 dbname=master user=root password=root-password" -c "set session authorization bob" -c "insert into runbook.approval (run_id, digest, approver, operator, expires_at) select run_id, outputs ->> 'digest', 'bob', 'bob@here', now() + interval '1 h' from runbook.attempt where event = 'approval_requested' and run_id = '$id'" 2>&1)
has "nor as somebody else by SET SESSION AUTHORIZATION" "$output" "login root asked for this approval"
approve() { digest=$(as "$1" runs approve "$2" </dev/null 2>&1 | grep -oE -- '--digest [0-9a-f]+' | head -n 1 | cut -d' ' -f2); as "$1" runs approve "$2" --digest "$digest" >/dev/null 2>&1 </dev/null; }

# What was approved is what runs.
approve bob "$id"
cp grave.lua original.lua
sed -i 's/return "table"/return "unlogged table"/' grave.lua
expect "the script changed after the approval: asked anew" 4 as root runs resume "$id" --yes
has "with what moved" "$output" "this is not what was approved" "step make was edited" "waits for the approval"
same "nothing was done" "" "$(tables)"
cp original.lua grave.lua
expect "the old text again: the new question stands" 4 as root runs resume "$id" --yes
approve bob "$id"
expect "approved as it is now" 0 as root runs resume "$id" --yes
same "done" "first" "$(tables)"
admin "drop table public.first"

# Expiry.
expect "a third run" 4 as alice run ./grave.lua --input name=first --yes
id=$(last_run)
approve bob "$id"
admin "update runbook.approval set expires_at = now() - interval '1 s' where run_id = '$id'"
expect "an approval whose time is over does not count" 4 as alice runs resume "$id" --yes
same "nothing was done" "" "$(tables)"
# Two of them, each a person of their own.
sed -i 's/approvals = 1/approvals = 2/' grave.lua
expect "two approvals" 4 as alice run ./grave.lua --input name=first --yes --fresh
id=$(last_run)
approve bob "$id"; approve bob "$id"
expect "one person's twice are one" 4 as alice runs resume "$id" --yes
has "it says who is missing" "$output" "waits for the approval of another person; approved by bob@"
approve carol "$id"
expect "two people's are two" 0 as alice runs resume "$id" --yes
admin "drop table public.first"

# The target moved: the same name, another database.
cat >moved.lua <<'LUA'
runbook "moved" { brief = "on a server", approvals = 1, inputs = { server = input.server {} } }
step "look" { on = function(run) return run.server end, tx = function(db) db:exec("create table public.moved (id int)") end }
LUA
superuser pg-1 postgres "grant all on schema public to public" >/dev/null
superuser master master "update identity.db_server set admin_secret_ref = 'file:$TENANTSH_HOME/sandbox/secrets/pg-1.admin'" >/dev/null
expect "approval for a server" 4 as alice run ./moved.lua --input server=pg-1 --yes
id=$(last_run)
approve bob "$id"
superuser master master "update identity.db_server set port = 5502, admin_secret_ref = 'file:$TENANTSH_HOME/sandbox/secrets/pg-2.admin' where name = 'pg-1'" >/dev/null
expect "the server's row moved to another port: asked anew" 4 as alice runs resume "$id" --yes
has "and it is said" "$output" "target of step look" ":5502/" ":5501/"
superuser master master "update identity.db_server set port = 5501, admin_secret_ref = 'file:$TENANTSH_HOME/sandbox/secrets/pg-1.admin' where name = 'pg-1'" >/dev/null

# A run that failed half-way and whose script was mended wants a new word.
sed -i 's/approvals = 2/approvals = 1/' grave.lua
expect "a run that will fail" 4 as alice run ./grave.lua --input name=second --yes
id=$(last_run)
approve bob "$id"
expect "it fails after its first step" 1 as alice runs resume "$id" --yes
same "half done" "second" "$(tables)"
admin "create table public.ready ()"
expect "nothing changed: the approval still holds" 0 as alice runs resume "$id" --yes
admin "drop table public.ready, public.second"

# ---- a plan in a file ---------------------------------------------------------------------------------------
cat >planned.lua <<'LUA'
runbook "planned" { brief = "two tables", inputs = { name = input.text {} } }
local made = function(name) return function(_, db) return db:value("select count(*) from pg_class where relname = $1", name) == 1 end end
step "first"  { on = master, probe = made "first", tx = function(db) db:exec("create table public.first (id int)") end }
step "second" { on = master, probe = made "second", tx = function(db, run) db:exec("create table public.second (" .. run.name .. " int)") end }
LUA
expect "a plan is kept in a file" 8 as alice run ./planned.lua --input name=id --plan --out plan.json
has "how to carry it out is said" "$output" "--from plan.json"
same "for nobody else to read" 600 "$(stat -c %a plan.json)"
expect "it takes no inputs of its own" 2 as alice run ./planned.lua --from plan.json --input name=other
expect "a file that is none" 2 as alice run ./planned.lua --from grave.lua
has "is told" "$output" "grave.lua is no saved plan"
expect "another runbook's" 2 as alice run ./grave.lua --from plan.json
admin "create table public.first (id int)"
expect "the world moved on: stale" 1 as alice run ./planned.lua --from plan.json --yes
has "with what moved" "$output" "is stale: step first: already done, was would run"
admin "drop table public.first"
cp planned.lua original.lua
sed -i 's/public.first (id int)/public.first (id bigint)/' planned.lua
expect "the script was edited: stale" 1 as alice run ./planned.lua --from plan.json --yes
has "and which step" "$output" "step first was edited"
cp original.lua planned.lua
same "nothing was done so far" "" "$(tables)"
sed 's/"name": "id"/"name": "code"/' plan.json >forged.json
expect "a plan with other inputs does what it says, not what was planned" 0 as alice run ./planned.lua --from plan.json --yes
same "done as planned" "first second id" "$(tables) $(admin "select attname from pg_attribute where attrelid = 'public.second'::regclass and attnum > 0")"
expect "the journal holds the plan" 0 as alice runs report "$(last_run)" --as json
has "that was carried out" "$output" '"planned"' "create table public.second (id int)"
admin "drop table public.first, public.second"

# ---- handing over -------------------------------------------------------------------------------------------
cat >long.lua <<'LUA'
runbook "long" { brief = "stops in the middle", inputs = { fail = input.boolean { default = true } } }
step "one" { on = master, tx = function(db) db:exec("create table public.one (id int)") end }
step "two" { on = master, tx = function(db) expect(db:value("select to_regclass('public.ready') is not null"), "not ready") end }
LUA
expect "alice's run stops" 1 as alice run ./long.lua --yes
id=$(last_run)
expect "bob does not go on with it unasked" 4 as bob runs resume "$id" --yes
has "he is told whose it is" "$output" "is of alice@" "--take"
expect "alice gives it to bob" 0 as alice runs hand-over "$id" --to bob --note "waits for the table ready"
expect "carol is told so" 4 as carol runs resume "$id" --yes
has "whose it is now" "$output" "is of bob"
admin "create table public.ready ()"
expect "bob goes on" 0 as bob runs resume "$id" --yes
has "he read the note" "$output" "handed it over to bob: waits for the table ready"
expect "a note at a run" 0 as carol runs note "$id" "seen in the morning"
same "is kept" "carol seen in the morning" "$(admin "select split_part(author, '@', 1) || ' ' || text from runbook.note")"
expect "what is done is not handed over" 2 as alice runs hand-over "$id" --to bob
admin "drop table public.ready, public.one"
expect "another one" 1 as alice run ./long.lua --yes
expect "taken without being given" 1 as bob runs resume "$(last_run)" --yes --take
has "fails at the step as before" "$output" "not ready"

# ---- breakpoints --------------------------------------------------------------------------------------------
admin "drop table public.one; create table public.ready ()"
expect "a breakpoint asks, whatever --yes says" 4 as alice run ./long.lua --yes --fresh --break two
has "where" "$output" "it is a breakpoint"
same "the step before it ran" "one ready" "$(tables)"
expect "a breakpoint that is none" 2 as alice run ./long.lua --yes --fresh --break three
has "is named" "$output" 'has no step "three"'
finish
