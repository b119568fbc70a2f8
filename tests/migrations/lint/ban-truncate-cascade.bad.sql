truncate claims.claim cascade;
