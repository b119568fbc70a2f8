#!/usr/bin/env bash
# A tenant that is empty, one of 10 MB and (SIZES=1000) one of 1 GB: dumped, restored beside, equal to the row; and the
# archive means the same to plain pg_restore and psql, without tenantsh and without master.
. "$(dirname "$0")/../support/sandbox.sh"

{ tenantsh sandbox up --servers 1 && tenantsh run master_init --yes; } >setup.log 2>&1 || { fail "a master" "$(tail -n 20 setup.log)"; finish; }
sockets=$(socket_of)
registry() { superuser master master "$1"; }
megabytes() { superuser pg-1 "tenant_$1" "select pg_database_size(current_database()) / 1000000"; }

for size in ${SIZES:-0 10}; do
    slug=size$size
    expect "$size MB: a tenant" 0 tenantsh run provision_tenant --input slug=$slug --yes
    if [ "$size" -gt 0 ]; then   # about 2.5 kB a member
        expect "$size MB: data" 0 tenantsh seed generate --tenants $slug --members $((420 * size))
        check "$size MB: as big as that" "$([ "$(megabytes $slug)" -ge "$size" ] || megabytes $slug)"
    fi
    for format in custom directory; do
        expect "$size MB, $format: backup with digests" 0 tenantsh run tenant_backup --input tenant=$slug --input format=$format --input digests=true --input fence=read_only --yes
        same "$size MB, $format: active again" active "$(registry "select status from identity.tenant where slug = '$slug'")"
        archive=$(registry "select path from identity.backup b join identity.tenant t on t.id = b.tenant_id where slug = '$slug' order by taken_at desc limit 1")
        expect "$size MB, $format: plain pg_restore lists it" 0 pg_restore --list "$archive"
        expect "$size MB, $format: restore beside" 0 tenantsh run tenant_restore --input tenant=$slug --input path="$archive" --yes
        restore=$(last_run)
        copy=$(registry "select slug from identity.tenant where labels ->> 'restored_from' = '$archive'")
        expect "$size MB, $format: parity with the living" 0 tenantsh tenants parity $slug --with "$copy"
        expect "$size MB, $format: parity with the manifest" 0 tenantsh tenants parity $slug --manifest "${archive%.dump}.manifest.json"
        database=$(registry "select database_name from identity.tenant where slug = '$copy'")
        same "$size MB, $format: opened by psql" "$(superuser pg-1 "tenant_$slug" "select count(*) from members.member")" "$(superuser pg-1 "$database" "select count(*) from members.member")"
        # A sibling is named after the minute of its dump.
        expect "$size MB, $format: the restore is taken back" 0 tenantsh runs undo "$restore" --yes
        same "$size MB, $format: its database is gone" 0 "$(superuser pg-1 postgres "select count(*) from pg_database where datname like '%restore%'")"
    done
    # The archive alone, another server, no tenantsh.
    superuser master postgres "create database plain" >/dev/null
    expect "$size MB: plain pg_restore into an empty database" 0 env PGPASSWORD="$(cat "$TENANTSH_HOME/sandbox/secrets/master.superuser")" \
        pg_restore -h "$sockets" -p 5500 -U postgres -d plain --no-owner --no-acl --exit-on-error -j 2 "$archive"
    same "$size MB: the same rows there" "$(superuser pg-1 "tenant_$slug" "select count(*), min(id::text), max(id::text) from members.member")" \
        "$(superuser master plain "select count(*), min(id::text), max(id::text) from members.member")"
    superuser master postgres "drop database plain" >/dev/null
done
finish
