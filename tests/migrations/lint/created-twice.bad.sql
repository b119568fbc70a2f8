-- file: 001_note.sql
create table claims.note (id bigint primary key);
-- file: 002_note.sql
create table claims.note (id bigint primary key);
