drop table if exists claims.claim;
