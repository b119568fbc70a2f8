analyze claims.claim;
