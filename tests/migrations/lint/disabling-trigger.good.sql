alter table claims.claim enable trigger touch;
