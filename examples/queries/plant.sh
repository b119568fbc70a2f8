#!/usr/bin/env bash
# A small fleet with something wrong in each tenant, for trying the queries: five tenants in the sandbox. Needs tenantsh
# on PATH and its sandbox's superuser secret; run it once, on an empty sandbox.
set -euo pipefail
tenantsh sandbox up --tenants 5
tenantsh seed generate --tenants all --members 40 --yes
tenantsh seed generate --tenants tenant-03 --members 200 --yes
plant() { tenantsh execute "$2" --tenants "$1" --yes >/dev/null; }
plant tenant-01 "update claims.claim set status_code = 'submitted', submitted_at = '2026-01-15'
    where id in (select id from claims.claim order by claim_number limit 3)"
plant tenant-02 "update security.app_user set is_active = false
    where id in (select user_id from security.user_role where role_code = 'tenant_admin')"
plant tenant-02 "insert into members.member (organization_id, member_number, family_name, given_name, birth_date, sex)
    select organization_id, 'TWICE', family_name, given_name, birth_date, sex from members.member order by member_number limit 1"
plant tenant-03 "update pgboss.job set state = 'failed' where id in (select id from pgboss.job order by name, id limit 2)"
plant tenant-04 "update claims.claim c set coverage_id = (select v.id from members.coverage v where v.member_id <> c.member_id
    order by v.subscriber_number limit 1) where claim_number = (select min(claim_number) from claims.claim)"
plant tenant-04 "delete from tenantsh.ledger where name = (select max(name) from tenantsh.ledger)"
plant 'tenant-*' "update security.app_user set last_login_at = now()"
plant tenant-05 "update security.app_user set last_login_at = '2025-01-02'"
plant tenant-05 "select setval('members.member_number_seq', 9000000000000000000)"
plant tenant-05 "update remits.remittance set posted_at = null, received_at = '2026-01-05' where trace_number = (select min(trace_number) from remits.remittance)"
plant tenant-03 "drop index claims.idx_claim_coverage_id"
