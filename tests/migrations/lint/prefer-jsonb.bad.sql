create table claims.note (id bigint primary key, body json);
