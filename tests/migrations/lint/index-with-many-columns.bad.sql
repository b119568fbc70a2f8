-- tenantsh: no-transaction
create index concurrently idx_claim_all on claims.claim (payer_id, status, billed_on, total);
