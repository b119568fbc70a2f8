delete from claims.claim;
