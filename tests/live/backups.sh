#!/usr/bin/env bash
# Backups of a fleet as a nightly job makes them: a tenant that fails stops no other one, two jobs do not run at once, a
# monitor is told, what no rule keeps goes, and what lies on the disk can be used without master and without tenantsh.
. "$(dirname "$0")/../support/sandbox.sh"

tenantsh sandbox up --servers 1 --tenants 4 >/dev/null 2>&1 && tenantsh seed generate all --members 20 --yes >/dev/null 2>&1 || { fail "a sandbox"; finish; }
sockets=$(socket_of)
backups=$TENANTSH_HOME/backups/sandbox
archives() { find "$backups" -name '*.manifest.json' 2>/dev/null | wc -l; }
audited() { superuser master master "select count(*) from identity.tenant_audit where action = '$1'"; }
metric() { grep -E "^tenantsh_backup_$1\{environment=\"sandbox\",tenant=\"$2\"\}" night.prom | sed 's/.* //'; }

expect "a plan names every command" 8 tenantsh tenants backup --plan
has "pg_dump of each" "$output" "tenant_tenant_01" "tenant_tenant_04" "--compress=1" "--exclude-table-data=pgboss.*"
same "and nothing was made" 0 "$(archives)"

expect "every tenant" 0 tenantsh tenants backup --yes --prometheus night.prom --keep-count 2
has "says so" "$output" "4 of 4 tenants backed up"
same "one archive each" 4 "$(archives)"
same "registered in master" "tenant-01 size, listing, counts, sha256|tenant-02 size, listing, counts, sha256|tenant-03 size, listing, counts, sha256|tenant-04 size, listing, counts, sha256" \
    "$(superuser master master "select string_agg(t.slug || ' ' || b.verified_level, '|' order by t.slug) from identity.backup b join identity.tenant t on t.id = b.tenant_id")"
same "and audited" 4 "$(audited backup)"
same "the monitor hears of success" "1 1" "$(metric good tenant-03) $(metric last_attempt_success tenant-03)"
same "and of the size" "$(stat -c %s "$backups"/tenant-03/*.dump)" "$(metric last_good_bytes tenant-03)"
same "its file can be read by others" 644 "$(stat -c %a night.prom)"

sleep 1   # names are told apart by the second
expect "a monitor's file that cannot be written: exit 1" 1 tenantsh tenants backup --tenants tenant-04 --yes --prometheus "$work/nowhere/night.prom"
has "though the archive is made" "$output" "1 of 1 tenants backed up" "the monitor was told nothing"
same "five archives" 5 "$(archives)"

# ---- one that fails --------------------------------------------------------------------------------------------
sleep 1   # names are told apart by the second
superuser pg-1 postgres "alter database tenant_tenant_02 rename to gone" >/dev/null
expect "one tenant's database is gone: exit 7" 7 tenantsh tenants backup --yes --prometheus night.prom --keep-count 2
has "the others went on" "$output" "3 of 4 tenants backed up" "tenant-02" "does not exist"
same "seven archives: of tenant-04 the newest two" 7 "$(archives)"
same "the monitor hears of the failure, and of the last good one" "1 0" "$(metric good tenant-02) $(metric last_attempt_success tenant-02)"
expect "all of them failed: exit 1" 1 tenantsh tenants backup --tenants tenant-02 --yes
expect "one tenant's own error is raised" 3 tenantsh --yes -e 'tenants["tenant-02"]:backup()'
expect "a schema that is named and not there" 1 tenantsh tenants backup --tenants tenant-03 --yes --structure nowhere
has "is named" "$output" 'fits structure = "nowhere"'
superuser pg-1 postgres "alter database gone rename to tenant_tenant_02" >/dev/null

# ---- two at once -----------------------------------------------------------------------------------------------
# pg_dump cannot go on while another session holds this.
superuser pg-1 tenant_tenant_01 "begin; lock table pg_catalog.pg_publication; select pg_sleep(60)" >/dev/null 2>&1 &
for _ in $(seq 200); do
    [ -z "$(superuser pg-1 postgres "select 1 from pg_stat_activity where wait_event = 'PgSleep'")" ] || break
    sleep 0.05
done
sleep 1
tenantsh tenants backup --tenants tenant-01 --yes >first.log 2>&1 </dev/null &
first=$!
for _ in $(seq 200); do compgen -G "$backups/tenant-01/*.partial" >/dev/null && break; sleep 0.05; done
expect "a second job is refused: exit 6" 6 tenantsh tenants backup --yes
has "and told whose the first is" "$output" "backups is being worked on by" "process $first"
expect "a runbook on that tenant too" 6 tenantsh run tenant_backup --input tenant=tenant-01 --yes
has "the list knows of the one at work" "$(tenantsh backups list --tenant tenant-01)" "at work"
expect "pruning leaves it alone" 0 tenantsh backups prune --tenant tenant-01 --keep-count 5 --confirm tenant-01
check "its file is there" "$(compgen -G "$backups/tenant-01/*.partial" >/dev/null || echo "it is gone")"
kill -9 $first 2>/dev/null
wait $first 2>/dev/null
superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
for _ in $(seq 200); do pgrep -f "$backups/tenant-01/.*[.]partial" >/dev/null || break; sleep 0.05; done
has "killed, it is an unfinished one" "$(tenantsh backups list --tenant tenant-01)" "unfinished"
expect "pruning takes what it left" 0 tenantsh backups prune --tenant tenant-01 --keep-count 5 --confirm tenant-01
check "nothing of it is left" "$(compgen -G "$backups/tenant-01/*.partial")"
expect "and the next job is not in its way" 0 tenantsh tenants backup --tenants tenant-01 --yes

# ---- the disk is full in the middle ------------------------------------------------------------------------------
mkdir small
if mount -t tmpfs -o size=32m tmpfs small 2>/dev/null; then
    mkdir small/tenant-01
    superuser pg-1 tenant_tenant_01 "begin; lock table pg_catalog.pg_publication; select pg_sleep(60)" >/dev/null 2>&1 &
    for _ in $(seq 200); do
        [ -z "$(superuser pg-1 postgres "select 1 from pg_stat_activity where wait_event = 'PgSleep'")" ] || break
        sleep 0.05
    done
    tenantsh tenants backup --tenants tenant-01 --folder small --yes >full.log 2>&1 </dev/null &
    full=$!
    for _ in $(seq 200); do compgen -G "small/tenant-01/*.partial" >/dev/null && break; sleep 0.05; done
    dd if=/dev/zero of=small/filler bs=4k 2>/dev/null
    superuser pg-1 postgres "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
    wait $full
    same "it fails" 1 $?
    has "and says why, and what to do" "$(cat full.log)" "No space left on device" "make room on that disk"
    same "nothing is left of it" "" "$(ls small/tenant-01)"
    umount small
else
    echo "skipped: a full disk, because this user may not mount one"
fi

# ---- retention -------------------------------------------------------------------------------------------------
before=$(archives)
expect "pruning shows its plan" 8 tenantsh backups prune --keep-count 1 --plan
has "what would go" "$output" "delete $backups/tenant-01/" "tenant-04-"
expect "without a word of the operator nothing goes" 4 tenantsh backups prune --keep-count 1 --yes
same "all are there" "$before" "$(archives)"
expect "confirmed by the environment's name" 0 tenantsh backups prune --keep-count 1 --confirm sandbox
same "one of each is left" 4 "$(archives)"
same "in master too" 4 "$(superuser master master "select count(*) from identity.backup")"
check "the audit knows" "$([ "$(audited 'prune backups')" -ge 3 ] || echo "$(audited 'prune backups') rows")"
expect "the last good one stays however old" 0 tenantsh backups prune --keep-days 1 --keep-count 1 --confirm sandbox
same "none went" 4 "$(archives)"
expect "no rule is a mistake" 2 tenantsh backups prune --confirm sandbox
sleep 1
expect "the job keeps the count itself" 0 tenantsh tenants backup --tenants tenant-04 --keep-count 1 --yes
same "four again" 4 "$(archives)"

# ---- encrypted -------------------------------------------------------------------------------------------------
age-keygen -o key 2>/dev/null
recipient=$(age-keygen -y key)
sleep 1
expect "a runbook with recipients, digests and another folder" 0 tenantsh run tenant_backup --input tenant=tenant-03 --input recipients="$recipient" --input digests=true --input folder="$work/vault" --yes
archive=$(ls vault/*.dump.age)
has "the manifest says for whom" "$(cat vault/*.manifest.json)" "$recipient" '"digest"'
same "age and pg_restore alone open it" 20 "$(age -d -i key "$archive" | pg_restore --data-only --table=member --schema=members --file=- | grep -c "^[0-9a-f]\{8\}-")"
expect "verify without the key" 0 tenantsh backups verify "$archive"
has "says what it left out" "$output" "no identity was given"
expect "verify with it" 0 tenantsh backups verify "$archive" --identity key
has "all levels" "$output" "counts"
age-keygen -o stranger 2>/dev/null
expect "another key is refused" 1 tenantsh backups verify "$archive" --identity stranger
has "in one line" "$output" "does not open"
expect "a bad recipient is refused before anything" 2 tenantsh run tenant_backup --input tenant=tenant-03 --input recipients=age1nobody --input folder="$work/none" --yes
has "by its step" "$output" "age does not take the recipients"
check "no folder was made" "$(ls none 2>/dev/null)"

# ---- without master, without tenantsh ----------------------------------------------------------------------------
rm "$backups"/tenant-04/*.dump
has "an archive that is gone is not called good" "$(tenantsh backups list --tenant tenant-04)" "broken"
has "nor is one that only master knows" "$(rm "$backups"/tenant-04/*.json; tenantsh backups list --tenant tenant-04)" "missing"
superuser master postgres "alter database master rename to lost" >/dev/null
listed=$(tenantsh backups list 2>&1)
has "master is lost: what lies here is listed" "$listed" "only what lies on this machine" "tenant-01-" "good" "disk"
archive=$(ls "$backups"/tenant-01/*.dump)
expect "and verified" 0 tenantsh backups verify "$archive"
superuser master postgres "alter database lost rename to master" >/dev/null
superuser pg-1 postgres "create database by_hand" >/dev/null
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") pg_restore -h "$sockets" -p 5501 -U postgres -d by_hand --exit-on-error "$archive" 2>restore.log
same "pg_restore alone brings the rows back" 20 "$(superuser pg-1 by_hand "select count(*) from members.member")"
finish
