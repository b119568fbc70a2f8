#!/usr/bin/env bash
# A platform schema and a schema for each tenant in one database `shop`, from nothing to a fleet whose baseline and
# structure are proved. Needs tenantsh and psql on PATH, PGHOST, PGPORT, PGUSER and PGPASSWORD of somebody who may
# create databases. Run it in a copy of this folder: it mends migrations/baseline.sql.
set -euo pipefail
cd "$(dirname "$0")"
say() { printf '\n# %s\n' "$*"; }
# what EXIT COMMAND…: shows it, runs it, insists on its exit status.
what() {
    local wanted=$1 status=0
    shift
    printf '$ %s\n' "$*"
    "$@" || status=$?
    [ "$status" = "$wanted" ] || { echo "exit $status, not $wanted" >&2; exit 1; }
}

say 'The platform sections, in the platform.'
psql -X -q -d postgres -c 'create database shop'
what 0 tenantsh migrate up --scope master --set migrations --yes

say 'Three tenants; their sections, canary first.'
for tenant in acme beta gamma; do
    psql -X -q -d shop -c "create schema $tenant" \
        -c "insert into platform.tenant_app (schema_name, display_name) values ('$tenant', initcap('$tenant'))"
done
what 0 tenantsh migrate --set migrations --canary acme --yes
what 0 tenantsh migrate skew --set migrations

say 'The newest revision back and forth in one of them; the SQL as it would be sent.'
what 0 tenantsh migrate down --set migrations --tenants beta --confirm beta
what 8 tenantsh migrate plan --set migrations --sql
what 0 tenantsh migrate --set migrations --yes

say 'The baseline was forgotten twice: the check names what new tenants would lack.'
what 8 tenantsh migrate baseline check --set migrations
what 0 tenantsh migrate baseline write --set migrations --yes
what 0 tenantsh migrate baseline check --set migrations

say 'Somebody tampered with one tenant.'
psql -X -q -d shop -c 'drop index gamma.idx_invoice_customer_id'
what 8 tenantsh migrate drift --set migrations

say 'A permission for two roles: the next free number, the platform section, its way back.'
what 0 tenantsh migrate new permission --set migrations --scope master --permission NOTE.READ --role CLERK --role MANAGER --yes
cat migrations/2026_1_11_1.sql 2>/dev/null || tail -n +1 migrations/*_11_1.sql
what 0 tenantsh migrate lint --set migrations
what 0 tenantsh migrate up --scope master --set migrations --yes
psql -X -q -d shop -c 'table platform.role_permission'
