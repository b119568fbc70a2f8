-- file: 001_note.sql
create table claims.note (id bigint primary key);
-- file: 002_body.sql
alter table claims.note add column body text;
-- file: baseline.sql baseline
create table claims.note (id bigint primary key, body text);
