#!/usr/bin/env bash
# A restored copy becomes the tenant while its application writes; the way back is one command; the former database is
# dropped by retire_tenant only, and not before its time.
. "$(dirname "$0")/../support/sandbox.sh"

# The application keeps a reference for two seconds.
printf '[environment.sandbox.application]\ncache_lifetime = "2s"\n' >tenantsh.toml
{ tenantsh sandbox up && tenantsh run master_init --yes && tenantsh run register_server --input name=pg-2 --yes &&
    tenantsh run provision_tenant --input slug=acme --input server=pg-1 --yes && tenantsh run provision_tenant --input slug=birch --yes &&
    tenantsh seed generate --tenants all --members 30; } >setup.log 2>&1 || { fail "a tenant with data" "$(tail -n 20 setup.log)"; finish; }
sockets=$(socket_of)
registry() { superuser master master "$1"; }
application_dsn() { cat "$(registry "select substr(db_config_ref, 6) from identity.tenant where slug = '$1'")"; }
database_of() { registry "select database_name from identity.tenant where slug = '$1'"; }
members() { superuser "$1" "$2" "select count(*) from members.member"; }
status() { registry "select status from identity.tenant where slug = '$1'"; }

# An application: reads the reference every two seconds, writes ten times a second, keeps what was answered.
cat >application.sh <<'SH'
dsn= since=0
for i in $(seq 100000); do
    [ -e stop ] && exit
    if [ $((SECONDS - since)) -ge 2 ] || [ -z "$dsn" ]; then dsn=$(cat "$(cat reference)"); since=$SECONDS; fi
    if answer=$(psql -XqAt "$dsn" -c "insert into identity.organization (slug, display_name) values ('load-$i', 'load') returning current_database()" 2>&1); then
        echo "$i $answer" >>written
    else
        echo "$i $answer" >>refused
    fi
    sleep 0.1
done
SH
write_reference() { registry "select substr(db_config_ref, 6) from identity.tenant where slug = 'acme'" >reference.new && mv reference.new reference; }

expect "a backup" 0 tenantsh run tenant_backup --input tenant=acme --yes
expect "a copy beside" 0 tenantsh run tenant_restore --input tenant=acme --yes
copy=$(registry "select slug from identity.tenant where labels ->> 'sibling_of' = 'acme'")
old=$(database_of acme) new=$(database_of "$copy")
check "the copy has a database of its own" "$([ -n "$new" ] && [ "$new" != "$old" ] || echo "$old $new")"
same "the copy is read-only" read_only "$(status "$copy")"

# ---- what is refused -------------------------------------------------------------------------------------------
expect "a tenant is no sibling" 1 tenantsh run tenant_cutover --input tenant=acme --input sibling=birch --confirm acme --yes
has "it says so" "$output" "birch is no sibling of acme: it is a tenant of its own"
expect "itself is no sibling" 1 tenantsh run tenant_cutover --input tenant=acme --input sibling=acme --confirm acme --yes
expect "a sibling has no siblings" 1 tenantsh run tenant_cutover --input tenant="$copy" --input sibling="$copy" --confirm "$copy" --yes
expect "nobody there" 1 tenantsh run tenant_cutover --input tenant=acme --input sibling=nobody --confirm acme --yes
expect "no slug" 2 tenantsh run tenant_cutover --input tenant=acme --input sibling="'; drop" --confirm acme --yes
superuser pg-1 "$old" "insert into identity.organization (slug, display_name) values ('late-1', 'late'), ('late-2', 'late')" >/dev/null
expect "rows that came since and are not allowed" 1 tenantsh run tenant_cutover --input tenant=acme --input sibling="$copy" --confirm acme --yes
has "which table, how many" "$output" "identity.organization: 2 rows differ"
same "the tenant takes writes again" active "$(status acme)"
expect "without a word nothing is switched" 4 tenantsh run tenant_cutover --input tenant=acme --input sibling="$copy" --input drift=2 --yes
same "the tenant is where it was" "$old" "$(database_of acme)"
same "and active" active "$(status acme)"
tenantsh runs abandon "$(last_run)" --yes >/dev/null 2>&1

# ---- the switch, under load ------------------------------------------------------------------------------------
write_reference
cp reference reference.old
bash application.sh & application=$!
# A resolver that listens, and a report that reads on the former database whatever happens: it comes back when it is ended.
(echo "listen tenant_config;"; while [ ! -e stop ]; do echo "select;"; sleep 0.2; done) |
    psql -XqAt "$(tenantsh sandbox status --format csv | grep ^master, | cut -d, -f3 | tr -d '"')" >heard 2>&1 & listener=$!
(while [ ! -e stop ]; do PGAPPNAME=report psql -XqAt "$(cat "$(cat reference.old)")" -c "select pg_sleep(30)"; sleep 0.1; done) >/dev/null 2>&1 & reader=$!
for _ in $(seq 50); do [ -s written ] && break; sleep 0.1; done
expect "the copy becomes the tenant" 0 bash -c "tenantsh run tenant_cutover --input tenant=acme --input sibling='$copy' --input drift=1000 --confirm acme --yes"
has "the way back is told" "$output" "--input sibling=acme-before-"
has "who was still at work on the former database is shown" "$output" "tenant_acme_app (report"
write_reference
lines=$(wc -l <written)
for _ in $(seq 60); do grep -q " $new\$" written && break; sleep 0.1; done
same "nobody works on the former database" 0 "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where datname = '$old' and backend_type = 'client backend'")"
touch stop; wait $application
kill $listener $reader 2>/dev/null; wait $listener $reader 2>/dev/null
rm stop
has "a listening client is told" "$(cat heard)" '"tenant_config" with payload "{"tenant": "acme", "action": "cutover"}"'
same "the registry names the copy's database" "$new" "$(database_of acme)"
same "the tenant is active" active "$(status acme)"
former=$(registry "select slug from identity.tenant where labels ? 'replaced_at'")
same "the former database is its own row" "$old" "$(database_of "$former")"
same "the former database is suspended" suspended "$(status "$former")"
check "the application writes at the new database" "$(grep -q " $new\$" written || tail -n 3 written refused)"
check "and was refused in between, never lost" "$(grep -q 'read-only\|permission denied\|does not exist\|not permitted' refused || cat refused)"
# Every answered write is in the database that answered it; none went to the old one after the first to the new one.
same "no answered write is lost" "$(wc -l <written)" "$(($(superuser pg-1 "$old" "select count(*) from identity.organization where slug like 'load-%'") + $(superuser "$(registry "select s.name from identity.tenant t join identity.db_server s on s.id = t.server_id where t.slug = 'acme'")" "$new" "select count(*) from identity.organization where slug like 'load-%'")))"
check "one writer at any time" "$(awk -v new="$new" '$2 == new { seen = 1; next } seen { print }' written)"
audited=$(registry "select count(*) from identity.tenant_audit where action = 'cutover' and after ->> 'former' = '$former'")
same "audited once" 1 "$audited"
check "the application's own login cannot write to the former one" "$(psql -XqAt "$(application_dsn "$former")" -c "insert into identity.organization (slug, display_name) values ('x', 'x')" 2>/dev/null && echo it could)"

# ---- back, with an application that is restarted instead of waited for -------------------------------------------
printf '#!/bin/sh\necho "$TENANTSH_ENVIRONMENT $TENANTSH_TENANT" >>%s/restarted\n' "$work" >restart && chmod +x restart
printf '[environment.sandbox.application]\nrestart = ["./restart"]\n' >tenantsh.toml
expect "one command back" 0 tenantsh run tenant_cutover --input tenant=acme --input sibling="$former" --input drift=any --confirm acme --yes
same "the application was restarted" "sandbox acme" "$(cat restarted)"
same "where it was" "$old" "$(database_of acme)"
same "active" active "$(status acme)"
check "its login writes" "$(psql -XqAt "$(application_dsn acme)" -c "insert into identity.organization (slug, display_name) values ('back', 'back')" 2>&1)"
replaced=$(registry "select slug from identity.tenant where labels ? 'replaced_at'")
same "the copy is the former one now" "$new" "$(database_of "$replaced")"

# ---- the end of the replaced one -------------------------------------------------------------------------------
expect "not before its time" 1 tenantsh run retire_tenant --input tenant="$replaced" --input reason=over --confirm "$replaced" --yes
has "it says until when" "$output" "is kept until"
expect "a living tenant does not end" 2 tenantsh run retire_tenant --input tenant=acme --input reason=over --confirm acme --yes
registry "update identity.tenant set labels = labels || '{\"replaced_at\": \"2020-01-01T00:00:00Z\", \"keep_until\": \"2020-01-08T00:00:00Z\"}' where slug = '$replaced'" >/dev/null
expect "after it" 0 tenantsh run retire_tenant --input tenant="$replaced" --input reason=over --confirm "$replaced" --yes
same "retired" retired "$(status "$replaced")"
same "its database is gone" 0 "$(superuser pg-1 postgres "select count(*) from pg_database where datname = '$new'")"
same "a last archive is there" 1 "$(registry "select count(*) from identity.backup b join identity.tenant t on t.id = b.tenant_id where t.slug = '$replaced'")"
archive=$(registry "select path from identity.backup b join identity.tenant t on t.id = b.tenant_id where t.slug = '$replaced'")
check "plain pg_restore reads it" "$(pg_restore --list "$archive" >/dev/null 2>&1 || echo "$archive")"
check "the tenant works on" "$(psql -XqAt "$(application_dsn acme)" -c "insert into identity.organization (slug, display_name) values ('after', 'after')" 2>&1)"
finish
