#!/usr/bin/env bash
# Archives that are not what they say, each refused with its reason before anything is created; and one that is not
# ours, which is taken when that is said.
. "$(dirname "$0")/../support/sandbox.sh"

# sql MEMBER DATABASE SQL…: each by itself.
sql() {
    local member=$1 database=$2 each
    shift 2
    for each in "$@"; do superuser "$member" "$database" "$each" || return; done
}

tenantsh sandbox up --servers 1 >/dev/null 2>&1 && tenantsh run master_init --yes >/dev/null 2>&1 || { fail "a master"; finish; }
sockets=$(socket_of)
for slug in acme beta; do expect "tenant $slug" 0 tenantsh run provision_tenant --input slug=$slug --yes; done
tenantsh seed generate --tenants all --members 10 --yes >/dev/null 2>&1 </dev/null || fail "rows"
expect "a backup" 0 tenantsh run tenant_backup --input tenant=acme --yes
good=$(sql master master "select path from identity.backup")
sleep 1 # archives are named after the second
expect "in a folder" 0 tenantsh run tenant_backup --input tenant=acme --input format=directory --yes
good_folder=$(sql master master "select path from identity.backup where format = 'directory'")
state() {
    sql pg-1 postgres "select datname from pg_database order by 1" "select rolname from pg_roles order by 1"
    sql master master "select slug, status from identity.tenant order by 1"
}
before=$(state)

# another NAME: a copy of the good archive and its manifest to be spoilt; sets $bad and $manifest.
another() {
    rm -rf "$work/bad"; mkdir "$work/bad"
    bad=$work/bad/$(basename "${1:-$good}") manifest=$work/bad/$(basename "${1:-$good}" .dump).manifest.json
    cp -r "${1:-$good}" "$bad"
    cp "${1:-$good}" "$manifest" 2>/dev/null
    cp "$(dirname "$good")/$(basename "$manifest")" "$manifest"
}
# signed: the manifest agrees with the spoilt archive in size and SHA-256, as whoever meant harm would have it.
signed() {
    local bytes sum
    bytes=$(stat -c %s "$bad") sum=$(sha256sum "$bad" | cut -d' ' -f1)
    sed -i "s/\"bytes\": [0-9]*/\"bytes\": $bytes/; s/\"sha256\": \"[0-9a-f]*\"/\"sha256\": \"$sum\"/" "$manifest"
}
refused() { # NAME PATTERN…
    local name=$1
    shift
    expect "$name: refused" 1 tenantsh run tenant_restore --input tenant=acme --input "path=$bad" --yes
    has "$name: says why" "$output" "$@"
    same "$name: nothing was created" "$before" "$(state)"
}

another; : >"$bad"; refused "zero bytes" "it is empty"
another; truncate -s -2000 "$bad"; refused "cut off" "bytes, its manifest says"
another; truncate -s -2000 "$bad"; signed; refused "cut off, with a manifest that agrees" "is not restored:"
another; truncate -s 300 "$bad"; signed; refused "cut off in its list of contents" "cannot read it"
size=$(stat -c %s "$good")
another; printf '\x55\xaa' | dd of="$bad" bs=1 seek=$((size - 4000)) conv=notrunc 2>/dev/null; refused "two bytes flipped" "SHA-256"
another; printf '\x55\xaa' | dd of="$bad" bs=1 seek=$((size - 4000)) conv=notrunc 2>/dev/null; signed
refused "two bytes flipped, with a manifest that agrees" "is not restored:"
another; printf '\x63' | dd of="$bad" bs=1 seek=6 conv=notrunc 2>/dev/null; signed; refused "a format of the future" "cannot read it" "unsupported version"
another; head -c 100000 /dev/urandom >"$bad"; signed; refused "noise" "cannot read it"
another; { echo 'age-encryption.org/v1'; head -c 5000 /dev/urandom; } >"$bad"; refused "encrypted" "is encrypted with age" "--input identity=PATH"
another; mv "$bad" "$bad.age"; bad=$bad.age; refused "encrypted, by its name" "is encrypted with age"

another; rm "$manifest"
expect "no manifest: refused" 2 tenantsh run tenant_restore --input tenant=acme --input "path=$bad" --yes
has "no manifest: says what would take it" "$output" "has no manifest" "--input foreign=true"
another; sed -i 's/"tenant": "acme"/"tenant": "beta"/; s/"tenant_id": "[^"]*"/"tenant_id": "x"/' "$manifest"; refused "of another tenant" 'it is of tenant "beta", not of acme'
another; echo '{' >"$manifest"; refused "a manifest that is none" "is no manifest of a backup: it is not JSON"
another; sed -i '/"server_version"/d' "$manifest"; refused "a manifest with a hole" "server_version is missing"
another; sed -i '0,/"name": "member",\n*/s//&/; s/\("rows": \)10\b/\111/' "$manifest"; refused "counts that lie" "rows in the archive, 11 in the manifest"
another; sed -i 's/"sha256": "[0-9a-f]\{4\}/"sha256": "0000/' "$manifest"; refused "a digest that lies" "SHA-256"
another; sed -i 's/"format": "custom"/"format": "directory"/' "$manifest"; refused "a format that lies" "its manifest says format DIRECTORY, the archive CUSTOM"
another; sed -i 's/"database": "[^"]*"/"database": "another"/' "$manifest"; refused "a database that lies" 'its manifest says database "another"'
another; sed -i 's/"server_version": "15/"server_version": "99/' "$manifest"; refused "a version that lies" "server version 99, the archive 15"
another; sed -i 's/"mode": "full"/"mode": "data_only"/' "$manifest"; refused "without tables" "it was dumped data_only"
another; sed -i 's/"archive": "[^"]*"/"archive": "another.dump"/' "$manifest"; refused "a manifest of another archive" "its manifest is that of"
another; python3 - "$manifest" <<'END'
import json, sys
m = json.load(open(sys.argv[1])); m["tables"] = [t for t in m["tables"] if t["name"] != "member"]; json.dump(m, open(sys.argv[1], "w"))
END
refused "a table that the manifest does not name" "members.member, which its manifest does not name"
another; python3 - "$manifest" <<'END'
import json, sys
m = json.load(open(sys.argv[1])); m["tables"].append({"schema": "members", "name": "ghost", "rows": 1}); json.dump(m, open(sys.argv[1], "w"))
END
refused "a table that only the manifest names" "members.ghost is not in the archive"
another "$good_folder"; rm "$(ls "$bad"/*.dat.gz | head -n 1)"; refused "a folder with a file missing" "bytes, its manifest says"
another "$good_folder"; mv "$bad/toc.dat" "$bad/toc.gone"; refused "a folder without its list" "is not restored:"

# ---- what the server lacks: the manifest says more than this one has -----------------------------------------------
lacking() { another; python3 - "$manifest" "$1" <<'END'
import json, sys
m = json.load(open(sys.argv[1])); exec(sys.argv[2]); json.dump(m, open(sys.argv[1], "w"))
END
}
lacking 'm["extensions"]["timescaledb"] = "2.0"'; refused "an extension" "server pg-1 has no extension timescaledb"
lacking 'm["collate"] = "tlh_QO.UTF-8"'; refused "a collation" 'server pg-1 has no collation "tlh_QO.UTF-8"' "locale-gen"
lacking 'm["encoding"] = "EBCDIC"'; refused "an encoding" 'knows no encoding "EBCDIC"'
lacking 'm["owner"] = "postgres"'; refused "an owner that the admin may not act for" "is a superuser on server pg-1" "--input owner=ROLE"
mkdir "$work/old" && printf '#!/bin/sh\necho "pg_restore (PostgreSQL) 9.6.24"\n' >"$work/old/pg_restore" && chmod +x "$work/old/pg_restore"
another
expect "an old pg_restore: refused" 1 env TENANTSH_PG_BINDIR="$work/old" tenantsh -e "tenants.acme:can_be_restored{ path = '$good' }"
has "an old pg_restore: which" "$output" "9.6.24 cannot read an archive of pg_dump 15" "postgresql-client-15"
same "nothing was created by any of them" "$before" "$(state)"

# ---- not ours ----------------------------------------------------------------------------------------------------------
foreign=$work/theirs.dump
PGPASSWORD=$(cat "$TENANTSH_HOME/sandbox/secrets/pg-1.superuser") pg_dump -h "$sockets" -p 5501 -U postgres -Fc -f "$foreign" tenant_acme
expect "whose it shall be is asked" 2 tenantsh run tenant_restore --input tenant=acme --input path="$foreign" --input foreign=true --yes
has "by an input" "$output" "--input owner=ROLE"
expect "a foreign archive is taken when that is said" 0 tenantsh run tenant_restore --input tenant=acme --input path="$foreign" --input foreign=true --input owner=tenant_acme_owner --yes
restored=$(sql master master "select database_name from identity.tenant where labels->>'restored_from' = '$foreign'")
same "with its rows" 10 "$(sql pg-1 "$restored" "select count(*) from members.member")"
finish
