begin;
create table claims.note (id bigint primary key);
commit;
