set search_path = claims;
create table note (id bigint primary key);
