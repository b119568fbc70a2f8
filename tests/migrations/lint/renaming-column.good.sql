create table claims.note (id bigint primary key, txt text);
alter table claims.note rename column txt to body;
