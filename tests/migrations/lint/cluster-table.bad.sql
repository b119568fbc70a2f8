cluster claims.claim using pk_claim;
