-- case: enable=column-order
create table claims.note (id bigint primary key, a boolean default false, b bigint, c boolean default false, d bigint);
