#!/usr/bin/env bash
# Applies the shipped master and tenant sets and the sample generator to a throw-away cluster, as the role that will
# own them in earnest (CREATEDB, CREATEROLE, no superuser), and checks what they promise.
# Output: one "ok - …" or "not ok - …" a check, then "N passed, N failed"; exit status 1 when any failed.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -x "$bin/initdb" ] || { echo "no PostgreSQL server binaries: install the package postgresql" >&2; exit 1; }

work=$(mktemp -d)
server_pid=
as_server=()
if [ "$(id -u)" = 0 ]; then chown postgres "$work"; as_server=(runuser -u postgres --); fi
finish() {
    if [ -n "$server_pid" ]; then
        kill -INT "$server_pid" 2>/dev/null
        for _ in $(seq 100); do kill -0 "$server_pid" 2>/dev/null || break; sleep 0.05; done
    fi
    rm -rf "$work"
}
trap finish EXIT

for variable in $(compgen -e | grep '^PG'); do unset "$variable"; done
cd "$work" || exit 1
"${as_server[@]}" "$bin/initdb" -D "$work/data" -N -A trust -U postgres -E UTF8 --locale=C.UTF-8 >"$work/initdb.log" 2>&1 \
    || { cat "$work/initdb.log" >&2; exit 1; }
"${as_server[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/data/server.log" start \
    -o "-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off -c max_wal_size=4GB" >"$work/start.log" 2>&1 \
    || { cat "$work/start.log" >&2; exit 1; }
server_pid=$(head -1 "$work/data/postmaster.pid")
export PGHOST=$work

passed=0 failed=0
check() {   # check NAME PROBLEMS: passes when there are none; otherwise shows them
    if [ -z "$2" ]; then passed=$((passed + 1)); echo "ok - $1"
    else failed=$((failed + 1)); echo "not ok - $1"; printf '%s\n' "$2" | head -20 | sed 's/^/    /'; fi
}
sql() { "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -U "${role:-owner}" -d "$database" "$@" 2>&1; }
apply() { "$bin/psql" -X -q -1 -v ON_ERROR_STOP=1 -U owner -d "$database" -f "$1" 2>&1 >/dev/null | grep -v NOTICE; }
apply_set() { local file; for file in "$root/migrations/$1"/*.sql; do apply "$file" | sed "s|^|${file##*/}: |"; done; }
seeds() { grep -l '^-- tenantsh: seed$' "$root/migrations/$1"/*.sql; }
run_seeds() { local file; for file in $(seeds "$1"); do apply "$file" | sed "s|^|${file##*/}: |"; done; }
generate() {   # generate MEMBERS SEED
    PGOPTIONS="-c tenantsh.members=$1 -c tenantsh.seed=$2" apply "$root/migrations/seeds/tenant_sample.sql"
}
# One line a table, with a digest of its rows; "xmin" as argument adds each row's writer.
digest() {
    sql <<SQL
select format('select %L, count(*), md5(coalesce(string_agg(t::text ${1:+|| t.xmin}, chr(10) order by t::text), '''')) from only %s t',
              c.oid::regclass, c.oid::regclass)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema' order by c.oid::regclass::text
\gexec
SQL
}
changed() { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"); }

# What must hold in any database that either set made.
check_structure() {
    check "$1: no floats, no timestamps without zone" "$(sql -c "
        select format('%s.%s.%s is %s', table_schema, table_name, column_name, data_type) from information_schema.columns
        where table_schema !~ '^(pg_|information_schema|public)'
          and data_type in ('real', 'double precision', 'money', 'timestamp without time zone', 'character varying', 'character')")"
    check "$1: every foreign key has an index" "$(sql -c "
        select format('%s.%s', k.conrelid::regclass, k.conname) from pg_constraint k
        where k.contype = 'f' and k.conparentid = 0 and not exists (
            select from pg_index i where i.indrelid = k.conrelid
              and (select array_agg(a order by a) from unnest(k.conkey) a)
                = (select array_agg(a order by a) from unnest((string_to_array(i.indkey::text, ' ')::smallint[])[1 : cardinality(k.conkey)]) a))")"
    check "$1: every table has a primary key" "$(sql -c "
        select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)' and n.nspname <> 'public'
          and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')")"
    check "$1: every schema and table has a comment" "$(sql -c "
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v') and not c.relispartition and n.nspname !~ '^(pg_|information_schema)'
          and n.nspname <> 'public' and obj_description(c.oid, 'pg_class') is null
        union all select nspname from pg_namespace
        where nspname !~ '^(pg_|information_schema)' and obj_description(oid, 'pg_namespace') is null")"
    check "$1: whoever ran the set owns all of it" "$(sql -c "
        select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname !~ '^(pg_|information_schema)' and c.relowner <> 'owner'::regrole")"
    check "$1: constraints and indexes carry a given name" "$(sql -c "
        select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = k.connamespace
        where n.nspname !~ '^(pg_|information_schema)' and not c.relispartition and k.conname !~ '^(pk|fk|uq|ck|ex)_'
        union all select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
            join pg_namespace n on n.oid = c.relnamespace
        where n.nspname !~ '^(pg_|information_schema|pg_toast)' and not t.relispartition and c.relname !~ '^(pk|uq|idx|ex)_'")"
}

check_second_application() {
    check "$1: a table file applied twice says \"already exists\"" "$(
        for file in $(grep -L '^-- tenantsh: seed$' "$root/migrations/$1"/*.sql); do
            [ "${file##*/}" = 001_extensions.sql ] && continue
            grep -q 'already exists' <<<"$(apply "$file")" || echo "${file##*/}"
        done)"
    local before; before=$(digest xmin)
    check "$1: seeds run again without error" "$(run_seeds "$1")"
    check "$1: seeds run again change no row" "$(changed "$before" "$(digest xmin)")"
}

# ---- the files
database=postgres role=postgres
sql -c "create role owner login nosuperuser createdb createrole" -c "create database master owner owner" \
    -c "create database tenant owner owner" || exit 1
role=owner
sets=("$root"/migrations/{master,tenant,seeds}/*.sql)

check "numbers run from 001 without a gap" "$(for set in master tenant; do
    diff <(ls "$root/migrations/$set" | grep '\.sql$' | cut -c1-3) <(seq -f %03g "$(ls "$root/migrations/$set" | grep -c '\.sql$')")
    ls "$root/migrations/$set" | grep -v -E '^([0-9]{3}_[a-z0-9_]+\.sql|set\.toml)$'; done)"
count=$(ls "$root"/migrations/master/*.sql | wc -l)
check "master set has 50 files or more ($count)" "$([ "$count" -ge 50 ] || echo "$count")"
count=$(ls "$root"/migrations/tenant/*.sql | wc -l)
check "tenant set has 18 files or more ($count)" "$([ "$count" -ge 18 ] || echo "$count")"
check "no transaction control, psql commands or CONCURRENTLY" \
    "$(grep -n -i -E '^\\|^ *(begin|commit|rollback|start transaction) *;|concurrently' "${sets[@]}")"
check "IF NOT EXISTS only for extensions" "$(grep -n -i 'if not exists' "${sets[@]}" | grep -v 'create extension')"
check "no code of a licensed set (five digits, D and four digits)" \
    "$(grep -n -E "'([0-9]{5}|D[0-9]{4})'" "$root"/migrations/master/*.sql)"
check "a seed says so first and what it fills second; others hold no rows" "$(for file in "${sets[@]}"; do
    name=${file#"$root"/migrations/}
    if grep -q -E '^insert into' "$file"; then
        [ "$(head -1 "$file")" = '-- tenantsh: seed' ] || echo "$name: no mark"
        diff <(sed -n '2s/^-- fills: //p' "$file" | tr -d ' ' | tr ',' '\n' | sort) \
             <(sed -n -E 's/^insert into ([a-z_.]+).*/\1/p' "$file" | sort -u) | sed "s|^|$name: |"
        [ "$(grep -c '^insert into' "$file")" = "$(grep -c '^on conflict' "$file")" ] || echo "$name: insert without on conflict"
    else ! grep -q '^-- tenantsh: seed' "$file" || echo "$name: marked, but empty"; fi; done)"
keywords=$(sql -c "select string_agg(word, '|') from pg_get_keywords()")
check "no two files alike but for names" "$(for file in "${sets[@]}"; do
    printf '%s %s\n' "$(KEYWORDS=$keywords perl -0pe '
        s/--[^\n]*//g;
        s/('"'"'(?:[^'"'"']|'"'"''"'"')*'"'"')|\b([a-z_][a-z0-9_]*)\b/my ($s, $w) = ($1, $2); defined $s ? $s : $w =~ m{^(?:$ENV{KEYWORDS})$}i ? lc $w : "w"/gie;
        s/\s+/ /g' "$file" | md5sum | cut -c1-32)" "${file#"$root"/migrations/}"; done | sort | awk '$1 == last { print name, $2 } { last = $1; name = $2 }')"

# ---- master
database=master
check "master: applies as a role without superuser" "$(apply_set master)"
check "master: schemas and fixed tables" "$(sql -c "
    select name from unnest(array['identity.tenant', 'identity.tenant_audit', 'identity.db_server', 'identity.backup',
        'identity.environment', 'security.platform_user', 'security.platform_role', 'security.platform_role_assignment',
        'rcm_master.payer', 'rcm_master.procedure_service_line', 'rcm_master.modifier_injection_rule']) name
    where to_regclass(name) is null")"
check_structure master
check "master: three rows or more in every table of rcm_master and reference" "$(sql <<'SQL' | awk -F'|' '$2 < 3'
select format('select %L, count(*) from %s', c.oid::regclass, c.oid::regclass) from pg_class c
where c.relkind = 'r' and c.relnamespace in ('rcm_master'::regnamespace, 'reference'::regnamespace)
\gexec
SQL
)"
check "master: every foreign key of rcm_master and reference is used by a row" "$(sql <<'SQL'
select format('select %L where not exists (select from %s where %s)', k.conrelid::regclass || ' ' || k.conname, k.conrelid::regclass,
              (select string_agg(format('%I is not null', a.attname), ' and ') from pg_attribute a
               where a.attrelid = k.conrelid and a.attnum = any (k.conkey)))
from pg_constraint k where k.contype = 'f' and k.connamespace in ('rcm_master'::regnamespace, 'reference'::regnamespace)
\gexec
SQL
)"
check "master: every vertical has ten service lines or more" "$(sql -c "
    select v.code, count(l.code) from unnest(array['professional', 'institutional', 'dental', 'behavioral_health', 'dme',
        'home_health', 'transport']) as v (code)
    left join rcm_master.procedure_service_line l on l.vertical = v.code group by v.code having count(l.code) < 10")"
check "master: time zones are PostgreSQL's" "$(sql -c "
    select name from reference.timezone t where not exists (select from pg_timezone_names z where z.name = t.name
        and (z.is_dst or z.utc_offset = t.standard_offset_minutes * interval '1 minute'))")"
check "master: no tenants, servers or people yet" "$(sql -c "
    select 'rows' where exists (select from identity.tenant) or exists (select from identity.db_server)
        or exists (select from security.platform_user) or exists (select from identity.tenant_audit)")"
check_second_application master

refused() { local answer; answer=$(sql -c "$2"); grep -q -- "$3" <<<"$answer" || printf '%s\n%s\n' "$2" "${answer:-was accepted}"; }
sql -c "insert into identity.db_server (name, region, host, port, admin_user, admin_secret_ref)
            values ('pg-1', 'eastus2', '/tmp', 5501, 'owner', 'env:PG1')" \
    -c "insert into identity.tenant (slug, display_name, server_id, database_name)
            select s, s, id, s from identity.db_server, unnest(array['acme', 'acme-restore']) s" \
    -c "insert into identity.tenant_audit (object, action, reason) values ('tenant acme', 'provision', 'test')"
tenant="insert into identity.tenant (slug, display_name, server_id, database_name, placement, schema_name, status) select"
check "master: the registry refuses what it must" "$(
    refused - "$tenant 'Bad_Slug', 'x', id, 'x', 'database', null, 'provisioning' from identity.db_server" ck_tenant_slug
    refused - "$tenant 'a' || repeat('b', 38), 'x', id, 'x', 'database', null, 'provisioning' from identity.db_server" ck_tenant_slug
    refused - "$tenant 'x', 'x', id, 'x', 'schema', null, 'provisioning' from identity.db_server" ck_tenant_schema_name
    refused - "$tenant 'x', 'x', id, 'x', 'database', null, 'active' from identity.db_server" ck_tenant_active_has_config
    refused - "$tenant 'x', 'x', id, 'acme', 'database', null, 'provisioning' from identity.db_server" ex_tenant_place
    refused - "update identity.tenant_audit set reason = 'another'" append-only
    refused - "delete from identity.tenant_audit" append-only
    refused - "truncate identity.tenant_audit" append-only
    refused - "insert into security.platform_user (email, display_name, password_hash) values ('a@b', 'A', 'secret')" password_hash)"
check "master: a cutover may swap two tenants' databases" "$(sql -1 \
    -c "update identity.tenant set database_name = 'acme-restore' where slug = 'acme'" \
    -c "update identity.tenant set database_name = 'acme' where slug = 'acme-restore'")"
check "master: a first administrator can be written" "$(sql \
    -c "insert into security.platform_user (email, display_name, password_hash)
            values ('Ada@Example.org', 'Ada', crypt('correct horse', gen_salt('bf', 4)))" \
    -c "insert into security.platform_role_assignment (user_id, role_code)
            select id, 'platform_admin' from security.platform_user where email = 'ada@example.org'" \
    -c "select 'holds ' || count(*) from security.platform_user_permission having count(*) <> (select count(*) from security.platform_permission)")"

# ---- tenant
database=tenant
check "tenant: applies as a role without superuser" "$(apply_set tenant)"
check "tenant: fixed tables" "$(sql -c "
    select name from unnest(array['identity.organization', 'security.app_user', 'security.role', 'security.user_role',
        'members.member', 'eligibility.request', 'claims.claim', 'remits.remittance', 'pgboss.job']) name
    where to_regclass(name) is null")"
check_structure tenant
check_second_application tenant
role=postgres sql -c "create database tenant_at_once owner owner template tenant"

# ---- the generator
check "generator: 100 members" "$(generate 100 acme)"
check "generator: 100 members is what it says" "$(sql -c "select count(*) from members.member having count(*) <> 100")"
before=$(digest xmin)
check "generator: the same again runs" "$(generate 100 acme)"
check "generator: the same again changes nothing" "$(changed "$before" "$(digest xmin)")"
check "generator: 300 members" "$(generate 300 acme)"
check "generator: every table outside the queue has rows" \
    "$(digest | awk -F'|' '$2 == 0 && $1 !~ /^pgboss[.]archive/ { print $1 }')"
check "generator: sums agree" "$(sql -c "
    select 'claim ' || c.claim_number from claims.claim c
    where c.total_charge <> (select sum(l.charge) from claims.claim_line l where l.claim_id = c.id)
    union all select 'remittance ' || r.trace_number from remits.remittance r
    where r.payment_amount <> (select sum(x.paid) from remits.remit_claim x where x.remittance_id = r.id)
    union all select 'remit claim ' || x.payer_control_number from remits.remit_claim x
    where x.charged - x.paid <> (select sum(a.amount) from remits.adjustment a where a.remit_claim_id = x.id)
    union all select 'lines of ' || claim_id from claims.claim_line group by claim_id having count(*) not between 1 and 4")"
check "generator: names, births and claims vary" "$(sql -c "
    select 'too alike' from members.member having count(distinct full_name) < 250 or count(distinct birth_date) < 250
    union all select 'statuses' from claims.claim having count(distinct status_code) < 6
    union all select 'payers' from members.coverage having count(distinct payer_code) < 8")"
grown=$(digest)
database=tenant_at_once
check "generator: 300 at once, in another time zone" "$(PGTZ=Asia/Tokyo generate 300 acme)"
check "generator: 100 and then 300 is 300 at once" "$(changed "$grown" "$(digest)")"
check "generator: another seed is another crowd" "$(generate 50 globex
    sql -c "select count(*) from members.member having count(*) <> 350")"
check "tenant: a status change is written to the history" "$(sql \
    -c "update claims.claim set status_code = 'void' where claim_number = (select min(claim_number) from claims.claim)" \
    -c "select 'history' from claims.status_history where status_code = 'void' having count(*) <> 1")"
check "tenant: a member entered by hand gets a number, the queue gives work" "$(sql \
    -c "insert into members.member (organization_id, family_name, given_name, birth_date, sex)
            select id, 'Hand', 'Ada', '1980-01-01', 'F' from identity.organization limit 1" \
    -c "select 'number' from members.member where family_name = 'Hand' and member_number <> 'M00001000'" \
    -c "select 'jobs' from pgboss.fetch('eligibility.refresh', 2) having count(*) <> 2")"

# ---- the way provisioning does it: an owner that cannot log in, an application role with plain grants
role=postgres sql -c "create role acme_owner nologin" -c "create role acme_app login" -c "grant acme_owner to owner" \
    -c "create database tenant_provisioned owner acme_owner"
database=tenant_provisioned
check "tenant: applies under SET ROLE" "$(PGOPTIONS='-c role=acme_owner' apply_set tenant
    PGOPTIONS='-c role=acme_owner' generate 20 acme)"
check "tenant: the database's owner owns all of it" "$(sql -c "
    select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema)' and c.relowner <> 'acme_owner'::regrole")"
check "tenant: grants on schemas, tables and sequences are enough for the application" "$(
    PGOPTIONS='-c role=acme_owner' sql -c "
    do \$\$ declare s text; begin
        foreach s in array array['identity', 'security', 'members', 'eligibility', 'claims', 'remits', 'pgboss'] loop
            execute format('grant usage on schema %I to acme_app', s);
            execute format('grant select, insert, update, delete on all tables in schema %I to acme_app', s);
            execute format('grant usage on all sequences in schema %I to acme_app', s);
        end loop;
    end \$\$"
    role=acme_app sql -c "insert into members.member (organization_id, family_name, given_name, birth_date, sex, email)
        select id, 'Hand', 'Ada', '1980-01-01', 'F', 'ada@mail.example' from identity.organization" \
    -c "insert into eligibility.request (coverage_id, service_date, trace_number) select id, '2026-06-01', 'T1' from members.coverage limit 1" \
    -c "update claims.claim set status_code = 'void' where status_code = 'draft' or claim_number = (select min(claim_number) from claims.claim)" \
    -c "select 'fetched' from pgboss.fetch('none')")"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
