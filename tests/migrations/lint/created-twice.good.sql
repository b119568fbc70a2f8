-- file: 001_note.sql
create table claims.note (id bigint primary key);
-- file: 002_note.sql
drop table if exists claims.note;
create table claims.note (id bigint primary key);
