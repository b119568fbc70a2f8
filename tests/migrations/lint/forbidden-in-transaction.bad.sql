vacuum analyze claims.claim;
