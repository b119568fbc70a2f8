\set total 1
create table claims.note (id bigint primary key);
