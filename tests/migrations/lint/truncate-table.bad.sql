truncate claims.claim;
