create index concurrently idx_claim_status on claims.claim (status);
