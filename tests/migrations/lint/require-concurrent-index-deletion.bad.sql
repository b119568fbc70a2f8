drop index if exists claims.idx_claim_status;
