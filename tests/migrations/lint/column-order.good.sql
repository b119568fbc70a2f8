-- case: enable=column-order
create table claims.note (id bigint primary key, b bigint, d bigint, a boolean default false, c boolean default false);
