#!/usr/bin/env bash
# The whole story on real PostgreSQL: a sandbox, a master, tenants, data, a verified backup, restored beside the living,
# the tenant cut over to it, questions across all. Safe to run again: what exists is found and left alone. Called by `./dev demo`; needs `tenantsh` on PATH.
set -euo pipefail

tenants=(acme birch-clinic cedar-dental dogwood-dme elm-health)
bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
run() {
  local word line='$'
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_=:./@,-]*) line+=" '$word'" ;; *) line+=" $word" ;; esac
  done
  printf '%s%s%s\n' "$bold" "$line" "$plain"
  "$@"
}

say 'Private PostgreSQL clusters: one master, two tenant servers'
run tenantsh sandbox up
run tenantsh sandbox status

say 'What initialising the master would do: every step with its SQL; nothing is changed'
plan=$(tenantsh run master_init --plan) || [ $? -eq 8 ]
printf '$ tenantsh run master_init --plan\n%s\n…\n%s\n' "$(head -n 12 <<<"$plan")" "$(tail -n 1 <<<"$plan")"

say 'Initialise it'
run tenantsh run master_init --yes
run tenantsh run register_server --input name=pg-2 --yes

say 'The first person who may operate the platform; the password comes from a secret and is shown nowhere'
if [ -z "${PLATFORM_ADMIN_SECRET:-}" ]; then
  PLATFORM_ADMIN_SECRET=$(head -c 24 /dev/urandom | base64)
  export PLATFORM_ADMIN_SECRET
fi
run tenantsh run first_platform_admin --input email=ops@example.com --input password=env:PLATFORM_ADMIN_SECRET --yes

say 'Tenants, each with a database of its own'
known=$(tenantsh tenants list --format csv)
for slug in "${tenants[@]}"; do
  if grep -q "^$slug," <<<"$known"; then
    echo "tenant $slug is there"
  elif [ "$slug" = "${tenants[0]}" ]; then
    run tenantsh run provision_tenant --input slug="$slug" --yes
  else
    tenantsh run provision_tenant --input slug="$slug" --yes | tail -n 1
  fi
done
run tenantsh tenants list

say 'Plausible data'
run tenantsh seed generate --tenants all --members 200

say 'One question, all tenants'
run tenantsh query 'select count(*) as members, min(birth_date) as oldest from members.member'
run tenantsh -e 'tenants:query("select count(*) as claims from claims.claim"):sort("claims")'

say 'A backup: a consistent snapshot, verified, with its manifest'
run tenantsh run tenant_backup --input tenant=acme --yes
archive=$(tenantsh backups list --format csv | grep -o '/[^,"]*\.dump' | tail -n 1)
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
listing=$("$bin/pg_restore" --list "$archive")
printf '%s$ pg_restore --list %s%s\n%s\n…\n' "$bold" "$archive" "$plain" "$(head -n 5 <<<"$listing")"

say 'Restored beside the living tenant, which goes on working; nothing is ever overwritten'
siblings() { tenantsh tenants list --tenants 'label.sibling_of=acme,status=*' --format csv 2>/dev/null | grep "^acme-$1-" | cut -d, -f1 || true; }
if [ -n "$(siblings before)" ]; then
  echo "acme was cut over in an earlier run; its former database is kept: $(siblings before)"
else
  [ -n "$(siblings restore)" ] || run tenantsh run tenant_restore --input tenant=acme --yes
  copy=$(siblings restore | tail -n 1)

  say 'Is it the same? Row by row, with content digests'
  run tenantsh tenants parity acme --with "$copy"

  say 'The tenant moves to it: writes stop, the registry is switched in one transaction, the application follows'
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  printf '[environment.sandbox.application]\ncache_lifetime = "2s"   # how long it keeps a reference\n' >"$folder/tenantsh.toml"
  (cd "$folder" && run cat tenantsh.toml && run tenantsh run tenant_cutover --input tenant=acme --input sibling="$copy" --confirm acme --yes)
fi
run tenantsh tenants list --tenants 'slug=acme*,status=*'

say 'Ask across tenants: the copy that was replaced is left out'
run tenantsh query 'select current_database() as answered_by, count(*) as members from members.member'

say 'What was done, by whom'
run tenantsh runs list

printf '\nThe sandbox stays up. Stop it: build/tenantsh sandbox down · remove it: build/tenantsh sandbox reset\n'
