-- case: enable=missing-down
create table claims.note (id bigint primary key);
