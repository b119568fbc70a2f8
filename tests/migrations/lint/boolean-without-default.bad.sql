create table claims.note (id bigint primary key, is_open boolean);
