alter table claims.claim alter column total type bigint;
