alter table claims.claim add column a text, add column b text;
