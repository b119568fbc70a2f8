alter table claims.claim add column a text;
alter table claims.claim add column b text;
