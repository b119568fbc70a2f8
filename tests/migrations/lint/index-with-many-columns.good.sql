-- tenantsh: no-transaction
create index concurrently idx_claim_payer on claims.claim (payer_id, status, billed_on) include (total);
