-- case: master
create table platform.note (id bigint primary key);
