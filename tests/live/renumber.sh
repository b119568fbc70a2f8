#!/usr/bin/env bash
# Numbers that are there twice: plan, renaming in folder, ledgers and histories, a run that is cut off.
# And `migrate new` as an operator types it.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
for slug in acme birch cedar; do
    tenantsh run provision_tenant --input "slug=$slug" --yes >/dev/null 2>&1 </dev/null || fail "tenant $slug"
done
says() { superuser pg-1 "tenant_$1" "$2"; }
# The set's own rows; those of the shipped set stand in the same ledger.
ledger() { says "$1" "select name from tenantsh.ledger where scope = 'tenant' and name ~ '_t[0-9]' order by name"; }
titles() { sed -E 's/^[0-9]+_//'; }

# 001 … 022, with a second 010, 014, 015 and 022; 014 has pairs, 015 and 022 have programs around them.
mkdir set
for number in $(seq -f %03g 1 23); do echo "select 't$number';" >"set/${number}_t$number.sql"; done
rm set/014_t014.sql
echo "select 'b';" >set/010_t010b.sql
for title in t014a t014b; do
    echo "select '$title';" >"set/014_$title.up.sql"
    echo "select 'back $title';" >"set/014_$title.down.sql"
done
echo "select 'b';" >set/015_t015b.sql
echo "run('015_t015b.sql')" >set/015_t015b.js
echo "select 'b';" >set/022_t022b.sql
echo "run('022_t022b.sql')" >set/022_t022b.js
cp -r set before
tenants=(--set set --tenants acme,birch,cedar)
mark() { tenantsh migrate mark "${@:2}" --set set --tenants "$1" --yes >/dev/null 2>&1 || fail "mark in $1"; }
mark acme '0*_t0*'
says acme "delete from tenantsh.ledger where name = '022_t022b.sql'"
mark birch '00*_t0*' 010_t010b.sql 011_t011.sql
says acme "create table public.knex_migrations (id serial, name text); insert into public.knex_migrations (name) values ('010_t010.sql'), ('010_t010b.sql'), ('015_t015b.js')"
expect "a history that may not be written is refused before anything is" 1 tenantsh migrate renumber "${tenants[@]}" --plan
has "with the right that is missing" "$output" 'acme: its ledger cannot be read: public.knex_migrations may not be written' 'GRANT UPDATE ON public.knex_migrations'
check "and no journal is left" "$(ls -A set | grep renumber)"
says acme "alter table public.knex_migrations owner to tenant_acme_owner"

expect "up refuses the set" 1 tenantsh migrate up "${tenants[@]}" --accept missing --yes
has "for its numbers, and says what to do" "$output" 'has the same number as' 'tenantsh migrate renumber'

# ---- plan ---------------------------------------------------------------------------------------------------
expect "the plan has something to do" 8 tenantsh migrate renumber "${tenants[@]}" --plan
has "and says what" "$output" 'rename 010_t010 to' 'rename 014_t014b to' 'applied in 1 of 3 targets' \
    'rename 022_t022b to' 'applied nowhere' 'name the renamed files'
check "it renamed nothing" "$(diff -r before set)"

# ---- a run that is cut off ----------------------------------------------------------------------------------
acme_before=$(ledger acme | titles) birch_before=$(ledger birch | titles)
hold() { superuser pg-1 tenant_birch "begin; lock table tenantsh.ledger in access exclusive mode; select pg_sleep(600)" >/dev/null 2>&1 & holder=$!; }
held() { [ "$(superuser pg-1 postgres "select count(*) from pg_locks l join pg_database d on d.oid = l.database where datname = 'tenant_birch' and mode = 'AccessExclusiveLock' and granted and relation > 16384")" != 0 ]; }
release() { superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()" >/dev/null; wait $holder 2>/dev/null; }
tenantsh migrate renumber "${tenants[@]}" --plan >plan.txt 2>&1
says birch "create function public.stop() returns trigger language plpgsql as 'begin raise exception ''not now''; end'; create trigger stop before update on tenantsh.ledger for each row execute function public.stop()"
expect "a tenant that cannot be renamed stops it" 1 tenantsh migrate renumber "${tenants[@]}" --yes
has "by its name" "$output" 'birch: its ledger was not renamed' 'it goes on where it stopped'
check "no file was renamed" "$(diff -r -x .renumber.json before set)"
expect "meanwhile the folder is no set" 1 tenantsh migrate status "${tenants[@]}"
has "and says how it becomes one again" "$output" 'a renumbering was not finished' 'migrate renumber --set set'
says birch "drop trigger stop on tenantsh.ledger; drop function public.stop()"
hold
for _ in $(seq 100); do held && break; sleep 0.05; done
tenantsh migrate renumber --set set --yes >/dev/null 2>&1 &
victim=$!
for _ in $(seq 100); do
    [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where datname = 'tenant_birch' and wait_event_type = 'Lock'")" = 0 ] || break
    sleep 0.05
done
kill -9 $victim
wait $victim 2>/dev/null
release
for _ in $(seq 100); do
    [ "$(superuser pg-1 postgres "select count(*) from pg_stat_activity where datname = 'tenant_birch' and application_name like 'tenantsh %'")" = 0 ] && break
    sleep 0.1
done
expect "the next run finishes it, whatever is chosen" 0 tenantsh migrate renumber --set set --tenants cedar --yes
check "nothing is left of it" "$(ls -A set | grep renumber)"

# ---- what became of it --------------------------------------------------------------------------------------
check "every number is there once" "$(ls set | grep '\.sql$' | grep -v '\.down\.sql$' | cut -d_ -f1 | uniq -d)"
order() { ls "$1" | grep '\.sql$' | grep -v '\.down\.sql$' | titles | grep -v t022b; }
same "the order of the files is what it was, but for the tenth and the one that nobody has" \
    "$(order before | grep -v 't010')" "$(order set | grep -v 't010')"
same "the one that more tenants have is the first of the two" "t010b.sql t010.sql" "$(order set | grep t010 | paste -sd' ')"
same "what nobody had is the last" t022b.sql "$(ls set | grep '\.sql$' | tail -n 1 | titles)"
check "pairs are pairs" "$(for up in set/*.up.sql; do [ -f "${up%.up.sql}.down.sql" ] || echo "$up"; done; ls set/*.up.sql | wc -l | grep -vx 2)"
check "programs name their files" "$(for program in set/*.js; do grep -q "'$(basename "${program%.js}").sql'" "$program" || cat "$program"; done)"
same "acme has what it had" "$(sort <<<"$acme_before")" "$(ledger acme | titles | sort)"
same "birch too" "$(sort <<<"$birch_before")" "$(ledger birch | titles | sort)"
check "ledgers name files that are there" "$(for slug in acme birch; do ledger "$slug" | while read -r name; do [ -f "set/$name" ] || echo "$slug: $name"; done; done)"
check "so does the other tool's history" "$(says acme "select name from public.knex_migrations" | while read -r name; do [ -f "set/$name" ] || echo "$name"; done)"
check "no ledger row changed its digest" "$(for slug in acme birch; do says "$slug" "select name, sha256 from tenantsh.ledger where scope = 'tenant' and name ~ '_t[0-9]'" |
    while IFS='|' read -r name digest; do [ "$(sha256sum <"set/$name" | cut -c1-64)" = "$digest" ] || echo "$slug $name"; done; done)"
expect "a second time there is nothing to do" 0 tenantsh migrate renumber "${tenants[@]}" --plan
status=$(tenantsh migrate status "${tenants[@]}" --format csv 2>&1)
check "status finds nothing twice" "$(grep duplicate_number <<<"$status")"

# ---- new ----------------------------------------------------------------------------------------------------
next=$(($(ls set | grep -E '^[0-9]+' | cut -d_ -f1 | sort -n | tail -n 1 | sed 's/^0*//') + 1))
expect "new shows what it would write" 8 tenantsh migrate new column --table members.member --column 'note text' --set set --plan
has "with the next number" "$output" "$(printf '%03d' $next)_member_add_note" 'alter table members.member add column note text;'
expect "and writes it" 0 tenantsh migrate new column --table members.member --column 'note text' --set set
check "both ways" "$(ls set/*member_add_note* | wc -l | grep -vx 2)"
expect "it runs" 0 tenantsh migrate up --set set --tenants cedar --accept missing --accept out_of_order --yes
same "and did what it says" text "$(says cedar "select data_type from information_schema.columns where table_schema = 'members' and table_name = 'member' and column_name = 'note'")"
expect "a bad name" 2 tenantsh migrate new table --table 'note; drop table x' --set set
expect "an unknown template" 2 tenantsh migrate new tabel --table a.b --set set
has "is told the near one" "$output" 'did you mean table?'
finish
