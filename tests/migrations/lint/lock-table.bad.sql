lock table claims.claim in share mode;
