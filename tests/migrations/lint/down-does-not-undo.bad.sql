create table claims.note (id bigint primary key);
alter table claims.claim add column note_id bigint;
-- down
alter table claims.claim drop column if exists note_id;
