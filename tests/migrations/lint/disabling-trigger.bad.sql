alter table claims.claim disable trigger all;
