-- file: 001_claim.sql
create table claims.claim (id bigint primary key, code varchar(10));
-- file: 002_longer.sql
alter table claims.claim alter column code type text;
