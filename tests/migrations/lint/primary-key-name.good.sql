-- case: primary_key=id
create table claims.note (id bigint primary key);
