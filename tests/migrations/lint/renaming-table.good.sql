create table claims.note_new (id bigint primary key);
alter table claims.note_new rename to note;
