-- case: baseline
create table claims.note (id bigint primary key);
alter table claims.note add column body text;
