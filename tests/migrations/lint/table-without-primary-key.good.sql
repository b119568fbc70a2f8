-- file: 001_note.sql
create table claims.note (id bigint not null);
-- file: 002_key.sql
alter table claims.note add constraint pk_note primary key using index pk_note;
