create index idx_claim_status on claims.claim (status);
