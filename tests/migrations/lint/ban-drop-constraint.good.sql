create table claims.note (id bigint primary key, constraint ck_note_id check (id > 0));
alter table claims.note drop constraint if exists ck_note_id;
