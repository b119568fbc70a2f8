-- tenantsh: no-transaction
create index concurrently if not exists idx_claim_status on claims.claim (status);
