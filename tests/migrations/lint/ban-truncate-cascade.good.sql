truncate claims.claim, claims.claim_line;
