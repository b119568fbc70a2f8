# Sourced by shell tests: a sandbox of their own, checks that count, plain psql beside tenantsh.
# Needs $TENANTSH_BUILD (folder of the built program). Ends with `finish`, which prints "N passed, N failed".

set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${TENANTSH_BUILD:-$root/build}
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
for variable in $(compgen -e | grep '^PG'); do unset "$variable"; done
export PATH="$build:$bin:$PATH" LC_ALL=C.UTF-8

work=$(mktemp -d "${TMPDIR:-/tmp}/tenantsh-test.XXXXXX")
chmod 755 "$work"   # as root the servers run as postgres and must reach their data
export TENANTSH_HOME=$work/home HOME=$work/user XDG_CONFIG_HOME=$work/user/config
mkdir -p "$TENANTSH_HOME" "$HOME"
cd "$work" || exit 1

passed=0 failed=0
pass() { passed=$((passed + 1)); echo "ok - $1"; }
fail() { failed=$((failed + 1)); echo "not ok - $1"; [ -z "${2:-}" ] || printf '%s\n' "$2" | head -n 40 | sed 's/^/    /'; }
# check NAME PROBLEM: passes when PROBLEM is empty.
check() { if [ -z "$2" ]; then pass "$1"; else fail "$1" "$2"; fi; }
# same NAME EXPECTED FOUND
same() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3"))"; fi; }
# has NAME TEXT PATTERN…: TEXT holds every pattern (fixed strings).
has() {
    local name=$1 text=$2 pattern missing=
    shift 2
    for pattern in "$@"; do grep -qF -- "$pattern" <<<"$text" || missing+="missing: $pattern"$'\n'; done
    check "$name" "${missing:+$missing--- in:$'\n'$text}"
}
# expect NAME STATUS COMMAND…: runs it, keeps $output (both streams), checks the exit status.
expect() {
    local name=$1 wanted=$2 status
    shift 2
    output=$("$@" 2>&1 </dev/null)
    status=$?
    if [ "$status" = "$wanted" ]; then pass "$name"; else fail "$name (exit $status, wanted $wanted)" "$output"; fi
}
finish() {
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
    exit
}
end_sandbox() {
    local status=$?
    trap - EXIT
    jobs -p | xargs -r kill 2>/dev/null
    tenantsh sandbox reset --yes --confirm sandbox >/dev/null 2>&1
    rm -rf "$work"
    exit $status
}
trap end_sandbox EXIT

# dsn_of MEMBER, for psql as it stands.
dsn_of() { tenantsh sandbox status --format csv | grep "^$1," | cut -d, -f3 | tr -d '"'; }
socket_of() { dsn_of master | sed 's/^host=\([^ ]*\).*/\1/'; }
port_of() { case $1 in master) echo 5500 ;; pg-*) echo $((5500 + ${1#pg-})) ;; esac; }
# The id of the newest run.
last_run() { ls -t "$TENANTSH_HOME"/runs/*/*.jsonl | head -n 1 | sed 's/.*-\([a-z0-9]*\)\.jsonl$/\1/'; }
# superuser MEMBER DATABASE SQL…
superuser() {
    local member=$1 database=$2
    shift 2
    PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/$member.superuser") psql -X -q -A -t -v ON_ERROR_STOP=1 \
        -h "$sockets" -p "$(port_of "$member")" -U postgres -d "$database" -c "$@"
}
# Everything tenantsh made is gone; the clusters stay.
forget_everything() {
    local database role member
    for member in master pg-1 pg-2; do
        for database in $(superuser "$member" postgres "select datname from pg_database where not datistemplate and datname <> 'postgres'"); do
            superuser "$member" postgres "drop database \"$database\" with (force)"
        done
        superuser "$member" postgres "drop schema if exists tenantsh cascade" 2>/dev/null
        for role in $(superuser "$member" postgres "select rolname from pg_roles where rolname ~ '^(tenantsh_reader|tenant_)'"); do
            superuser "$member" postgres "drop role \"$role\""
        done
    done
    rm -rf "$TENANTSH_HOME/runs" "$TENANTSH_HOME/locks" "$TENANTSH_HOME/sandbox/secrets/tenants"
}
# What master holds but for the journal, ids, times and runs: equal after any road that leads there. (A set applied
# in two goes leaves two audit rows that say which files; the ledger says it here.)
state_of_master() {
    superuser master postgres "select datname, pg_get_userbyid(datdba) from pg_database where not datistemplate order by 1"
    superuser master postgres "select rolname, rolcanlogin, rolsuper from pg_roles where rolname !~ '^pg_' order by 1"
    PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/master.superuser") pg_dump -h "$sockets" -p 5500 -U postgres \
        --restrict-key=x --schema-only -N runbook master 2>&1
    superuser master master "select scope, schema_name, name, sha256 from tenantsh.ledger order by 1, 2, 3"
    superuser master master "select name, region, host, port, admin_user, admin_secret_ref, status, capacity_tenants from identity.db_server order by 1"
    superuser master master "select name, system_identifier, guard from identity.environment order by 1"
    superuser master master "select object, action, before, case when action <> 'migrate' then after end, actor, reason from identity.tenant_audit group by 1, 2, 3, 4, 5, 6 order by min(id)"
    superuser master master "select step_path from tenantsh.step_marker order by 1"
    superuser master master "select format('select %L, count(*) from %s', c.oid::regclass, c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('identity', 'security', 'rcm_master', 'reference') order by c.oid::regclass::text" |
        while read -r query; do superuser master master "$query"; done
    superuser pg-1 postgres "select rolname from pg_roles where rolname !~ '^pg_' order by 1"
}
