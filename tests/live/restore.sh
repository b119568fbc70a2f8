#!/usr/bin/env bash
# tenant_restore: an archive becomes a sibling that is what the archive holds; again it changes nothing; undone it is
# gone. The tenant itself cannot be made the target, whatever is said.
. "$(dirname "$0")/../support/sandbox.sh"

# sql MEMBER DATABASE SQL…: each by itself.
sql() {
    local member=$1 database=$2 each
    shift 2
    for each in "$@"; do superuser "$member" "$database" "$each" || return; done
}

tenantsh sandbox up >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
expect "a second server" 0 tenantsh run register_server --input name=pg-2 --yes
for slug in acme beta; do expect "tenant $slug" 0 tenantsh run provision_tenant --input slug=$slug --input server=pg-1 --yes; done
tenantsh seed generate --tenants all --members 40 --yes >/dev/null 2>&1 </dev/null || fail "rows"
sql pg-1 tenant_acme "alter database tenant_acme set work_mem = '8MB'" "create publication news for all tables" "select lo_from_bytea(0, 'kept')" >/dev/null
sql pg-1 tenant_acme "alter large object $(sql pg-1 tenant_acme "select oid from pg_largeobject_metadata") owner to tenant_acme_owner"

expect "without a backup it says so" 1 tenantsh run tenant_restore --input tenant=acme --yes
has "and what to do" "$output" "there is no verified backup of acme" "--input path="
expect "a backup" 0 tenantsh run tenant_backup --input tenant=acme --yes
archive=$(sql master master "select path from identity.backup")
sibling=acme-restore-$(basename "$archive" | sed 's/acme-\(........\)T\(....\).*/\1t\2z/')
database=tenant_${sibling//-/_}
structure() {
    PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") pg_dump -h "$sockets" -p "$1" -U postgres --restrict-key=x \
        -N tenantsh --no-publications --exclude-table-data='pgboss.*' "$2"
}
everything() {
    sql "$1" postgres "select datname, datdba::regrole, datacl from pg_database order by 1" "select rolname from pg_roles order by 1" \
        "select roleid::regrole, member::regrole from pg_auth_members order by 1, 2"
    sql master master "select slug, status, database_name, labels from identity.tenant order by 1"
}
before=$(everything pg-1)

# ---- the whole way ----------------------------------------------------------------------------------------------
expect "a plan says what would be done" 8 tenantsh run tenant_restore --input tenant=acme --plan
has "each command of it" "$output" "$sibling" "pg_restore" "--no-owner" "--role=tenant_acme_owner" "--exit-on-error" "alter database"
same "and does nothing" "$before" "$(everything pg-1)"
live=$(structure 5501 tenant_acme)
# Compared before the write fence takes the privileges that write.
expect "it is restored" 0 tenantsh run tenant_restore --input tenant=acme --yes --until compare
first=$(last_run) told=$output
same "all of it is there" "$live" "$(structure 5501 "$database")"
same "the tenant is as it was" "$live" "$(structure 5501 tenant_acme)"
expect "and closed to writers" 0 tenantsh runs resume "$first" --yes
told+=$output
has "it tells the rows and the way in" "$told" "drift: none" "psql \"host=$sockets port=5501 dbname=$database" "settings of database tenant_acme are no part"
expect "nobody writes into it" 1 sql pg-1 "$database" "set role tenant_acme_app; delete from members.address"
same "the registry knows it for what it is" "read_only|acme|$archive|$database" \
    "$(sql master master "select status, labels->>'sibling_of', labels->>'restored_from', database_name from identity.tenant where slug = '$sibling'")"
same "its owner" tenant_acme_owner "$(sql pg-1 postgres "select datdba::regrole from pg_database where datname = '$database'")"
same "nobody but those whom the archive names may connect" "f t" \
    "$(sql pg-1 postgres "select has_database_privilege('public', '$database', 'connect') || ' ' || has_database_privilege('tenant_acme_app', '$database', 'connect')" | sed 's/false/f/; s/true/t/')"
same "statistics are there" t "$(sql pg-1 "$database" "select count(*) > 20 from pg_stat_user_tables where last_analyze is not null")"
same "large objects too" kept "$(sql pg-1 "$database" "select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata")"
same "publications stay behind" 0 "$(sql pg-1 "$database" "select count(*) from pg_publication")"
psql_line=$(grep -o 'psql "host=[^"]*"' <<<"$told" | head -n 1)
same "the line it prints opens it" 40 "$(PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.admin") eval "$psql_line -X -A -t -c 'select count(*) from members.member'")"
has "it is audited" "$(sql master master "select action, object from identity.tenant_audit")" "restore|tenant $sibling"

# ---- siblings are no tenants --------------------------------------------------------------------------------------
expect "all of them" 0 tenantsh query 'select 1 as one' --tenants all --format csv
check "is without the sibling" "$(grep -o "^$sibling" <<<"$output")"
has "which is said" "$output" "1 restored tenant left out"
expect "by label it is meant" 0 tenantsh query 'select count(*) as members from members.member' --tenants label.sibling_of=acme --format csv
has "and answers" "$output" "$sibling,40"
expect "by name too" 0 tenantsh query 'select 1 as one' --tenants "$sibling" --format csv

# ---- again ----------------------------------------------------------------------------------------------------------
after=$(everything pg-1)
sql pg-1 tenant_acme "delete from members.address" "insert into identity.organization (slug, display_name) values ('later', 'Later')"
expect "again: everything is done already" 0 tenantsh run tenant_restore --input tenant=acme --yes --input 'tables=*'
has "what the tenant did since is told" "$output" "identity.organization: restored 1, live 2" "members.address: restored"
same "and nothing is changed" "$after" "$(everything pg-1)"
expect "the same from Lua, as a table" 0 tenantsh -e "tenants['$sibling']:compare_restored{ tables = { 'identity.*' } }" --format csv
has "with the counts of each side" "$output" "identity.organization,1,1,2,equal" "1 rows more in the source since the dump"
sql pg-1 "$database" "set transaction_read_only = off; delete from remits.adjustment where ctid = (select min(ctid) from remits.adjustment)"
expect "rows that are missing are found" 1 tenantsh -e "tenants['$sibling']:compare_restored{}"
has "by table" "$output" "is not what its archive holds: remits.adjustment has"

# ---- no way into a tenant -------------------------------------------------------------------------------------------
refused() { # NAME PATTERN CODE
    local name=$1 pattern=$2
    expect "$name: refused" 1 tenantsh -e "$3" --yes
    has "$name: says why" "$output" "$pattern"
}
id=${first:-k7m2qa9x}
refused "the tenant itself" "tenant acme is no restored sibling" "tenants.acme:restore_archive{ path = '$archive', run = '$id' }"
refused "another tenant" "tenant beta is no restored sibling" "tenants.beta:restore_archive{ path = '$archive', run = '$id' }"
refused "a sibling that is done" "it was restored already" "tenants['$sibling']:restore_archive{ path = '$archive', run = '$id' }"
expect "the tenant itself, from the command line" 1 tenantsh tenants restore_archive acme --path "$archive" --run "$id" --yes
expect "no input names a target" 2 tenantsh run tenant_restore --input tenant=acme --input "sibling=acme" --yes
expect "nor a database" 2 tenantsh run tenant_restore --input tenant=acme --input "database=tenant_acme" --yes
# Rows of the registry that somebody wrote: a label makes no sibling of a tenant, another row none of its place.
sql master master "update identity.tenant set labels = '{\"sibling_of\": \"acme\"}' where slug = 'beta'"
refused "a tenant with the label of a sibling" "is no restored sibling" "tenants.beta:restore_archive{ path = '$archive', run = '$id' }"
sql master master "update identity.tenant set labels = '{}' where slug = 'beta'" \
    "insert into identity.db_server (name, region, host, port, admin_user, admin_secret_ref, status, capacity_tenants) select 'pg-alias', region, host || '/.', port, admin_user, admin_secret_ref, status, 10 from identity.db_server where name = 'pg-1'" \
    "insert into identity.tenant (slug, display_name, server_id, placement, database_name, labels) select 'acme-restore-20200101t0000z', 'x', id, 'database', 'tenant_acme', jsonb_build_object('sibling_of', 'acme', 'restored_from', '$archive', 'taken_at', '2020-01-01T00:00:00Z') from identity.db_server where name = 'pg-alias'"
refused "its database under another row and another server's name" "the place of sibling acme-restore-20200101t0000z is tenant acme's too" \
    "tenants['acme-restore-20200101t0000z']:restore_archive{ path = '$archive', run = '$id' }"
expect "nor is it dropped by an undo" 1 tenantsh -e "tenants['acme-restore-20200101t0000z']:drop_restored{ run = '$id' }" --confirm acme-restore-20200101t0000z
sql master master "delete from identity.tenant where slug = 'acme-restore-20200101t0000z'" "delete from identity.db_server where name = 'pg-alias'"
expect "a copy's name is made of a run's id only" 2 tenantsh -e "tenants.acme:can_be_restored{ path = '$archive', run = 'x; drop' }"

# ---- a place that is taken -------------------------------------------------------------------------------------------
expect "undone" 0 tenantsh runs undo "$first" --yes
same "nothing of it is left" "$before" "$(everything pg-1)"
sql pg-1 postgres "create database $database"
sql pg-1 "$database" "create table ours (id int)" "create view more as select 1"
expect "a filled target is refused" 1 tenantsh run tenant_restore --input tenant=acme --yes
has "with what is in it" "$output" "database $database is there and no restore made it; in it: 1 table, 1 view (public.ours)" "rename or drop"
same "and left alone" 1 "$(sql pg-1 "$database" "select count(*) from pg_class where relname = 'ours'")"
sql pg-1 postgres "drop database $database"
same "the registry too" "$before" "$(everything pg-1)"

# ---- two at once -------------------------------------------------------------------------------------------------------
sql master master "begin; lock table identity.tenant in access exclusive mode; select pg_sleep(60)" >/dev/null 2>&1 &
for _ in $(seq 100); do
    [ -z "$(sql master postgres "select 1 from pg_stat_activity where wait_event = 'PgSleep'")" ] || break
    sleep 0.1
done
sql master master "select 1" >/dev/null
tenantsh run tenant_restore --input tenant=acme --input path="$archive" --yes >"$work/one" 2>&1 </dev/null &
tenantsh run tenant_restore --input tenant=acme --input path="$archive" --yes >"$work/two" 2>&1 </dev/null &
sleep 3
sql master postgres "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
wait $(jobs -p | tail -n 2) 2>/dev/null; wait
check "one of two is told of the other, or finds it done" "$(grep -lE "acme.*(lock|holds|held)|already done" "$work/one" "$work/two" >/dev/null || cat "$work/one" "$work/two")"
same "there is one sibling" 1 "$(sql master master "select count(*) from identity.tenant where labels->>'sibling_of' = 'acme'")"
same "whole" "$(sql pg-1 "$database" "select count(*) from members.member")" 40

# ---- on another server ---------------------------------------------------------------------------------------------------
expect "a backup of beta" 0 tenantsh run tenant_backup --input tenant=beta --yes
expect "is restored on another server" 0 tenantsh run tenant_restore --input tenant=beta --input server=pg-2 --yes
other=$(sql master master "select database_name from identity.tenant where labels->>'sibling_of' = 'beta'")
same "with roles that were not there" "tenant_beta_app tenant_beta_owner" \
    "$(sql pg-2 postgres "select string_agg(rolname, ' ' order by rolname) from pg_roles where rolname ~ '^tenant_'")"
same "and its rows" 40 "$(sql pg-2 "$other" "select count(*) from members.member")"
expect "undone there" 0 tenantsh runs undo "$(last_run)" --yes
same "no role is left" 0 "$(sql pg-2 postgres "select count(*) from pg_roles where rolname ~ '^tenant_'")"

# ---- a dump that is huge because of a queue ------------------------------------------------------------------------------
sql pg-1 tenant_acme "create schema work" "create table work.job (id int, payload text)" "insert into work.job select i, repeat('x', 500) from generate_series(1, 20000) i" \
    "grant usage on schema work to tenantsh_admin" "grant select on work.job to tenantsh_admin"
expect "what a dump weighs" 0 tenantsh -e 'tenants.acme:dump_weight()' --format csv
has "the heaviest schema first" "$(head -n 2 <<<"$(grep -v '^schema work is' <<<"$output")")" "schema,tables,bytes,percent,rows_travel,heaviest" "work,1,"
has "and what to do about it" "$output" "schema work is" "holds a queue (job): --input structure=pgboss,work leaves its rows out"
sql pg-1 tenant_acme "drop schema work cascade"

# ---- encrypted ------------------------------------------------------------------------------------------------------------
if command -v age-keygen >/dev/null; then
    age-keygen -o "$work/key" 2>/dev/null; age-keygen -o "$work/other_key" 2>/dev/null
    expect "an encrypted backup with digests" 0 tenantsh run tenant_backup --input tenant=beta --input recipients="$(age-keygen -y "$work/key")" --input digests=true --yes
    sealed=$(find "$TENANTSH_HOME/backups" -name 'beta-*.age')
    expect "it is not restored without a key" 1 tenantsh run tenant_restore --input tenant=beta --input path="$sealed" --yes
    has "which input names it is said" "$output" "is encrypted with age" "--input identity=PATH"
    expect "nor with another" 1 tenantsh run tenant_restore --input tenant=beta --input path="$sealed" --input identity="$work/other_key" --yes
    has "which is said" "$output" "does not open"
    same "and nothing was created" 0 "$(sql master master "select count(*) from identity.tenant where labels->>'sibling_of' = 'beta'")"
    expect "with its key it is" 0 tenantsh run tenant_restore --input tenant=beta --input path="$sealed" --input identity="$work/key" --yes
    has "down to the contents" "$output" "contents: the same in"
    expect "undone" 0 tenantsh runs undo "$(last_run)" --yes
else
    echo "# no age here: encrypted archives were not tried"
fi

# ---- the tenant's database is gone, which is what backups are for -----------------------------------------------------------
plain=$(sql master master "select path from identity.backup b join identity.tenant t on t.id = b.tenant_id where slug = 'beta' and path like '%.dump' order by taken_at limit 1")
sql pg-1 postgres "drop database tenant_beta with (force)"
expect "it is restored all the same" 0 tenantsh run tenant_restore --input tenant=beta --input path="$plain" --yes
has "without a word on drift" "$output" "not compared: the live tenant does not answer"
same "with its rows" 40 "$(sql pg-1 "$(sql master master "select database_name from identity.tenant where labels->>'sibling_of' = 'beta'")" "select count(*) from members.member")"

# ---- an application's login instead of the admin's --------------------------------------------------------------------------
login=$(find "$TENANTSH_HOME" -name acme.dsn)
sed "s/.*password=\([^ ]*\).*/\1/" "$login" >"$work/app.secret"; chmod 600 "$work/app.secret"
sql master master "update identity.db_server set admin_user = 'tenant_acme_app', admin_secret_ref = 'file:$work/app.secret' where name = 'pg-1'"
sql pg-1 postgres "grant connect on database postgres to tenant_acme_app"
expect "the application's role may not restore" 1 tenantsh -e "tenants.beta:can_be_restored{ path = '$plain' }"
has "it says whose login it is and where it comes from" "$output" "permission denied: login tenant_acme_app may not create databases on server pg-1" "file:$work/app.secret" "identity.db_server"
expect "nor dump" 1 tenantsh run tenant_backup --input tenant=acme --yes
has "the same is said" "$output" "may not read schema" "file:$work/app.secret"
finish
