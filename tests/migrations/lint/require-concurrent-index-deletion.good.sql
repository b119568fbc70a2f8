-- tenantsh: no-transaction
drop index concurrently if exists claims.idx_claim_status;
