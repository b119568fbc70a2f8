reindex table claims.claim;
