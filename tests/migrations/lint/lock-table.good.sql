select count(*) from claims.claim;
